"""The unified orchestrator: its strategies, their capital, and the commands for their signals. Pure; no engine here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import get_args

from orchestrate.domain.engines import ENGINES, engine_of, registered_engines
from orchestrate.domain.events import (
    DomainEvent,
    StrategyAddedEvent,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
)
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import StrategyCommand
from orchestrate.domain.plan import OrchestratorMode
from orchestrate.domain.portfolio import UNMANAGED, PortfolioPlan
from orchestrate.domain.strategies.protocols import Kind
from orchestrate.orchestration.loop.decision_log import Emit
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from orchestrate.orchestration.loop.rules.lifecycle import Positions
from orchestrate.orchestration.loop.session import Session
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import CallStack
from orchestrate.orchestration.strategies.compatibility import (
    CompatibilityAnalyzer,
    CompatibilityReport,
    StrategyMetadata,
)
from orchestrate.orchestration.strategies.registry import AllocationConfig, StrategyEntry


class UnifiedStrategyOrchestrator:
    """An orchestrator that holds strategies and turns their signals into commands.

    Strategies run on `frameworks`, by default on all engines that exist; those that name none run on the first. Events
    go to `emit`, by default to the list `events`. `watch` is called with the strategy whose code runs; it may raise
    there when a call takes too long.
    """

    def __init__(
        self,
        capital_manager: PortfolioCapitalManager,
        coordinator: StrategyCoordinator,
        compatibility_analyzer: CompatibilityAnalyzer,
        *,
        frameworks: Collection[str] | None = None,
        emit: Emit | None = None,
        watch: CallStack | None = None,
        portfolio: PortfolioPlan | None = None,
        estimation: Estimation | None = None,
    ) -> None:
        self.capital_manager = capital_manager
        self.coordinator = coordinator
        self.compatibility_analyzer = compatibility_analyzer
        self.frameworks = tuple(registered_engines() if frameworks is None else frameworks)
        self.strategies: dict[str, StrategyEntry] = {}
        self.events: list[DomainEvent] = []
        self._session: Session | None = None
        self._emit = emit or self.events.append
        self._watch = watch or CallStack()
        self._portfolio = portfolio or PortfolioPlan()
        self._scheduled = {one.strategy_id for one in self._portfolio.schedule if one.action == "add"}
        self._estimation = estimation or Estimation()

    # ---- strategies

    def detect_mode(self, config: Mapping[str, object]) -> OrchestratorMode:
        """Return the mode that a configuration has by its shape; ValueError where it says neither or both."""
        shapes = {"strategy": OrchestratorMode.SINGLE, "strategies": OrchestratorMode.MULTI}
        found = [mode for key, mode in shapes.items() if key in config]
        stated = config.get("mode")
        if stated is not None and stated not in shapes.values():
            raise ValueError(f"Unknown mode: {stated!r}; it is 'single' or 'multi'")
        if len(found) != 1:
            raise ValueError("a configuration has either 'strategy' (single) or 'strategies' (multi)")
        if stated is not None and stated != found[0]:
            raise ValueError(f"mode is {stated!r}, but the configuration has the shape of {str(found[0])!r}")
        return found[0]

    @property
    def is_single_strategy_mode(self) -> bool:
        """True while exactly one strategy takes part."""
        return len(self.strategies) == 1

    def add_strategy(
        self,
        strategy: object,
        metadata: StrategyMetadata,
        allocation: AllocationConfig,
        *,
        framework: str | None = None,
        kind: Kind | None = None,
        config: Mapping[str, object] | None = None,
    ) -> None:
        """Add a strategy. An exception in place of a strategy: it failed before it began.

        A native is given as its class; its engine, which `kind` may name, makes it with the parameters in `config`, and
        is its `framework`. During a run it takes part from the next step on, with its weight of the portfolio's equity
        as far as the reserve has it.
        """
        kind = kind or _native_kind(strategy, metadata.id)
        framework = framework or (kind if kind in self.frameworks else self.frameworks[0])
        if framework not in self.frameworks:
            raise ValueError(f"Unknown framework: {framework!r}; there are {', '.join(self.frameworks)}")
        if kind in self.frameworks and kind != framework:
            raise ValueError(f"Strategy {metadata.id!r} is one of {kind}, it can't run on {framework}")
        if metadata.id.startswith(UNMANAGED):
            raise ValueError(f"{metadata.id!r} can't be a strategy's id: {UNMANAGED} is the book of kept positions")
        if metadata.id in self.strategies:
            removed = self.strategies[metadata.id].status == "removed"
            why = "was removed, its id keeps its figures: take another one" if removed else "takes part already"
            raise ValueError(f"Strategy {metadata.id!r} {why}")
        entry = StrategyEntry(strategy, metadata, allocation, framework, kind, config or {})
        if self._session is not None:
            self._join(entry)
            return
        self.strategies[metadata.id] = entry
        if metadata.id in self._scheduled:
            entry.wait()
        else:
            self._emit(StrategyAddedEvent(metadata.id, allocation.target_pct))

    def _join(self, entry: StrategyEntry) -> None:
        """Let a strategy take part in the run from the next step on, with its weight of the portfolio's equity."""
        self.session.require_joinable(entry)
        entry.wait()
        self.strategies[entry.id] = entry
        self.session.join(entry)
        self._take_seat(entry)
        if entry.status == "waiting":  # it has started
            self.session.portfolio.lifecycle.add(entry.id)

    def _take_seat(self, entry: StrategyEntry) -> None:
        """Let the engine of a strategy know of it; there is none here."""

    def remove_strategy(self, strategy_id: str, positions: Positions = "flatten") -> None:
        """Take a strategy out; during a run its positions are closed or, with `keep`, become unmanaged."""
        self._entry(strategy_id)
        if positions not in get_args(Positions):
            raise ValueError(f"Unknown fate of positions: {positions!r}; there are {', '.join(get_args(Positions))}")
        if self._session is not None:
            self._session.portfolio.remove(strategy_id, positions)
            return
        del self.strategies[strategy_id]
        self._emit(StrategyRemovedEvent(strategy_id))

    def pause_strategy(self, strategy_id: str) -> None:
        """Refuse the strategy's new openings; its positions stay, its open orders are executed."""
        entry = self._entry(strategy_id)
        if self._session is not None:
            self._session.portfolio.lifecycle.pause(strategy_id)
            return
        entry.require("paused", "active")
        entry.become("paused")
        self._emit(StrategyPausedEvent(strategy_id))

    def resume_strategy(self, strategy_id: str) -> None:
        """Let a strategy open positions again; its drawdown begins anew."""
        entry = self._entry(strategy_id)
        if self._session is not None:
            self._session.portfolio.lifecycle.resume(strategy_id)
            return
        entry.require("resumed", "paused")
        entry.become("active")
        self._emit(StrategyResumedEvent(strategy_id))

    def _entry(self, strategy_id: str) -> StrategyEntry:
        if strategy_id not in self.strategies:
            raise ValueError(f"Unknown strategy: {strategy_id}")
        return self.strategies[strategy_id]

    def validate_compatibility(self) -> CompatibilityReport:
        """Return the analyzer's report on the strategies."""
        return self.compatibility_analyzer.analyze(
            [entry.metadata for entry in self.strategies.values()],
            {entry.id: entry.allocation.target_pct for entry in self.strategies.values()},
        )

    def allocate_capital(self) -> dict[str, Decimal]:
        """Return each strategy's start capital, exact to the cent; the rest of the total is the reserve."""
        weights = {entry.id: entry.weight for entry in self.strategies.values()}
        parts = self.capital_manager.calculate_allocations(self.capital_manager.total, weights)
        for strategy_id, part in parts.items():
            self.strategies[strategy_id].allocated = part
        return parts

    # ---- the run

    @cached_property
    def session(self) -> Session:
        """The session of the run, which makes its decisions; ValueError before `prepare`."""
        if self._session is None:
            raise ValueError("no run has begun: prepare(market, rules) comes first")
        return self._session

    def prepare(self, market: Market, rules: ExecutionRules) -> None:
        """Open the books and start every strategy, before the first bar."""
        self._add_from_the_start(market)
        self.allocate_capital()
        self.session = self._session = Session(
            self.strategies,
            self.capital_manager,
            self.coordinator,
            market,
            rules,
            self._emit,
            self._watch,
            self._portfolio,
            self._estimation,
        )
        self.session.start()

    def _add_from_the_start(self, market: Market) -> None:
        """Add the strategies that are scheduled at the first bar or before, so that they take part from the start."""
        timeline = market.timeline
        first = int(timeline.labels[0]) if timeline.is_complete else timeline.begins
        due = [one for one in self._portfolio.schedule if one.action == "add" and moment_of(one.at) <= first]
        at_once = {one.strategy_id: one for one in due if one.strategy_id in self.strategies}
        for name in at_once:
            self.strategies[name].join()
            self.strategies[name].status_changes.clear()
        later = tuple(one for one in self._portfolio.schedule if one not in at_once.values())
        self._portfolio = replace(self._portfolio, schedule=later)

    def coordinate_execution(self, event: MarketEvent) -> list[StrategyCommand]:
        """Call every strategy that has a bar now, decide on their signals, and let the portfolio's own rules act.

        Return one command for each order that results.
        """
        session = self.session
        session.portfolio.before_open(event)
        settled = session.coordinate(session.decide(event))
        session.require_decided()
        commands = session.commands(settled)
        return commands + session.own_commands(event) if session.portfolio.rules else commands


def _native_kind(strategy: object, strategy_id: str) -> Kind | None:
    """Return the engine of a native's class; None for an instance, whose kind is inferred as it starts."""
    if not isinstance(strategy, type):
        engine = engine_of(type(strategy), ENGINES.values())
        if engine:
            raise ValueError(f"Strategy {strategy_id!r}: {engine} makes its strategies itself, pass the class")
        return None
    engine = engine_of(strategy, ENGINES.values())
    if not engine:
        way_out = f"pass an instance, {strategy.__name__}(), or with kind= the engine that hosts the class"
        raise ValueError(f"Strategy {strategy_id!r}: {strategy.__name__} is a class of no engine: {way_out}")
    return engine
