"""The settings of runs in the Python API, and the parts of a plan that they give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, TypeAlias, get_args

from orchestrate import wiring
from orchestrate.analytics.weights.methods import ALLOCATIONS
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.orders.conflicts import Exits
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import CapitalMode, InstrumentPlan, Sizing
from orchestrate.domain.portfolio import Action, AllocationPlan, Limits, Period, PortfolioPlan
from orchestrate.orchestration.risk.limits.registry import PORTFOLIO_LIMITS, STRATEGY_LIMITS, Limit
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES

#: The levels of Python's logger that events may have.
Level: TypeAlias = Literal["debug", "info", "warning", "error"]
#: What a file says beside strategies is by strategy id here.
_BY_ID: Final = ("parameters", "limits", "priorities", "depends_on", "symbols")


@dataclass(frozen=True, slots=True)
class OrchestratorConfig:
    """The settings that hold for all strategies of a run.

    `conflict_resolution_mode` is the name of a policy, or a function `f(demands, view) -> quantities`; `exits` says
    whether closing demands take part. Capital is rebalanced where a share of the portfolio's equity is off its weight
    by more than `rebalance_threshold` (0.1 is ten points). `framework` is where portable strategies are executed.
    Events from `logging_level` on go to Python's logger `orchestrate`. `capital_mode`: `isolated`, each strategy lives
    on its own part of the capital, or `pooled`, all on common cash.

    `portfolio` has limits of the portfolio, rebalancing by the calendar, a target volatility and a schedule.
    `allocation` names what weighs strategies that have no weights: a method, or a function as `path.py:function`.
    `parameters`, `limits`, `priorities`, `depends_on` and `symbols` are by strategy id. A limit is its settings, a
    mapping of them, or its figure: `limits={"RSI": {"max_positions": 2, "max_drawdown": {"at": 0.2}}}`.
    """

    conflict_resolution_mode: str | Callable[..., Sequence[float]] = "independent"
    exits: Exits = "protected"
    rebalance_threshold: Decimal | None = None
    logging_level: Level = "info"
    capital: Decimal | int | float = Decimal(100_000)
    framework: str = field(default_factory=wiring.default_engine)
    execution: ExecutionRules = field(default_factory=ExecutionRules)
    sizing: Sizing = field(default_factory=Sizing)
    instruments: Mapping[str, InstrumentPlan] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    start: str = ""
    end: str = ""
    periods_per_year: float | None = None
    capital_mode: CapitalMode = "isolated"
    portfolio: PortfolioPlan = field(default_factory=PortfolioPlan)
    allocation: AllocationPlan | str = "custom"
    limits: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    priorities: Mapping[str, int] = field(default_factory=dict)
    depends_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    symbols: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("conflict_resolution_mode", "logging_level"):  # the users' documents write NET_SIGNAL
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, getattr(self, name).lower())
        self._require_choices()
        self._require_figures()
        limits = {name: _limits(f"limits.{name}", own, STRATEGY_LIMITS) for name, own in self.limits.items()}
        object.__setattr__(self, "limits", limits)
        object.__setattr__(self, "portfolio", _portfolio(self.portfolio))
        object.__setattr__(self, "allocation", _allocation(self.allocation))
        if self.portfolio.target_volatility and not (self.portfolio.rebalance.every or allocation_of(self).every):
            raise ConfigurationError("portfolio.target_volatility scales weights by the calendar: say rebalance.every")

    def _require_choices(self) -> None:
        mode = self.conflict_resolution_mode
        if not callable(mode) and mode not in CONFLICT_POLICIES:
            known = ", ".join(CONFLICT_POLICIES)
            raise ConfigurationError(f"conflict_resolution_mode must be a function or one of {known}, not {mode!r}")
        choices = {"exits": get_args(Exits), "capital_mode": get_args(CapitalMode), "logging_level": get_args(Level)}
        for name, allowed in (choices | {"framework": tuple(wiring.ENGINES)}).items():
            _require_one_of(name, getattr(self, name), allowed)

    def _require_figures(self) -> None:
        _require_threshold("rebalance_threshold", self.rebalance_threshold)
        if figure("capital", self.capital) <= 0:
            raise ConfigurationError(f"capital must be positive, not {self.capital}")
        periods = self.periods_per_year
        if periods is not None and figure("periods_per_year", periods) <= 0:
            raise ConfigurationError(f"periods_per_year must be positive, not {periods}")
        for name in ("start", "end"):
            if getattr(self, name):
                _require_date(name, getattr(self, name))


def figure(name: str, written: object) -> Decimal:
    """Return a finite figure as it is written; ConfigurationError for anything else."""
    with suppress(InvalidOperation):
        value = Decimal(str(written))
        if value.is_finite():
            return value
    raise ConfigurationError(f"{name} must be a number, not {written!r}")


def portfolio_of(config: OrchestratorConfig) -> PortfolioPlan:
    """Return the plan of the portfolio, with the settings that have fields of their own."""
    mode, threshold = config.conflict_resolution_mode, config.rebalance_threshold
    name = mode if isinstance(mode, str) else getattr(mode, "__name__", type(mode).__name__)
    rebalance = config.portfolio.rebalance
    if threshold is not None:
        rebalance = replace(rebalance, threshold=Decimal(str(threshold)))
    return replace(config.portfolio, conflicts=name, exits=config.exits, rebalance=rebalance)


def allocation_of(config: OrchestratorConfig) -> AllocationPlan:
    """Return how the capital is split."""
    plan = config.allocation
    assert isinstance(plan, AllocationPlan)
    return plan


def require_ids(config: OrchestratorConfig, ids: Collection[str], symbols: Collection[str]) -> None:
    """ConfigurationError where a setting is of a strategy, or names one or a symbol, that isn't there."""
    for name in _BY_ID:
        _require_known(name, getattr(config, name), ids, "strategy")
    for strategy, others in config.depends_on.items():
        _require_known(f"depends_on.{strategy}", others, ids, "strategy")
    for number, one in enumerate(config.portfolio.schedule):
        named = [one.strategy_id] if one.action != "allocation" else one.allocation
        _require_known(f"portfolio.schedule[{number}]", named, ids, "strategy")
    for strategy, own in config.symbols.items():
        _require_known(f"symbols.{strategy}", own, symbols, "symbol")


