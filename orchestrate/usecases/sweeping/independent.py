"""Trials whose strategies don't touch each other: each is run once for each set of its own settings.

Of five strategies on accounts of their own, of which one varies, the four others give the same in every trial. Where
nothing can couple them, what a trial needs of them is put together from what is remembered, and only the rest is run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from orchestrate.domain.orders.order import Outcome
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.results import DecisionRecord, FillRecord, RunResult, StrategyResult
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.usecases.running.periods import periods
from orchestrate.usecases.running.results import run_status
from orchestrate.usecases.running.setup import Equipment

#: The memory that results may take, in bytes, and what a fill and a trade count for.
_ROOM: Final = 128_000_000
_RECORD: Final = 600
_ALONE: Final = PortfolioPlan()

Run = Callable[[RunPlan], tuple[RunResult, bool]]


def is_separable(plan: RunPlan) -> bool:
    """Return whether nothing in a plan lets one of several strategies have a bearing on another."""
    portfolio = replace(plan.portfolio, exits=_ALONE.exits, compatibility=_ALONE.compatibility)
    return (
        len(plan.strategies) > 1
        and plan.capital.mode == "isolated"
        and plan.allocation.method == "custom"
        and portfolio == _ALONE
        and all(one.kind in PORTABLE_KINDS and not one.depends_on and not one.limits for one in plan.strategies)
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a run gives of one strategy; of its decisions those that cut or refused."""

    strategy: StrategyResult
    fills: tuple[FillRecord, ...]
    cuts: tuple[DecisionRecord, ...]

    @property
    def size(self) -> int:
        """Bytes, more or less."""
        one = self.strategy
        columns = [one.equity, one.has_bar, one.exposed, *(holding.closes for holding in one.holdings.values())]
        return sum(column.nbytes for column in columns) + _RECORD * (len(self.fills) + len(one.trades))


class IndependentStrategies:
    """The results of strategies that ran last, by their settings; `run` runs a plan, and says if facts were exchanged.

    All that is remembered is of one market and of plans that differ in their strategies alone.
    """

    def __init__(self, equipment: Equipment, run: Run, room: int = _ROOM) -> None:
        self._equipment, self._run, self._room, self._taken = equipment, run, room, 0
        self._parts: OrderedDict[str, _Part] = OrderedDict()
        self._of: tuple[object, object] = (None, None)
        self._frame: RunResult | None = None
        self._coupled = False

    def result(self, plan: RunPlan) -> RunResult | None:
        """Return the result of a plan as far as figures need it; None where a strategy may bear on another."""
        if not is_separable(plan):
            return None
        self._begin(plan)
        if self._coupled:
            return None
        keys = {one.id: repr(one) for one in plan.strategies}
        parts = {name: self._parts[key] for name, key in keys.items() if key in self._parts}
        missing = tuple(one for one in plan.strategies if one.id not in parts)
        if missing:
            result, self._coupled = self._run(replace(plan, strategies=missing))
            if self._coupled:
                return None
            self._frame = replace(
                result, decisions=(), fills=(), strategies={}, findings=(), conflicts=(), order_statuses={}
            )
            parts |= {one.id: _part(result, one.id) for one in missing}
        for name, key in keys.items():
            self._remember(key, parts[name])
        allocated = {name: parts[name].strategy.allocated for name in keys}
        return self._joined(plan, [parts[name] for name in keys]) if allocated == _allocations(plan) else None

    def _begin(self, plan: RunPlan) -> None:
        """Forget everything where a plan differs in more than its strategies, or its data are others."""
        series, rest = self._equipment.data(plan).market.series, replace(plan, strategies=())
        if self._of[0] is not series or self._of[1] != rest:
            self._of = series, rest
            self._parts.clear()
            self._taken, self._coupled = 0, False

    def _remember(self, key: str, part: _Part) -> None:
        if key in self._parts:
            self._parts.move_to_end(key)
            return
        self._parts[key] = part
        self._taken += part.size
        while self._taken > self._room:
            _, oldest = self._parts.popitem(last=False)
            self._taken -= oldest.size

    def _joined(self, plan: RunPlan, parts: Iterable[_Part]) -> RunResult | None:
        if self._frame is None:
            return None
        strategies: Mapping[str, StrategyResult] = {part.strategy.id: part.strategy for part in parts}
        return replace(
            self._frame,
            plan=plan,
            status=run_status(strategies, plan.execution.ruin),
            reserve=plan.capital.total - sum((one.allocated for one in strategies.values()), Decimal(0)),
            strategies=strategies,
            decisions=tuple(cut for part in parts for cut in part.cuts),
            fills=tuple(fill for part in parts for fill in part.fills),
            periods_per_year=periods(plan, self._equipment.data(plan).market, strategies),
        )


def _part(result: RunResult, name: str) -> _Part:
    fills = tuple(record for record in result.fills if record.fill.strategy_id == name)
    decided = (record for record in result.decisions if record.decision.demand.strategy_id == name)
    cuts = tuple(record for record in decided if record.decision.outcome is not Outcome.APPROVED)
    return _Part(result.strategies[name], fills, cuts)


def _allocations(plan: RunPlan) -> dict[str, Decimal]:
    """Return what each strategy begins with: cents left over by rounding depend on all of them."""
    manager = PortfolioCapitalManager(plan.capital.total)
    return manager.calculate_allocations(plan.capital.total, {one.id: one.weight for one in plan.strategies})
