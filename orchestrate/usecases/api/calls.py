"""The Python API: the same engine room as the command line, for notebooks and scripts. Writes no file.

>>> from orchestrate import run_backtest
>>> result = run_backtest("BUY_AND_HOLD", "configs/data/ALPHA.csv")
>>> result.status
'completed'
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from orchestrate import wiring
from orchestrate.data.files.memory import by_symbol
from orchestrate.domain.engines import engine_of
from orchestrate.domain.errors import AllocationError, ConfigurationError
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan, Sizing, StrategyPlan
from orchestrate.domain.results import RunResult, StrategyStatus
from orchestrate.domain.strategies.compatibility import StrategyMetadata
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, Kind
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.strategies.compatibility import decision_order
from orchestrate.orchestration.strategies.deciders import portable_kind
from orchestrate.runs.journal_format import LINES
from orchestrate.usecases.api.results import BacktestResult, OrchestratorResult, result_of
from orchestrate.usecases.api.settings import OrchestratorConfig, allocation_of, figure, portfolio_of, require_ids
from orchestrate.usecases.running.run import run, run_on
from orchestrate.usecases.running.setup import Equipment, Followers

if TYPE_CHECKING:
    from orchestrate.data.columns import Columns
    from orchestrate.data.files.memory import Data
    from orchestrate.usecases.api.optimizing import Selection

#: A strategy as a user has it: an object, a class (a native, or one that needs no argument), or a name of the library.
Strategy: TypeAlias = object
#: Strategies with their weights, or strategies alone, which then share the capital equally.
Weighted: TypeAlias = Sequence[tuple[Strategy, Decimal | float | str]] | Sequence[Strategy]


class StrategyOrchestrator:
    """A portfolio of several strategies; weights are fractions of the capital and sum to 1 at most.

    Strategies without weights share the capital equally.

    >>> from decimal import Decimal
    >>> half = Decimal("0.5")
    >>> orchestrator = StrategyOrchestrator([("MOMENTUM", half), ("RSI", half)])
    >>> orchestrator.run("configs/data/ALPHA.csv").comparison_table["strategy_id"].tolist()
    ['MOMENTUM', 'RSI']
    """

    def __init__(
        self,
        strategies: Weighted,
        config: OrchestratorConfig | None = None,
    ) -> None:
        if not strategies:
            raise ConfigurationError("an orchestrator needs at least one strategy")
        self.config: OrchestratorConfig = config or OrchestratorConfig()
        self.strategies: list[tuple[Strategy, Decimal]] = _weighted(strategies)
        total = sum(self.weights, start=Decimal(0))
        if total > 1 or any(weight <= 0 for weight in self.weights):
            raise AllocationError(f"weights must be positive and sum to 1 at most, not {total}")
        method = allocation_of(self.config).method
        if method != "custom" and isinstance(strategies[0], tuple):
            raise AllocationError(f"allocation {method!r} weighs the strategies: give them no weights")
        self._last: OrchestratorResult | None = None
        self._data: Data | None = None

    @property
    def weights(self) -> list[Decimal]:
        """The weight of each strategy, in their order."""
        return [weight for _, weight in self.strategies]

    @property
    def capital_allocations(self) -> dict[str, Decimal]:
        """The capital that each strategy starts with, by its id, exact to the cent."""
        return PortfolioCapitalManager().calculate_allocations(Decimal(str(self.config.capital)), self._weight_by_id)

    @property
    def state_per_strategy(self) -> dict[str, StrategyStatus]:
        """The status of each strategy by its id: `waiting` before a run, then its status at the end of the last one."""
        if self._last is None:
            return dict.fromkeys(self._weight_by_id, "waiting")
        return {name: one.status for name, one in self._last.strategy_results.items()}

    @property
    def _weight_by_id(self) -> dict[str, Decimal]:
        weights: dict[str, Decimal] = {}
        for strategy, weight in self.strategies:
            weights[_name_and_id(strategy, weights)[1]] = weight
        return weights

    def run(self, data: Data) -> OrchestratorResult:
        """Run all strategies on `data`: a DataFrame, a list of bars, a path, or a dict of them by symbol."""
        self._last = result_of(_run(self.strategies, data, self.config), OrchestratorResult)
        self._data = data
        return self._last

    def optimize(
        self,
        parameters: Mapping[str, Mapping[str, Iterable[object]]],
        data: Data | None = None,
        *,
        objective: str = "sharpe",
        minimize: bool = False,
        require: Iterable[str] = (),
        select: Selection = "plateau",
    ) -> dict[str, dict[str, object]]:
        """Return the best value of each parameter, by strategy id; `parameters` has the values to try.

        The parameters of each strategy vary alone, over every combination, while the other strategies keep theirs;
        those that break a relation between parameters are left out. `objective` is a metric of the strategy,
        `require` has conditions on such, as `trades >= 5`. With `select="plateau"` the set with the best median over
        its neighbours is chosen. `data` is that of the last run if left out. A strategy of which no set is eligible
        gets an empty one.

        >>> orchestrator = StrategyOrchestrator(["MOMENTUM", "BUY_AND_HOLD"])
        >>> values = {"MOMENTUM": {"fast": [10, 20], "slow": [50, 100]}}
        >>> sorted(orchestrator.optimize(values, "configs/data/ALPHA.csv")["MOMENTUM"])
        ['fast', 'slow']
        """
        from orchestrate.usecases.api.optimizing import Search, best_sets

        bars = by_symbol(_required(self.strategies, self._data if data is None else data))
        equipment = Equipment({symbol: part for symbol, part in bars.items() if not isinstance(part, Path)})
        search = Search(objective, not minimize, tuple(require), select)
        given = {name: dict(self.config.parameters.get(name, {})) for name in self._weight_by_id}
        instances = [name for name, one in zip(given, self.strategies, strict=True) if _is_made(one[0])]

        def run_with(changed: Mapping[str, Mapping[str, object]]) -> RunResult:
            return _run_on(self.strategies, bars, replace(self.config, parameters={**given, **changed}), equipment)

        return best_sets(parameters, given, instances, search, run_with)


class BacktestEngine:
    """An engine that runs one strategy with all of the capital.

    >>> BacktestEngine("BUY_AND_HOLD").run("configs/data/ALPHA.csv").aggregate_metrics["trades"]
    0
    """

    def __init__(self, strategy: Strategy, config: OrchestratorConfig | None = None) -> None:
        self.strategy: Strategy = strategy
        self.config: OrchestratorConfig = config or OrchestratorConfig()

    def run(self, data: Data) -> BacktestResult:
        """Run the strategy on `data`, as `StrategyOrchestrator.run` does."""
        return result_of(_run([(self.strategy, Decimal(1))], data, self.config), BacktestResult)


def run_backtest(
    strategy: Strategy, data: Data | None = None, config: OrchestratorConfig | None = None
) -> BacktestResult:
    """Run one strategy on `data`; see `BacktestEngine`."""
    return BacktestEngine(strategy, config).run(_required(strategy, data))


def run_orchestrator(
    strategies: Weighted,
    data: Data | None = None,
    config: OrchestratorConfig | None = None,
) -> OrchestratorResult:
    """Run several strategies on `data`; see `StrategyOrchestrator`."""
    given = _required(strategies, data)
    return StrategyOrchestrator(strategies, config).run(given)


def _required(strategies: object, data: Data | None) -> Data:
    """Return the data; ConfigurationError, with what to do instead, for a configuration or without any data."""
    if isinstance(strategies, (str, Path)) and Path(strategies).suffix in (".yaml", ".yml"):
        name = Path(strategies).as_posix()
        raise ConfigurationError(f"{name} is a configuration: orchestrate.run({name!r}) runs it")
    if data is None:
        raise ConfigurationError("data is missing: a path, a DataFrame, a list of bars, or a dict of these by symbol")
    return data


def _run(strategies: Sequence[tuple[Strategy, Decimal]], data: Data, config: OrchestratorConfig) -> RunResult:
    return _run_on(strategies, by_symbol(data), config)


def _run_on(
    strategies: Sequence[tuple[Strategy, Decimal]],
    bars: Mapping[str, Columns | Path],
    config: OrchestratorConfig,
    equipment: Equipment | None = None,
) -> RunResult:
    """Run strategies on bars; on `equipment` that is there already only the figures of a result are made."""
    chosen: dict[str, object] = {}
    plans = []
    for strategy, weight in strategies:
        entry, instance = _strategy_plan(strategy, weight, tuple(bars), chosen, config)
        chosen[entry.id] = instance
        plans.append(entry)
    _require_decidable(plans, config, bars)
    mode = config.conflict_resolution_mode
    plan = RunPlan(
        mode="multi" if len(plans) > 1 else "single",
        capital=CapitalPlan(Decimal(str(config.capital)), config.capital_mode),
        allocation=allocation_of(config),
        portfolio=portfolio_of(config),
        data={
            symbol: DataPlan(symbol, path=part.as_posix() if isinstance(part, Path) else "")
            for symbol, part in bars.items()
        },
        instruments=config.instruments,
        strategies=tuple(plans),
        execution=config.execution,
        start=config.start,
        end=config.end,
        periods_per_year=config.periods_per_year,
        root=Path.cwd(),
    )
    given = {symbol: part for symbol, part in bars.items() if not isinstance(part, Path)}
    policy = mode if callable(mode) else None
    if wiring.weighs_returns(plan) and not plan.start:
        raise ConfigurationError(f"allocation {plan.allocation.method!r} weighs by the bars before start: say start")
    if equipment is not None:
        equipment.strategies = chosen
        return run_on(equipment, plan, Followers(), clocked=False, policy=policy)
    return run(plan, emit=_log(config.logging_level), strategies=chosen, bars=given, policy=policy)


def _is_made(strategy: Strategy) -> bool:
    """Return whether a strategy is an object, whose parameters are what they are."""
    return not isinstance(strategy, str | type)


def _require_decidable(plans: Sequence[StrategyPlan], config: OrchestratorConfig, symbols: Collection[str]) -> None:
    """ConfigurationError for settings of strategies or symbols that aren't there, and for circles."""
    require_ids(config, [plan.id for plan in plans], symbols)
    try:
        decision_order([StrategyMetadata(one.id, priority=one.priority, depends_on=one.depends_on) for one in plans])
    except ValueError as error:
        raise ConfigurationError(f"depends_on: {error}") from None