def _require_known(where: str, given: Collection[str], known: Collection[str], kind: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigurationError(f"{where}: there is no {kind} {unknown[0]!r}; there are {', '.join(known)}")


def _require_one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"{name} must be {' or '.join(map(repr, allowed))}, not {value!r}")


def _require_threshold(name: str, threshold: object) -> None:
    if threshold is not None and not 0 < figure(name, threshold) <= 1:
        raise ConfigurationError(f"{name} must lie between 0 and 1, not {threshold}")


def _require_date(name: str, text: str) -> None:
    with suppress(ValueError):
        moment_of(text)
        return
    raise ConfigurationError(f"{name}: {text!r} is no date like 2014-06-30")


# ---- the portfolio


def _portfolio(plan: PortfolioPlan) -> PortfolioPlan:
    """Return the plan with the settings of its limits; ConfigurationError for what can't be."""
    if (plan.conflicts, plan.exits) != ("independent", "protected"):
        raise ConfigurationError("portfolio: say conflicts by conflict_resolution_mode, and exits by exits")
    if plan.compatibility.require:
        raise ConfigurationError("portfolio: a score of compatibility is required by files only")
    _require_threshold("portfolio.rebalance.threshold", plan.rebalance.threshold)
    _require_one_of("portfolio.rebalance.every", plan.rebalance.every, (None, *get_args(Period)))
    for number, one in enumerate(plan.schedule):
        _require_date(f"portfolio.schedule[{number}].at", one.at)
        _require_one_of(f"portfolio.schedule[{number}].action", one.action, get_args(Action))
    return replace(plan, limits=_limits("portfolio.limits", plan.limits, PORTFOLIO_LIMITS))


def _allocation(written: AllocationPlan | str) -> AllocationPlan:
    plan = AllocationPlan(written) if isinstance(written, str) else written
    if plan.method not in ALLOCATIONS and ":" not in plan.method:
        known = ", ".join(ALLOCATIONS)
        raise ConfigurationError(f"allocation must be path.py:function or one of {known}, not {plan.method!r}")
    return plan


def _limits(where: str, given: Mapping[str, object], known: Mapping[str, Limit]) -> Limits:
    _require_known(where, given, known, "limit")
    return {name: _limit(f"{where}.{name}", value, known[name].settings) for name, value in given.items()}


def _limit(where: str, value: object, settings: type) -> object:
    """Return a limit written as its settings, as a mapping of them, or as its first figure alone."""
    if isinstance(value, settings):
        return value
    try:
        return settings(**value) if isinstance(value, Mapping) else settings(value)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{where}: {error}") from None
