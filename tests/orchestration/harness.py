"""A run on a small market with the in-memory engine, and scripted strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Decision, Fill, Reason
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import Limits, PortfolioPlan
from orchestrate.domain.results import StrategyResult
from orchestrate.domain.strategies.protocols import Context, Kind, Signal, Signals
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from orchestrate.orchestration.orders.ports import OrchestrationPort
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import CallStack
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.conformance.in_memory import InMemoryAdapter

PLAIN = ExecutionRules()
AT_CLOSE = ExecutionRules(fill="close")


@dataclass
class Part:
    """One strategy of a run."""

    strategy: object
    symbols: tuple[str, ...] = ("A",)
    pct: Decimal | int = 100
    sizing: Sizing = field(default_factory=Sizing)
    priority: int = 0
    depends_on: tuple[str, ...] = ()
    framework: str = "in_memory"
    kind: Kind | None = None
    limits: Limits = field(default_factory=dict)


@dataclass
class HarnessRun:
    """A prepared or finished run."""

    orchestrator: CrossFrameworkOrchestrator
    events: list[DomainEvent]

    @property
    def results(self) -> dict[str, StrategyResult]:
        return self.orchestrator.results()

    def fills(self, strategy_id: str | None = None) -> list[tuple[float, float]]:
        """(quantity, price) of every fill, of one strategy or all."""
        return [
            (record.fill.quantity, record.fill.price)
            for record in self.orchestrator.fills
            if strategy_id in (None, record.fill.strategy_id)
        ]

    def reasons(self, strategy_id: str) -> list[tuple[str, str, float]]:
        """(outcome, reason, quantity) of every decision."""
        return [
            (str(record.decision.outcome), str(record.decision.reason), record.decision.quantity)
            for record in self.orchestrator.session.log.decisions
            if record.decision.demand.strategy_id == strategy_id
        ]

    def of(self, kind: type) -> list[Any]:
        """All events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


def prepare(
    parts: Mapping[str, Part],
    *,
    capital: Decimal | int = 100_000,
    adapters: Mapping[str, OrchestrationPort] | None = None,
    full: Iterable[str] = (),
    watch: CallStack | None = None,
    coordinator: StrategyCoordinator | None = None,
    pooled: bool = False,
    portfolio: PortfolioPlan | None = None,
    estimation: Estimation | None = None,
) -> HarnessRun:
    """Everything in its place, nothing begun."""
    events: list[DomainEvent] = []
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(capital), pooled=pooled),
        coordinator or StrategyCoordinator(),
        CompatibilityAnalyzer(),
        adapters or {"in_memory": InMemoryAdapter()},
        fed_in_full=frozenset(full),
        emit=events.append,
        watch=watch,
        portfolio=portfolio,
        estimation=estimation,
    )
    for name, part in parts.items():
        orchestrator.add_strategy(
            part.strategy,
            StrategyMetadata(name, symbols=part.symbols, priority=part.priority, depends_on=part.depends_on),
            AllocationConfig(Decimal(part.pct), part.sizing, part.limits),
            framework=part.framework,
            kind=part.kind,
        )
    return HarnessRun(orchestrator, events)


def run_harness(market: Market, parts: Mapping[str, Part], rules: ExecutionRules = PLAIN, **how: Any) -> HarnessRun:
    """A whole run."""
    harness_run = prepare(parts, **how)
    harness_run.orchestrator.run(market, rules)
    return harness_run


class Scripted:
    """`on_bar`: act as scripted at each call, and record the callbacks.

    `plan[n]` is a list of Signals, or a function of the context, for its n-th call (from 0).
    """

    def __init__(self, plan: Mapping[int, Sequence[Signal] | Callable[[Context], Any]]) -> None:
        self.plan = plan
        self.calls = 0
        self.callbacks: list[object] = []

    def on_bar(self, context: Context) -> Any:
        said = self.plan.get(self.calls, ())
        self.calls += 1
        return said(context) if callable(said) else said

    def on_fill(self, fill: Fill) -> None:
        self.callbacks.append((fill.quantity, fill.price))

    def on_rejected(self, decision: Decision) -> None:
        self.callbacks.append(str(decision.reason))

    def on_stop(self) -> None:
        self.callbacks.append("stop")


class Flags:
    """`signals` from the numbers of bars."""

    def __init__(
        self, long: Sequence[int] = (), out: Sequence[int] = (), short: Sequence[int] = (), cover: Sequence[int] = ()
    ) -> None:
        self.flags = (long, out, short, cover)

    def signals(self, bars: Bars) -> Signals:
        columns = []
        for flags in self.flags:
            column = np.zeros(len(bars), dtype=np.bool_)
            column[[bar for bar in flags if bar < len(bars)]] = True
            columns.append(column)
        return Signals(*columns)


class Stateless:
    """`IStrategy` from the numbers of bars."""

    def __init__(self, enter: Sequence[int], leave: Sequence[int], side: str = "long") -> None:
        self.enter, self.leave, self.side = enter, leave, side
        self.calls: list[tuple[str, int]] = []

    def should_enter(self, bars: Bars) -> bool:
        self.calls.append(("enter", len(bars)))
        return len(bars) - 1 in self.enter

    def should_exit(self, position: Position, bars: Bars) -> bool:
        self.calls.append(("exit", len(bars)))
        return len(bars) - 1 in self.leave


def fixed(quantity: int) -> Sizing:
    """Always that many units."""
    return Sizing("fixed", Decimal(quantity))


REASONS = frozenset(str(reason) for reason in Reason)
