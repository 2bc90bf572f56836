"""The run: strategies on several engines, stepped together, one bar at a time, under one coordinator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from orchestrate.domain.books import Book
from orchestrate.domain.errors import NativeError, ReconciliationError
from orchestrate.domain.events import OrderFilledEvent
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import Market, MarketEvent
from orchestrate.domain.orders import Demand, Fill, Order, Reason, StrategyCommand
from orchestrate.domain.parameters import own
from orchestrate.domain.results import FillRecord, StrategyResult
from orchestrate.orchestration.agenda import Agenda, next_bars, stops_at
from orchestrate.orchestration.asking import Asked
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import CompatibilityAnalyzer
from orchestrate.orchestration.coordinator import StrategyCoordinator
from orchestrate.orchestration.desk import Emit, Settled
from orchestrate.orchestration.dispatch import Dispatch
from orchestrate.orchestration.entries import StrategyEntry
from orchestrate.orchestration.orchestrator import UnifiedStrategyOrchestrator
from orchestrate.orchestration.ports import Account, OrchestrationPort, Stepped
from orchestrate.orchestration.reconciliation import Netted, reconcile, require_rebuilt
from orchestrate.orchestration.recorder import Recorder

#: How often natives may answer verdicts with new orders within one step; what they want after that waits for the next.
ANSWERS_A_STEP: Final = 8
Progress = Callable[[int, int], None]


class CrossFrameworkOrchestrator(UnifiedStrategyOrchestrator):
    """An orchestrator that runs strategies on one or several frameworks, step by step, as one portfolio.

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
        watch: Asked | None = None,
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
        self._late: list[Demand] = []

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
        self.begin(market, rules)
        agenda = self.agenda()
        try:
            for event in agenda:
                if stop is not None and stop():
                    break
                self.step(event)
                if progress is not None:
                    progress(self.steps_done, len(agenda))
            self.finish()
        finally:
            self.end()

    def begin(self, market: Market, rules: ExecutionRules) -> None:
        """Start strategies, then the engines that have one; ended again if one of them refuses."""
        self._market, self._rules = market, rules
        self.prepare(market, rules)
        self._recorder = Recorder(market, self.desk.marks)
        self._last_step = {symbol: market.timeline.last_step(symbol) for symbol in market.timeline.rows}
        self._first_end = min(self._last_step.values())
        self._closes = rules.fill == "close" or rules.close_at_end
        self._dispatch = Dispatch(self.adapters, self.strategies, self._fed_in_full, market, rules, self.desk.marks)
        capital = {entry.id: float(entry.allocated) for entry in self.strategies.values()}
        self._netted = {framework: Netted(self._books(framework), capital) for framework in self.adapters}
        try:
            for framework, adapter in self._dispatch.adapters.items():
                names = self.framework_strategies[framework]
                adapter.begin(market, [self._account(self.strategies[name]) for name in names], rules)
        except BaseException:
            self.end()
            raise

    def finish(self) -> None:
        """No bar is left: strategies hear so, and what is still on its way is over."""
        self.desk.stop()
        if self._dispatch.hosts_natives:
            self._take_in(self._dispatch.listen())
        self._require_rebuilt()
        for framework in self._dispatch.adapters:
            self._agree(framework, Netted.of(self._books(framework)), "at the end")
        self._dispatch.forget(self.desk.cancel(lambda _order: True, Reason.UNFILLED_AT_END))

    def _require_rebuilt(self) -> None:
        """Every book is what its capital and its fills make of a new one."""
        fills: dict[str, list[tuple[Fill, Instrument]]] = {name: [] for name in self.strategies}
        for record in self.fills:
            fills[record.fill.strategy_id].append((record.fill, self._market.instruments[record.fill.symbol]))
        for name, entry in self.strategies.items():
            require_rebuilt(entry.book, float(entry.allocated), fills[name])

    def agenda(self) -> Agenda:
        """Every step, unless no engine and no strategy wants to see them all."""
        timeline = self._market.timeline
        if self._fed_in_full:
            return Agenda(timeline)
        foreseen = self.desk.foresee()
        if self._dispatch.fed_in_full or not foreseen.all_foreseen:
            return Agenda(timeline)
        foresights = [foreseen.upcoming, next_bars(timeline, self.desk.blotter.symbols)]
        if self._rules.close_at_end:
            foresights.append(stops_at(self._last_step.values()))
        return Agenda(timeline, foresights)

    def _books(self, framework: str) -> list[Book]:
        """The books that the engine of this framework stands for."""
        expelled = self._dispatch.expelled
        return [
            entry.book
            for entry in self.strategies.values()
            if entry.framework == framework and entry.id not in expelled
        ]

    def _account(self, entry: StrategyEntry) -> Account:
        return Account(
            entry.id,
            float(entry.allocated),
            entry.symbols,
            native=entry.strategy if entry.is_native and isinstance(entry.strategy, type) else None,
            config={name: own(value) for name, value in entry.config.items()},
            sizing=entry.allocation.sizing,
            asking=self.desk.asking(entry),
        )

    def end(self) -> None:
        """Let go of every engine."""
        self._dispatch.end()

    # ---- the step at time t, line by line as the contracts list it

    def step(self, event: MarketEvent) -> None:
        """One step; a phase that has nothing to do isn't entered."""
        desk, dispatch, step = self.desk, self._dispatch, event.step
        if dispatch.hosts_natives:
            self.wake(event)
        desk.marks.step = step
        if desk.blotter.waiting and self._rules.fill == "next_open":
            self.open(event)
        stepped = self.range(event) if dispatch.moved or dispatch.fed_in_full else ()
        if stepped:
            self.book(fill for engine in stepped for fill in engine.fills)
        demands = self.decide(event, stepped)
        if demands or dispatch.hosts_natives:
            self.command(desk.coordinate(demands))
        if self._closes:
            self.close(event)
        if dispatch.moved or step >= self._first_end:
            self.mark(event)
        self.steps_done = step + 1

    def wake(self, event: MarketEvent) -> None:
        """0. Orders of native timers since the last bar are coordinated now, at last marks."""
        woken = self._take_in(self._dispatch.wake(event))
        demands = [demand for demand in self._late if self.strategies[demand.strategy_id].status != "failed"] + woken
        self._late = []
        if demands:
            self.command(self.desk.coordinate(demands))

    def open(self, event: MarketEvent) -> None:
        """1. OPEN: orders approved earlier go to their engines, cut to what they cost at this open."""
        self._dispatch.send(self.desk.release(event, opening=True))

    def range(self, event: MarketEvent) -> list[Stepped]:
        """2. RANGE: every engine that has something to do lives through the bar; resting orders may be reached."""
        return self._dispatch.advance(event)

    def book(self, fills: Iterable[Fill], *, at_close: bool = False) -> None:
        """3. Fills go to the books, and to the strategies that care."""
        desk = self.desk
        told: list[tuple[StrategyEntry, Fill]] = []
        for fill in fills:
            entry, symbol = self.strategies[fill.strategy_id], fill.symbol
            try:
                order = self._dispatch.filled(fill, at_close=at_close)
            except NativeError as error:
                self._fail(entry, error)
                continue
            if order.rests:
                desk.blotter.done(order)
            label = desk.label(symbol)
            booked = fill if fill.t == label else fill.at(label)
            if entry.id in self._dispatch.expelled:
                entry.book.apply(booked, self._market.instruments[symbol])
            else:
                self._netted[entry.framework].apply(entry.book, booked, self._market.instruments[symbol])
            self._recorder.note(entry.book, symbol, desk.marks.step)
            self.fills.append(FillRecord(label, booked, entry.framework, order.closing, order.reason))
            self._emit(OrderFilledEvent(booked, label))
            if desk.hears(entry, "on_fill"):
                told.append((entry, booked))
        for entry, booked in told:  # once all are booked: who breaks at the first is flattened of them all
            desk.notify(entry, "on_fill", booked)

    def decide(self, event: MarketEvent, stepped: Sequence[Stepped]) -> list[Demand]:
        """4. DECIDE: what natives told while they lived through the bar, and what portable strategies want now."""
        theirs = self._take_in(stepped, booked=True) if stepped else []
        return self.desk.decide(event) + theirs

    def command(self, settled: Sequence[Settled]) -> None:
        """6. Natives hear at once what became of their orders, and may answer; portable orders wait in the blotter."""
        if not self._dispatch.hosts_natives:
            return
        for _ in range(ANSWERS_A_STEP):
            answers = self._answers(settled)
            if not answers:
                return
            settled = self.desk.coordinate(answers)
        self._late += self._answers(settled)

    def _answers(self, settled: Sequence[Settled]) -> list[Demand]:
        commands = self.desk.commands(settled)
        self._dispatch.send(c for c in commands if c.order.native_order and c.action != "submit")
        return self._take_in(self._dispatch.listen())

    def close(self, event: MarketEvent) -> None:
        """7. CLOSE: with `fill: close`, market orders are executed at t's close now, answers of natives too."""
        if self._rules.fill == "close":
            for _ in range(ANSWERS_A_STEP):
                commands = self.desk.release(event, opening=False) if self.desk.blotter.waiting else []
                if not commands:
                    break
                self.book(self._dispatch.close(commands, event), at_close=True)
                self.command(())
        if self._rules.close_at_end:
            self._close_ended_positions(event)

    def mark(self, event: MarketEvent) -> None:
        """8. Orders on series that have ended are over; books and engines must agree."""
        self._cancel_ended(event)
        if self._dispatch.moved:
            self._reconcile(event)
            self._dispatch.moved.clear()

    # ---- details

    def _take_in(self, stepped: Sequence[Stepped], *, booked: bool = False) -> list[Demand]:
        """What engines tell of their natives: failures and ended orders are dealt with, demands come back."""
        demands: list[Demand] = []
        for engine in stepped:
            if engine.fills and not booked:
                self.book(engine.fills)
            for strategy_id, error in engine.failures:
                self._fail(self.strategies[strategy_id], error)
            for ended in engine.ended:
                self._dispatch.forget(self.desk.end_native(ended))
                for order in self._dispatch.denied(ended):
                    self.desk.write_off(order, ended.reason)
                over = (ended.strategy_id, ended.native_order)
                self._late = [late for late in self._late if (late.strategy_id, late.native_order) != over]
            demands += engine.demands
        return [demand for demand in demands if self.strategies[demand.strategy_id].status != "failed"]

    def _fail(self, entry: StrategyEntry, error: BaseException) -> None:
        """A native has failed; where its engine is unusable, that is let go."""
        lost = self._expel(entry) if isinstance(error, NativeError) else []
        if entry.status != "failed":
            self.desk.fail(entry, error, int(self._market.timeline.labels[self.desk.marks.step]))
        for order in lost:
            self.desk.write_off(order, Reason.STRATEGY_FAILED)
        if lost:
            self.desk.flatten(entry, Reason.FLATTENED)

    def _expel(self, entry: StrategyEntry) -> list[Order]:
        """Let the native's engine go; the market orders that are lost with it."""
        if entry.id in self._dispatch.expelled:
            return []
        lost = self._dispatch.expel(entry.id)
        cash = self._netted[entry.framework].cash
        self._netted[entry.framework] = Netted.of(self._books(entry.framework), cash)
        return [order for order in lost if not order.rests]

    def _close_ended_positions(self, event: MarketEvent) -> None:
        ending = {symbol for symbol in event.rows if self._last_step[symbol] == event.step}
        if not ending:
            return
        self._cancel_ended(event)
        for entry in self.desk.in_order:
            for symbol in sorted(ending & entry.book.positions.keys()):
                self.desk.close_position(entry, symbol, Reason.CLOSE_AT_END)
        self.book(self._dispatch.close(self.desk.release(event, opening=False, symbols=ending), event), at_close=True)

    def _cancel_ended(self, event: MarketEvent) -> None:
        """An order whose symbol has no further bar can never fill."""
        if event.step < self._first_end:
            return
        if not self.desk.blotter.waiting and not self.desk.blotter.resting():
            return
        at_the_end = event.step == len(self._market.timeline) - 1
        reason = Reason.UNFILLED_AT_END if at_the_end else Reason.SERIES_ENDED
        cancelled = self.desk.cancel(lambda order: self._last_step[order.symbol] <= event.step, reason)
        self._dispatch.forget(cancelled)
        self._dispatch.send(
            StrategyCommand(order.strategy_id, "cancel", order, reason) for order in cancelled if order.native_order
        )

    def _reconcile(self, event: MarketEvent) -> None:
        for framework in self._dispatch.symbols:
            if framework in self._dispatch.moved:
                moment = f"step {event.step}, t={event.t}"
                self._netted[framework].require_cash(moment)
                self._agree(framework, self._netted[framework], moment)
        for strategy_id, error in self._dispatch.lost_by_natives().items():
            self._fail(self.strategies[strategy_id], error)

    def _agree(self, framework: str, ours: Netted, moment: str) -> None:
        """Books and engine must agree; a native whose own engine is at fault fails alone."""
        engine = self.adapters[framework]
        try:
            ours.compare(engine.get_portfolio_state(), moment)
        except ReconciliationError:
            disagreements = self._dispatch.disagreements(framework, moment)
            if not disagreements:
                raise
            for strategy_id, error in disagreements:
                self._fail(self.strategies[strategy_id], error)
            reconcile(engine.get_portfolio_state(), self._books(framework), moment)

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
                open_positions=tuple(position.copy() for position in entry.book.positions.values()),
                fees=entry.book.fees,
                blocked=entry.blocked,
                resized=entry.resized,
                error=entry.error,
            )
            for entry in self.strategies.values()
        }