def _weighted(strategies: Weighted) -> list[tuple[Strategy, Decimal]]:
    """Return each strategy with its weight; all get the same where none has one."""
    pairs = [each for each in strategies if isinstance(each, tuple)]
    if pairs:
        if len(pairs) < len(strategies):
            raise AllocationError("give every strategy a weight, or none")
        return [(strategy, _weight(weight)) for strategy, weight in pairs]
    names = [str(number) for number in range(len(strategies))]
    even = PortfolioCapitalManager().calculate_allocations(
        Decimal(1), dict.fromkeys(names, Decimal(1) / len(names)), digits=12
    )
    return list(zip(strategies, even.values(), strict=True))


def _weight(written: object) -> Decimal:
    try:
        return figure("a weight", written)
    except ConfigurationError as error:
        raise AllocationError(str(error)) from None


def _log(level: str) -> Callable[[DomainEvent], None]:
    """Send events from `level` on to the logger `orchestrate`, in the words of the journal."""
    logger, floor = logging.getLogger("orchestrate"), logging.getLevelNamesMapping()[level.upper()]

    def emit(event: DomainEvent) -> None:
        line = LINES[type(event)](event) if type(event) in LINES else None
        if line is not None and (at := logging.getLevelNamesMapping()[line.level.upper()]) >= floor:
            logger.log(at, "%s %s", line.event, dict(line.facts))

    return emit


