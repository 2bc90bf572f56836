"""The decisions of a run: call strategies, coordinate their signals, release their orders, notify them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import fsum

from orchestrate.domain.books import Flow, Handover
from orchestrate.domain.errors import FunctionError
from orchestrate.domain.events import (
    OppositionEndedEvent,
    OppositionStartedEvent,
    StrategyConflictDetectedEvent,
    StrategyFailedEvent,
    StrategySignalledEvent,
)
from orchestrate.domain.instruments.rates import at_prices
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import (
    CommandAction,
    Decision,
    Demand,
    Order,
    OrderStatus,
    Outcome,
    Reason,
    StrategyCommand,
)
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.results import StrategyError
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.structures import Structures
from orchestrate.orchestration.loop.options.waiting import WaitingStructures
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.loop.portfolio import Actions, Portfolio
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from orchestrate.orchestration.loop.signal_schedule import EveryBar, Schedule, SignalSchedule
from orchestrate.orchestration.orders.blotter import Blotter, Due
from orchestrate.orchestration.orders.natives import refusal
from orchestrate.orchestration.orders.ports import SeatPrices, StrategySeat
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.exposure import Exposure
from orchestrate.orchestration.risk.intake import Intake
from orchestrate.orchestration.risk.pipeline import Resources
from orchestrate.orchestration.risk.policies.oppositions import Oppositions
from orchestrate.orchestration.risk.sizing import planned_exits
from orchestrate.orchestration.strategies.calls import CallStack
from orchestrate.orchestration.strategies.compatibility import decision_order
from orchestrate.orchestration.strategies.registry import StrategyEntry, seat_of
from orchestrate.orchestration.strategies.runner import StrategyRunner

#: A decision on a demand, and the resulting order.
Settled = tuple[Decision, Order | None]


class Session:
    """The parts of one run, put together. The orchestrator that steps the run sets `marks.step`."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        capital: PortfolioCapitalManager,
        coordinator: StrategyCoordinator,
        market: Market,
        rules: ExecutionRules,
        emit: Emit,
        calls: CallStack,
        plan: PortfolioPlan,
        estimation: Estimation,
    ) -> None:
        self.entries, self.in_order = entries, list[StrategyEntry]()
        self._rank: dict[str, int] = {}
        self._put_in_order()
        self.blotter = Blotter(self._rank)
        self.marks = Marks(market)
        self.log = DecisionLog(entries, market, self.marks, emit)
        buying_power = BuyingPower(entries, self.blotter, self.marks, market.series, market.instruments, rules)
        self.orders = OrderManager(self.blotter, buying_power, self.log, self.marks, market, rules, self._held)
        self.structures = Structures(market, self.marks, self.log, self.blotter, rules, emit, capital.account)
        self.runner = self._open_runner(market, calls, rules)
        self.waiting_structures = WaitingStructures(self, buying_power, at_next=rules.options.quotes == "next")
        own = self.runner.views, self.blotter, self.marks, self.orders, self.structures
        self._intake = Intake(*own, emit, self.log.label)
        self._market, self._capital, self._coordinator, self._emit = market, capital, coordinator, emit
        self._plan, self._estimation, self._execution, self._buying_power = plan, estimation, rules, buying_power
        #: note a flow of a strategy, and a handover, in accounts beyond these
        self.capital_moved: Callable[[str, Flow], None] = _noted_by_nobody
        self.handed_over: Callable[[Handover], None] = _noted_by_nobody
        #: call no code of a native any more
        self.retired: Callable[[str], None] = _noted_by_nobody
        stock = entries, self.marks, at_prices(market.instruments, self.marks), self.blotter
        figures = self.marks.volatility, self.marks.average_range
        coordinator.begin(Resources(*stock, buying_power, self._exposure, rules, *figures))
        #: a user's function has failed: nothing is decided any more
        self.error: FunctionError | None = None
        self.conflicts: list[StrategyConflictDetectedEvent] = []
        self._oppositions, self._started = Oppositions(entries), False
        self._schedule: Schedule = EveryBar(self.in_order)

    def _open_runner(self, market: Market, calls: CallStack, rules: ExecutionRules) -> StrategyRunner:
        marks, times = self.marks, (self._now, lambda: self.marks.step, self.log.label)
        own = rules.lot, planned_exits, self.structures
        return StrategyRunner(self._rank, market, self.blotter, marks, calls, self, *times, *own)

    def _put_in_order(self) -> None:
        """Order the strategies by the plan, in the list and the ranks that all parts share."""
        names = decision_order([entry.metadata for entry in self.entries.values()])
        self.in_order[:] = [self.entries[name] for name in names]
        self._rank.update({name: rank for rank, name in enumerate(names)})

    def _held(self, strategy_id: str, symbol: str) -> float:
        return self.entries[strategy_id].book.quantity(symbol)

    def _now(self) -> int | None:
        return self.log.step_label() if self._started else None

    # ---- strategies

    def start(self) -> None:
        """Open every book and start every strategy."""
        start = {entry.id: entry.allocated for entry in self.entries.values()}
        weights = {entry.id: entry.weight for entry in self.entries.values()}
        frameworks = tuple(dict.fromkeys(entry.framework for entry in self.entries.values()))
        self._capital.open_books(start, self.blotter.reserved, weights, frameworks)
        for entry in self.in_order:
            self._give_book(entry)
        self.portfolio = Portfolio(
            self.in_order,
            self._capital,
            self.orders,
            self._market,
            self._execution,
            self.marks,
            self.log,
            self._emit,
            self._coordinator.limits,
            self._plan,
            self._estimation,
            Actions(self.transfer, self._hand_over, self.coordinate, self._retire, self.structures),
        )
        self.runner.start(self.in_order)
        self._started = True

    def _give_book(self, entry: StrategyEntry) -> None:
        entry.symbols = entry.metadata.symbols or tuple(self._market.series)
        entry.book, entry.account = self._capital.books[entry.id], self._capital.accounts[entry.id]

    def join(self, entry: StrategyEntry) -> None:
        """Take in a strategy, which is among the entries by now, after the step that is over; it has no capital yet."""
        new_books = self._capital.open_book(entry.id, entry.framework)
        self._give_book(entry)
        self._put_in_order()
        self._coordinator.join(entry)
        self.portfolio.join(entry, new_books)
        self.runner.join(entry)
        if isinstance(self._schedule, SignalSchedule):
            self.schedule_signals()

    def require_joinable(self, entry: StrategyEntry) -> None:
        """ValueError where a strategy can't join this run."""
        if self.portfolio.stopped:
            raise ValueError(f"{entry.id!r} can't join this run: {self.portfolio.stopped}")
        unknown = [symbol for symbol in entry.metadata.symbols if symbol not in self._market.series]
        if unknown:
            raise ValueError(f"the run has no data of {', '.join(unknown)}, {entry.id!r} can't join it")
        decision_order([*(one.metadata for one in self.entries.values()), entry.metadata])
        weights = sum((one.weight for one in self.entries.values()), entry.weight)
        if weights > 1:
            raise ValueError(f"with {entry.id!r} allocations would add up to {weights * 100:f} percent")

    def next_signal(self, step: int) -> int:
        """The first step after `step` at which a strategy must be called."""
        return self._schedule.next_event(step)

    def seat(self, entry: StrategyEntry) -> StrategySeat:
        """What an engine needs to know of a strategy before the run."""
        cash = float(entry.allocated or self._capital.total * entry.allocation.target_pct / 100)
        prices = SeatPrices(self.marks, self.marks.opens, self.marks.volatility)
        return seat_of(entry, cash, self.sized_on(entry), self.runner.scope(entry), prices)

    def sized_on(self, entry: StrategyEntry) -> Callable[[], float] | None:
        """Return the amount that a native's sizes in percent refer to; None where that is its own account alone."""
        if not entry.account.is_shared:
            return None
        return partial(self._buying_power.sized_on, entry, self.marks.opens)

    def _exposure(self) -> Exposure:
        return self.portfolio.exposure()

    def transfer(self, source: str, target: str, amount: Decimal) -> None:
        """Move money in all accounts, at the step under way."""
        for name, flow in self.portfolio.move_capital(source, target, amount):
            self.capital_moved(name, flow)

    def _hand_over(self, entry: StrategyEntry) -> float:
        handovers = self.portfolio.hand_over(entry)
        for handover in handovers:
            self._oppositions.booked(entry, handover.symbol)
            self.handed_over(handover)
        return fsum(handover.worth for handover in handovers)

    def _retire(self, entry: StrategyEntry) -> None:
        if entry.is_native:
            self.retired(entry.id)

    def schedule_signals(self) -> SignalSchedule:
        """Call vectorised strategies only where a flag acts."""
        views = self.runner.views
        schedule = SignalSchedule(
            self.in_order,
            self._market.timeline,
            self.blotter.moved,
            lambda entry, symbol: views[entry.id].held(symbol),
        )
        self._schedule = schedule
        return schedule

    def stop(self) -> None:
        """Notify every strategy that the run is over, refuse what it still wants, and note open positions."""
        for entry in self.in_order:
            self.runner.notify(entry, "on_stop")
        self.portfolio.findings += self.orders.findings() + self.structures.findings()
        self.portfolio.end()

    # ---- the portfolio's own rules

    def after_close(self, event: MarketEvent) -> None:
        """Report opposite positions, then let the portfolio's own rules act."""
        if self._oppositions.changed:
            self._report_oppositions()
        self.portfolio.after_close(event)

    def own_commands(self, event: MarketEvent) -> list[StrategyCommand]:
        """Let the portfolio's own rules act; return the commands for the orders that they place."""
        known = {order.id for order in self.blotter.open_orders()}
        self.after_close(event)
        placed = [order for order in self.blotter.open_orders() if order.id not in known]
        return [StrategyCommand(order.strategy_id, "submit", order, order.reason) for order in placed]

    def booked(self, entry: StrategyEntry, symbol: str) -> None:
        """Note that a fill has changed the strategy's book."""
        self.portfolio.booked(entry, symbol)
        self._oppositions.booked(entry, symbol)

    def strategy_failed(self, entry: StrategyEntry, error: StrategyError) -> None:
        """Cancel the strategy's orders, close its positions at the next fill; engines drop natives' orders."""
        self._emit(StrategyFailedEvent(entry.id, error.type, error.message, error.t, error.file, error.line))
        self.orders.cancel(
            lambda order: order.strategy_id == entry.id and order.status is not OrderStatus.RELEASED,
            Reason.STRATEGY_FAILED,
            tell_engine=not entry.is_native,
        )
        self.orders.flatten(entry, Reason.FLATTENED, "the strategy has failed")

    def cancel_ended(self, event: MarketEvent) -> None:
        """Cancel orders whose symbol has no further bar: they can never fill."""
        step, ends = event.step, self._market.timeline.ends
        if step < ends.first:
            return
        reason = Reason.UNFILLED_AT_END if step == ends.last else Reason.SERIES_ENDED
        self.orders.cancel(
            lambda order: ends.steps[order.symbol] <= step and order.status is not OrderStatus.RELEASED, reason
        )

    def decide(self, event: MarketEvent) -> list[Intent]:
        """Return the strategies' intents of this step: dependencies first, then priority, then id."""
        self.marks.step = event.step
        intents: list[Intent] = []
        due = self._schedule.at(event)  # also where no strategy is called: the schedule follows the steps
        for entry in () if self.portfolio.stopped else due:
            for signal in self.runner.signals(entry, event):
                intents += self._intake.intents(entry, signal, event)
        return intents

    # ---- coordination

    def coordinate(self, intents: list[Intent]) -> list[Settled]:
        """Decide on all intents of a step, put approved orders in the blotter, return each decision with its order."""
        if not intents or self.error is not None:
            return []
        try:
            self._coordinator.coordinate(intents)
        except FunctionError as error:
            self.error = error
            return []
        if self._market.chains:
            self.waiting_structures.take(intents)
        if self._coordinator.conflicts:
            self._report_conflicts()
        for hit in self._coordinator.limit_hits:
            self._emit(replace(hit, t=self.log.label(hit.symbol)))
        settled: list[Settled] = []
        refused: list[Decision] = []
        for intent in intents:
            decision, order = intent.decision(), intent.order
            settled.append((decision, order))
            self.log.record(decision, order.id if order else "")
            if order is None:
                refused.append(decision)
            elif intent.changes is not None:
                self.orders.tell_change(order)
        for decision in refused:
            self.blotter.note_refusal(decision)
            self.runner.notify(self.entries[decision.demand.strategy_id], "on_rejected", decision)
        return settled

    def require_decided(self) -> None:
        """Raise FunctionError where a user's function has failed, so that something was not decided."""
        if self.error is not None:
            raise self.error

    def coordinate_natives(self, demands: Sequence[Demand]) -> list[Settled]:
        """Decide on demands of natives between their bars, or in answer to a notification."""
        return self.coordinate(self.with_natives([], demands))

    def with_natives(self, intents: list[Intent], demands: Iterable[Demand]) -> list[Intent]:
        """Return the intents with those of natives' demands, in plan order; the natives have signalled."""
        for demand in demands:
            if demand.signalled:
                kind = "exit" if demand.closing else "entry"
                available = self.runner.views[demand.strategy_id].available()
                label = self.log.label(demand.symbol)
                self._emit(StrategySignalledEvent(demand.strategy_id, kind, demand.symbol, available, label))
            intents.append(Intent.of(demand))
        return sorted(intents, key=lambda intent: self._rank[intent.strategy_id])

    def _report_conflicts(self) -> None:
        for conflict in self._coordinator.conflicts:
            event = StrategyConflictDetectedEvent(
                conflict.strategy_ids,
                conflict.kind,
                conflict.symbol,
                conflict.demands,
                self._coordinator.mode,
                conflict.outcome,
                self.log.label(conflict.symbol),
            )
            self.conflicts.append(event)
            self._emit(event)

    def _report_oppositions(self) -> None:
        for found in self._oppositions.settle():
            event = OppositionStartedEvent if found.started else OppositionEndedEvent
            self._emit(event(found.symbol, found.strategies, self.log.label(found.symbol)))

    def commands(self, settled: Iterable[Settled]) -> list[StrategyCommand]:
        """Return a command for each order of these decisions that is still open, and for each native's refused one."""
        commands = []
        for decision, order in settled:
            owner = decision.demand.strategy_id
            if order is None:
                if decision.demand.native_order:
                    commands.append(refusal(decision))
            elif order.status is OrderStatus.PENDING:  # it is over when its strategy fails at another's refusal
                resized = decision.outcome is Outcome.RESIZED and order.native_order
                action: CommandAction = "resize" if resized else "submit"
                commands.append(StrategyCommand(owner, action, order, decision.reason, decision.detail))
        return commands

    # ---- release

    def release(
        self, event: MarketEvent, *, at_open: bool, which: Due = "all", symbols: Container[str] | None = None
    ) -> list[StrategyCommand]:
        """Release the orders whose symbol has a bar now; return the commands that hand them to their engines."""
        released = self.orders.release(event, at_open=at_open, which=which, symbols=symbols)
        refused = [result for result in released if not result.quantity]
        for result in refused:
            self.runner.notify(self.entries[result.order.strategy_id], "on_rejected", result.decision)
        for result in released if refused else ():
            self._end_opening_of_failed(result.order)
        return self.orders.submit(released)

    def cut_reached(self, event: MarketEvent) -> None:
        """Cut openings that the bar reaches to what they cost there."""
        for result in self.orders.cut_reached(event):
            if not result.quantity:
                self.runner.notify(self.entries[result.order.strategy_id], "on_rejected", result.decision)

    def _end_opening_of_failed(self, order: Order) -> None:
        """End the openings of strategies that failed as they were notified."""
        opening = order.status is OrderStatus.RELEASED and not order.closing and not order.native_order
        if opening and self.entries[order.strategy_id].status == "failed":
            self.orders.end(order, Reason.STRATEGY_FAILED)


def _noted_by_nobody(*_facts: object) -> None:
    """Note nothing: without engines there are no other accounts."""
