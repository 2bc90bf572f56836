"""The run: strategies on several engines, stepped together, one bar at a time, under one coordinator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from orchestrate.domain.books import Book
from orchestrate.domain.errors import EngineError
from orchestrate.domain.events import OrderFilledEvent
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market, MarketEvent
from orchestrate.domain.orders import Demand, Fill, Order, Reason, StrategyCommand
from orchestrate.domain.results import FillRecord, StrategyResult
from orchestrate.orchestration.agenda import Agenda
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import CompatibilityAnalyzer
from orchestrate.orchestration.coordinator import StrategyCoordinator
from orchestrate.orchestration.desk import Emit
from orchestrate.orchestration.orchestrator import UnifiedStrategyOrchestrator
from orchestrate.orchestration.ports import Account, OrchestrationPort
from orchestrate.orchestration.reconciliation import reconcile
from orchestrate.orchestration.recorder import Recorder

Progress = Callable[[int, int], None]


class CrossFrameworkOrchestrator(UnifiedStrategyOrchestrator):
    """Every run goes through here, also one strategy on one framework.

    `fed_in_full` names the frameworks that are told of every bar; the others hear only of steps at which they have an
    order to execute.
    """

    def __init__(
        self,
        capital_manager: PortfolioCapitalManager,
        coordinator: StrategyCoordinator,
        compatibility_analyzer: CompatibilityAnalyzer,
        adapters: Mapping[str, OrchestrationPort],
        *,
        fed_in_full: frozenset[str] = frozenset(),
        emit: Emit | None = None,
        watch: AbstractContextManager[object] | None = None,
    ) -> None:
        super().__init__(
            capital_manager,
            coordinator,
            compatibility_analyzer,
            frameworks=tuple(adapters),
            emit=emit,
            watch=watch,
        )
        self.adapters = dict(adapters)
        self.fills: list[FillRecord] = []
        self.steps_done = 0
        self._fed_in_full = fed_in_full
        self._advanced: dict[str, int] = {}
        self._moved: set[str] = set()
        self._orders: dict[str, Order] = {}

    @property
    def framework_strategies(self) -> dict[str, list[str]]:
        """Strategy ids by the framework that executes them."""
        groups: dict[str, list[str]] = {framework: [] for framework in self.adapters}
        for entry in self.strategies.values():
            groups[entry.framework].append(entry.id)
        return groups

    # ---- a run

    def run(
        self,
        market: Market,
        rules: ExecutionRules,
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """Step through the whole timeline, or until `stop` says so between two steps; engines are ended in any case."""
        agenda = Agenda(market.timeline)
        self.begin(market, rules)
        try:
            for event in agenda:
                if stop is not None and stop():
                    break
                self.step(event)
                if progress is not None:
                    progress(self.steps_done, len(agenda))
            self.desk.stop()
        finally:
            self.end()

    def begin(self, market: Market, rules: ExecutionRules) -> None:
        """Start strategies, then the engines that have one; ended again if one of them refuses."""
        self._market, self._rules = market, rules
        self.prepare(market, rules)
        self._recorder = Recorder(market, self.desk.marks)
        self._last_step = {symbol: market.timeline.last_step(symbol) for symbol in market.timeline.rows}
        self._symbols = {
            framework: tuple(dict.fromkeys(symbol for name in ids for symbol in self.strategies[name].symbols))
            for framework, ids in self.framework_strategies.items()
            if ids
        }
        try:
            for framework in self._symbols:
                accounts = [
                    Account(name, float(self.strategies[name].allocated), self.strategies[name].symbols)
                    for name in self.framework_strategies[framework]
                ]
                self.adapters[framework].begin(market, accounts, rules)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Let go of every engine."""
        for framework in self._symbols:
            self.adapters[framework].end()

    # ---- the step at time t

    def step(self, event: MarketEvent) -> None:
        """One step, line by line as the contracts list it."""
        self.desk.marks.step = event.step
        self.open(event)
        stepped = self.range(event)
        self.book(stepped[0])
        demands = self.desk.decide(event) + stepped[1]
        commands = self.desk.coordinate(demands)
        self.command(commands)
        self.close(event)
        self.mark(event)
        self.steps_done = event.step + 1

    def open(self, event: MarketEvent) -> None:
        """1. OPEN: orders approved earlier go to their engines, cut to what they cost at this open."""
        if self._rules.fill == "next_open" and len(self.desk.blotter):
            self._hand_over(self.desk.release(event, opening=True))

    def range(self, event: MarketEvent) -> tuple[list[Fill], list[Demand]]:
        """2. RANGE: every engine that has something to do lives through the bar."""
        fills: list[Fill] = []
        demands: list[Demand] = []
        for framework in self._symbols:
            if framework in self._fed_in_full or framework in self._moved:
                got, wanted = self._advance(framework, event)
                fills += got
                demands += wanted
        return fills, demands

    def book(self, fills: Sequence[Fill]) -> None:
        """3. Fills go to the books, and to the strategies that care."""
        for fill in fills:
            order = self._orders.pop(fill.order_id)
            entry = self.strategies[fill.strategy_id]
            label = self.desk.label(fill.symbol)
            booked = replace(fill, t=label)
            entry.book.apply(booked, self._market.instruments[fill.symbol])
            self._recorder.note(entry.book, fill.symbol, self.desk.marks.step)
            self.fills.append(FillRecord(label, booked, entry.framework, order.closing, order.reason))
            self._emit(OrderFilledEvent(booked, label))
            self._moved.add(entry.framework)
            self.desk.notify(entry, "on_fill", booked)

    def command(self, commands: Sequence[StrategyCommand]) -> None:
        """6. Natives hear at once what became of their own orders; portable orders wait for their release."""
        for command in commands:
            if command.order.native_order:
                self.adapters[self.strategies[command.strategy_id].framework].execute_commands([command])

    def close(self, event: MarketEvent) -> None:
        """7. CLOSE: with `fill: close`, market orders are executed at t's close now."""
        if self._rules.fill == "close" and len(self.desk.blotter):
            self._execute_at_close(self.desk.release(event, opening=False), event)
        if self._rules.close_at_end:
            self._close_ended_positions(event)

    def mark(self, event: MarketEvent) -> None:
        """8. Orders on series that have ended are over; books and engines must agree."""
        if len(self.desk.blotter):
            self._cancel_ended(event)
        if self._moved:
            self._reconcile(event)
            self._moved.clear()

    # ---- details

    def _hand_over(self, orders: Sequence[Order]) -> None:
        by_framework: dict[str, list[StrategyCommand]] = {}
        for order in orders:
            self._orders[order.id] = order
            framework = self.strategies[order.strategy_id].framework
            by_framework.setdefault(framework, []).append(StrategyCommand(order.strategy_id, "submit", order))
        for framework, commands in by_framework.items():
            self.adapters[framework].execute_commands(commands)
            self._moved.add(framework)

    def _advance(self, framework: str, event: MarketEvent) -> tuple[Sequence[Fill], Sequence[Demand]]:
        rows = {symbol: event.rows[symbol] for symbol in self._symbols[framework] if symbol in event.rows}
        self._advanced[framework] = event.step
        if not rows:
            return (), ()
        stepped = self.adapters[framework].advance(event.t, rows)
        for strategy_id, error in stepped.failures:
            entry = self.strategies[strategy_id]
            if entry.status != "failed":
                self.desk.fail(entry, error, int(self._market.timeline.labels[event.step]))
        return stepped.fills, stepped.demands

    def _execute_at_close(self, orders: Sequence[Order], event: MarketEvent) -> None:
        """Hand orders over and let their engines fill them at this close, wherever else in time those stand."""
        frameworks = dict.fromkeys(self.strategies[order.strategy_id].framework for order in orders)
        for framework in frameworks:
            if self._advanced.get(framework) != event.step:
                self._advance(framework, event)
        self._hand_over(orders)
        for framework in frameworks:
            self.book(self.adapters[framework].close(event.t))

    def _close_ended_positions(self, event: MarketEvent) -> None:
        ending = {symbol for symbol in event.rows if self._last_step[symbol] == event.step}
        if not ending:
            return
        self._cancel_ended(event)
        for entry in self.desk.in_order:
            for symbol in sorted(ending & entry.book.positions.keys()):
                self.desk.close_position(entry, symbol, Reason.CLOSE_AT_END)
        self._execute_at_close(self.desk.release(event, opening=False), event)

    def _cancel_ended(self, event: MarketEvent) -> None:
        """An order whose symbol has no further bar can never fill."""
        at_the_end = event.step == len(self._market.timeline) - 1
        reason = Reason.UNFILLED_AT_END if at_the_end else Reason.SERIES_ENDED
        self.desk.cancel(lambda order: self._last_step[order.symbol] <= event.step, reason)

    def _reconcile(self, event: MarketEvent) -> None:
        for framework in self._symbols:
            if framework in self._moved:
                books = self._books(framework)
                state = self.adapters[framework].get_portfolio_state()
                reconcile(state, books, f"step {event.step}, t={event.t}")
        if self._orders:
            lost = ", ".join(self._orders)
            raise EngineError(f"orders {lost} were handed to their engine and came back without a fill")

    def _books(self, framework: str) -> list[Book]:
        return [self.strategies[name].book for name in self.framework_strategies[framework]]

    # ---- what is left behind

    def results(self) -> dict[str, StrategyResult]:
        """Every strategy's facts over the steps done."""
        steps = self.steps_done
        return {
            entry.id: StrategyResult(
                id=entry.id,
                name=entry.metadata.name or entry.id,
                framework=entry.framework,
                status="completed" if entry.status == "active" else entry.status,
                symbols=entry.symbols,
                allocated=entry.allocated,
                equity=self._recorder.equity(entry.book, steps),
                own=self._recorder.own(entry.symbols, steps),
                exposed=self._recorder.exposed(entry.id, steps),
                trades=tuple(entry.book.trades),
                open_positions=tuple(entry.book.positions.values()),
                fees=entry.book.fees,
                blocked=entry.blocked,
                resized=entry.resized,
                error=entry.error,
            )
            for entry in self.strategies.values()
        }
