"""The run: strategies on several engines, stepped together, one bar at a time, under one coordinator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from orchestrate.domain.books import Accrual, Book, Flow, Handover
from orchestrate.domain.errors import EngineError, NativeError, ReconciliationError
from orchestrate.domain.events import OrderFilledEvent
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand, Fill, Order, Reason, StrategyCommand
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.results import FillRecord, StrategyResult
from orchestrate.orchestration.loop.clock import Clock, HistoricalClock, next_bars
from orchestrate.orchestration.loop.decision_log import Emit
from orchestrate.orchestration.loop.native_faults import NativeFaults
from orchestrate.orchestration.loop.orchestrator import UnifiedStrategyOrchestrator
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from orchestrate.orchestration.loop.recorder import Recorder
from orchestrate.orchestration.loop.rules.borrow import Borrow
from orchestrate.orchestration.loop.rules.last_bars import LastBars
from orchestrate.orchestration.loop.session import Settled
from orchestrate.orchestration.orders.blotter import Due
from orchestrate.orchestration.orders.conversion import Conversion
from orchestrate.orchestration.orders.natives import FillCheck
from orchestrate.orchestration.orders.ports import ANSWERS_A_STEP, EngineReport, OrchestrationPort
from orchestrate.orchestration.orders.reconciliation import Netted
from orchestrate.orchestration.orders.router import EngineRouter
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import CallStack
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer
from orchestrate.orchestration.strategies.registry import StrategyEntry

Progress = Callable[[int, int], None]


class CrossFrameworkOrchestrator(UnifiedStrategyOrchestrator):
    """The orchestrator of every run, also of one strategy on one framework.

    `fed_in_full` names the frameworks that see every bar; others see the steps at which they have an order to execute.
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
        watch: CallStack | None = None,
        portfolio: PortfolioPlan | None = None,
        estimation: Estimation | None = None,
    ) -> None:
        super().__init__(
            capital_manager,
            coordinator,
            compatibility_analyzer,
            frameworks=tuple(adapters),
            emit=emit,
            watch=watch,
            portfolio=portfolio,
            estimation=estimation,
        )
        self.adapters = dict(adapters)
        self.fills: list[FillRecord] = []
        self.steps_done = 0
        self._fed_in_full = fed_in_full
        self._late: list[Demand] = []

    @property
    def framework_strategies(self) -> dict[str, list[str]]:
        """Strategy ids by the framework that executes them."""
        entries = self.strategies.values()
        return {name: [entry.id for entry in entries if entry.framework == name] for name in self.adapters}

    def run(
        self,
        market: Market,
        rules: ExecutionRules,
        *,
        clock: Clock | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        """Take the steps of `clock`, by default of the stored bars, until `stop` says so; engines end in any case."""
        self.begin(market, rules)
        clock = self.clock() if clock is None else clock
        try:
            for event in clock:
                if self.session.error is not None or (stop is not None and stop()):
                    break
                self.step(event)
                if progress is not None:
                    progress(self.steps_done, len(clock))
            self.finish()
        finally:
            self.end()

    def begin(self, market: Market, rules: ExecutionRules) -> None:
        """Start strategies, then the engines that have one; end those again if one of them refuses."""
        self._market, self._rules = market, rules
        self.prepare(market, rules)
        session = self.session
        self._recorder = Recorder(market, session.marks, self.capital_manager, session.structures.valuation)
        self._ends = market.timeline.ends
        self._borrow = Borrow(self.capital_manager, market, session.marks, self._charged)
        self._last_bars = LastBars(session, market, close_at_end=rules.close_at_end)
        self._closes = rules.fill == "close" or self._last_bars.is_needed or bool(market.chains)
        groups = self.framework_strategies.items()
        seats = {framework: [session.seat(self.strategies[name]) for name in names] for framework, names in groups}
        rates = Conversion.of(market, rules, session.marks, session.marks.opens)
        self._router = EngineRouter(self.adapters, seats, self._fed_in_full, market, rules, rates)
        check, unmanaged = FillCheck(market, rules, session.marks.row), session.portfolio.unmanaged
        self._faults = NativeFaults(self.strategies, self._router, session.blotter, check, unmanaged)
        session.orders.send, session.structures.open_symbol = self._router.send, self._router.open_symbol
        session.capital_moved, session.handed_over = self._capital_moved, self._handed_over
        session.retired = self._router.retire
        capital = {entry.id: float(entry.allocated) for entry in self.strategies.values()}
        self._netted = {framework: self._net(framework, capital) for framework in self.adapters}
        try:
            self._router.begin()
        except BaseException:
            self.end()
            raise

    def finish(self) -> None:
        """Notify strategies that no bar is left, and end open orders."""
        session = self.session
        session.stop()
        if self._router.hosts_natives:
            self._take_in(self._router.listen())
        self._recorder.require_rebuilt(self._with_book, self.fills)
        for framework in self._router.adapters:
            self._agree(framework, self._net(framework), "at the end")
        session.portfolio.findings += self._last_bars.findings() + self._borrow.findings()
        session.orders.cancel(lambda _order: True, Reason.UNFILLED_AT_END, tell_engine=False)
        session.require_decided()

    @property
    def _with_book(self) -> dict[str, StrategyEntry]:
        """The strategies, and the positions that removed ones left behind."""
        return self.strategies | self.session.portfolio.unmanaged.entries

    def clock(self) -> Clock:
        """Return a clock of every step, unless no engine and no strategy needs to see them all."""
        timeline = self._market.timeline
        schedule = None if self._fed_in_full else self.session.schedule_signals()
        if schedule is None or self._router.fed_in_full or not schedule.is_complete:
            return HistoricalClock(timeline)
        session = self.session
        events = [next_bars(timeline, session.blotter.pending_symbols), session.next_signal, self._router.next_event]
        events += [rule.next_event for rule in session.portfolio.rules]
        events += [*self._borrow.events, *self._last_bars.events]
        return HistoricalClock(timeline, events, session.portfolio.first_hit)

    def _net(self, framework: str, cash: dict[str, float] | None = None) -> Netted:
        """Return the books of this framework added up, with what they handed over, which its engine still holds."""
        names, taken_from = self.framework_strategies[framework], self.session.portfolio.unmanaged.taken_from
        hosted = [name for name in names if name not in self._router.expelled]
        handed_over = [position for name in hosted for position in taken_from(name)]
        return Netted.of([self.strategies[name].book for name in hosted], cash, handed_over)

    def _take_seat(self, entry: StrategyEntry) -> None:
        cash, timeline = self._netted[entry.framework].cash | {entry.id: 0.0}, self._market.timeline
        over = timeline.moments[self.steps_done - 1] if self.steps_done else timeline.begins - 1
        try:
            self._router.join(entry.framework, self.session.seat(entry), over)
        except EngineError as error:
            self.session.runner.fail(entry, error)
        self._netted[entry.framework] = self._net(entry.framework, cash)

    def end(self) -> None:
        """End every engine."""
        self._router.end()

    # ---- the step at time t, line by line as docs/reference/steps.md lists it

    def step(self, event: MarketEvent) -> None:
        """Take one step; skip each phase that has nothing to do."""
        session, router, step = self.session, self._router, event.step
        if router.hosts_natives:
            self.wake(event)
        if session.portfolio.rules:
            session.portfolio.before_open(event)
        session.marks.step = step
        if session.blotter.waiting:
            self.open(event)
        reports = self.range(event) if router.moved or router.fed_in_full or step >= router.next_reach else ()
        if reports:
            self.book(fill for report in reports for fill in report.fills)
        if self._borrow.is_needed:
            self._borrow.accrue(event)
        intents = self.decide(event, reports)
        if intents or router.hosts_natives:
            self.command(session.coordinate(intents))
        if self._closes:
            self.close(event)
        if router.moved or step >= self._ends.first or session.portfolio.rules:
            self.mark(event)
        if session.blotter.updates:
            session.runner.notify_orders(session.entries)
        if session.blotter.reserving:
            self._recorder.note_reserves(session.blotter)
        self.steps_done = step + 1

    def wake(self, event: MarketEvent) -> None:
        """0. Coordinate the orders of native timers since the last bar, at last marks."""
        woken = self._take_in(self._router.wake(event))
        demands = [demand for demand in self._late if self.strategies[demand.strategy_id].status != "failed"] + woken
        self._late = []
        if demands:
            self.command(self.session.coordinate_natives(demands))

    def open(self, event: MarketEvent) -> None:
        """1. OPEN: hand orders approved earlier to their engines, cut to their cost at this open.

        With `fill: close` market orders wait for the close, unless an account has to close; those that rest don't.
        """
        which: Due = "all" if self._rules.fill == "next_open" else "resting"
        self._router.send(self.session.release(event, at_open=True, which=which))

    def range(self, event: MarketEvent) -> list[EngineReport]:
        """2. RANGE: take every engine that has something to do through the bar, which may reach resting orders."""
        if event.step >= self._router.next_reach or self._router.hosts_natives:
            self.session.cut_reached(event)
        reports = self._router.advance(event)
        for report in reports:
            if report.ended:
                self.session.orders.expire(report.ended)
        return reports

    def book(self, fills: Iterable[Fill], *, at_close: bool = False) -> None:
        """3. Book the fills, and notify the strategies that have a hook for them."""
        session, router, instruments, records = self.session, self._router, self._market.instruments, self.fills
        step = session.marks.step
        notified: list[tuple[StrategyEntry, Fill]] = []
        for fill in fills:
            entry, symbol = self.strategies[fill.strategy_id], fill.symbol
            fault = self._faults.of_fill(fill, at_close=at_close) if router.hosts_natives else None
            if fault is not None:
                self._fail(entry, fault)
                continue
            order = session.blotter.fill(fill)
            if order is None:
                continue
            router.moved.add(entry.framework)
            label = session.log.label(symbol)
            booked = fill if fill.t == label else fill.at(label)
            if entry.id in router.expelled:
                entry.book.apply(booked, instruments[symbol])
            else:
                self._netted[entry.framework].apply(entry.book, booked, instruments[symbol])
            self._recorder.note(entry.book, symbol, step)
            session.booked(entry, symbol)
            if order.bracket is not None or (session.blotter.conditionals and not order.native_order):
                session.orders.filled(entry, order, booked)
            records.append(FillRecord(label, booked, entry.framework, order.closing, order.reason, fill.t, order.group))
            self._emit(OrderFilledEvent(booked, label))
            if session.runner.has_hook(entry, "on_fill"):
                notified.append((entry, booked))
        for entry, booked in notified:  # all are booked: a strategy that fails at the first is flattened of them all
            session.runner.notify(entry, "on_fill", booked)
        if session.blotter.updates:
            session.runner.notify_orders(session.entries)

    def decide(self, event: MarketEvent, reports: Sequence[EngineReport]) -> list[Intent]:
        """4. DECIDE: collect what natives demanded during the bar and what portable strategies want now."""
        theirs = self._take_in(reports, booked=True) if reports else []
        intents = self.session.decide(event)
        return self.session.with_natives(intents, theirs) if theirs else intents

    def command(self, settled: Sequence[Settled]) -> None:
        """6. Notify natives of the decisions on their orders, which they may answer; portable orders wait."""
        if not self._router.hosts_natives:
            return
        for _ in range(ANSWERS_A_STEP):
            answers = self._answers(settled)
            if not answers:
                return
            settled = self.session.coordinate_natives(answers)
        self._late += self._answers(settled)

    def _answers(self, settled: Sequence[Settled]) -> list[Demand]:
        self._router.send(c for c in self.session.commands(settled) if c.order.native_order and c.action != "submit")
        return self._take_in(self._router.listen())

    def close(self, event: MarketEvent) -> None:
        """7. CLOSE: with `fill: close`, execute market orders at t's close, answers of natives too."""
        if self._rules.fill == "close":
            for _ in range(ANSWERS_A_STEP):
                waiting = self.session.blotter.waiting
                commands = self.session.release(event, at_open=False, which="others") if waiting else []
                if not self._fill_now(commands, event):
                    break
                self.command(())
        for commands in self.session.waiting_structures.commands(event) if self._market.chains else ():
            self._fill_now(commands, event)
        if self._last_bars.is_needed:
            self._fill_now(self._last_bars.commands(event), event)

    def _fill_now(self, commands: Sequence[StrategyCommand], event: MarketEvent) -> bool:
        """Execute orders at this close; return whether there are any."""
        if commands:
            self.book(self._router.close(commands, event), at_close=True)
        return bool(commands)

    def mark(self, event: MarketEvent) -> None:
        """8. Let the portfolio's rules act, end orders on series that have ended, reconcile books and engines."""
        self.session.after_close(event)
        self.session.cancel_ended(event)
        if self._router.moved:
            self._reconcile(event)
            self._router.moved.clear()

    def transfer(self, source: str, target: str, amount: Decimal) -> None:
        """Move `amount`, whole cents, between two strategies or one and the reserve (`RESERVE`), at the step just done.

        It counts after that step's result, so that no return changes. ValueError where the source has too little cash.
        """
        self.session.transfer(source, target, amount)

    def _capital_moved(self, name: str, flow: Flow) -> None:
        self._cash_moved(name, flow.amount)
        self._recorder.note_flow(name, flow)

    def _charged(self, book: Book, accrual: Accrual) -> None:
        self._cash_moved(book.strategy_id, -accrual.cost)
        self._recorder.note_accrual(book, accrual)
        self.session.portfolio.watch.changed(book.strategy_id)

    def _cash_moved(self, name: str, amount: float) -> None:
        if name in self.strategies:
            self._netted[self.strategies[name].framework].transfer(name, amount)

    def _handed_over(self, handover: Handover) -> None:
        """Make a strategy's positions unmanaged; its engine goes on holding them."""
        entries = self._with_book
        self._netted[entries[handover.giver].framework].transfer(handover.giver, handover.worth)
        self._recorder.note_handover(entries[handover.giver].book, handover)
        self._recorder.note_handover(entries[handover.taker].book, handover)

    def _take_in(self, reports: Sequence[EngineReport], *, booked: bool = False) -> list[Demand]:
        """Handle the failures and ended orders that engines report; return the demands of natives."""
        demands: list[Demand] = []
        for report in reports:
            if report.fills and not booked:
                self.book(report.fills)
            for strategy_id, error in report.failures:
                self._fail(self.strategies[strategy_id], error)
            for ended in report.ended:
                self.session.orders.ended_by_engine(ended)
                if self._late:
                    over = (ended.strategy_id, ended.name)
                    self._late = [late for late in self._late if (late.strategy_id, late.native_order) != over]
            demands += report.demands
        return [demand for demand in demands if self.strategies[demand.strategy_id].status != "failed"]

    def _fail(self, entry: StrategyEntry, error: BaseException) -> None:
        """Fail a native, and drop its engine where that is unusable."""
        lost: list[Order] = []
        if isinstance(error, NativeError) and entry.id not in self._router.expelled:
            lost = self._faults.expel(entry)
            self._netted[entry.framework] = self._net(entry.framework, self._netted[entry.framework].cash)
        if entry.status != "failed":
            self.session.runner.fail(entry, error)
        for order in lost:
            self.session.orders.end(order, Reason.STRATEGY_FAILED)
        if lost:
            self.session.orders.flatten(entry, Reason.FLATTENED, "the strategy has failed")

    def _reconcile(self, event: MarketEvent) -> None:
        for framework in self._router.adapters:
            if framework in self._router.moved:
                self._netted[framework].require_cash(event)
                self._agree(framework, self._netted[framework], event)
        for strategy_id, error in self._faults.of_unanswered().items():
            self._fail(self.strategies[strategy_id], error)

    def _agree(self, framework: str, ours: Netted, moment: object) -> None:
        """Reconcile books and engine; a native whose own engine is at fault fails alone."""
        engine = self.adapters[framework]
        try:
            ours.compare(engine.get_portfolio_state(), moment)
        except ReconciliationError:
            faults = self._faults.of_state(framework, moment)
            if not faults:
                raise
            for strategy_id, error in faults.items():
                self._fail(self.strategies[strategy_id], error)
            self._net(framework).compare(engine.get_portfolio_state(), moment)

    def results(self) -> dict[str, StrategyResult]:
        """Return every strategy's facts over the steps done."""
        return self._recorder.results(self._with_book, self.fills, self.steps_done)