def _strategy_plan(
    strategy: Strategy, weight: Decimal, symbols: tuple[str, ...], taken: Container[str], config: OrchestratorConfig
) -> tuple[StrategyPlan, object]:
    """Return a strategy's plan, under an id of its own, and the object (of a native: the class) that runs."""
    name, own_id = _name_and_id(strategy, taken)
    parameters = dict(config.parameters.get(own_id, {}))
    if isinstance(strategy, str):
        description = wiring.describe(strategy, Path.cwd())
        kind = description.kind
        instance = wiring.load(description, parameters) if kind in PORTABLE_KINDS else wiring.load_class(description)
    else:
        kind = _kind(strategy)
        instance = strategy(**parameters) if isinstance(strategy, type) and kind in PORTABLE_KINDS else strategy
    _require_sizeable(name, kind, config.sizing)
    plan = StrategyPlan(
        id=own_id,
        name=name,
        kind=kind,
        reference="",
        framework=config.framework if kind in PORTABLE_KINDS else kind,
        weight=weight,
        symbols=tuple(config.symbols.get(own_id, symbols)),
        priority=config.priorities.get(own_id, 0),
        depends_on=tuple(config.depends_on.get(own_id, ())),
        sizing=config.sizing,
        limits=config.limits.get(own_id, {}),
        config=parameters,
    )
    return plan, instance


def _name_and_id(strategy: Strategy, taken: Container[str]) -> tuple[str, str]:
    """Return a strategy's name and an id that is not taken: the name, with a number where others have it."""
    name = strategy if isinstance(strategy, str) else getattr(strategy, "__name__", type(strategy).__name__)
    own_id = _identifier(name)
    numbered = (own_id if number == 1 else f"{own_id}_{number}" for number in count(1))
    return name, next(candidate for candidate in numbered if candidate not in taken)


def _require_sizeable(name: str, kind: Kind, sizing: Sizing) -> None:
    """ConfigurationError for a native that would get a size, but not the stop that it goes by."""
    engine = wiring.ENGINES.get(kind)
    if sizing.method == "risk" and engine is not None and engine.natives is not None and engine.natives.sized:
        raise ConfigurationError(f"the sizing risk places stops, and {name} places its own orders")


def _identifier(name: str) -> str:
    """Return `name` as a strategy id: the class where a reference names one, other characters replaced."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name.rpartition(":")[2])
    return plain if plain[:1].isalpha() else f"strategy_{plain}"


def _kind(strategy: object) -> Kind:
    engine = engine_of(strategy, wiring.ENGINES.values()) if isinstance(strategy, type) else ""
    return engine or portable_kind(strategy)
