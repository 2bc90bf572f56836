"""The desk: where a run's strategies are asked, their wishes funded and recorded, and their failures contained."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from orchestrate.domain.bars import Unveiling
from orchestrate.domain.books import Book
from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.events import (
    DomainEvent,
    SignalBlockedEvent,
    SignalResizedEvent,
    StrategyConflictDetectedEvent,
    StrategyFailedEvent,
    StrategySignalledEvent,
)
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market, MarketEvent
from orchestrate.domain.orders import CommandAction, Decision, Demand, Ended, Order, Outcome, Reason, StrategyCommand
from orchestrate.domain.results import DecisionRecord, StrategyError
from orchestrate.domain.strategy import Signal
from orchestrate.orchestration.asking import Asked, Asking, begin_asking, error_kind, error_texts
from orchestrate.orchestration.blotter import Blotter
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import decision_order
from orchestrate.orchestration.coordinator import StrategyCoordinator
from orchestrate.orchestration.deciders import VectorDecider, decider_for
from orchestrate.orchestration.entries import Standing, StrategyEntry
from orchestrate.orchestration.funding import Treasury
from orchestrate.orchestration.marks import Marks
from orchestrate.orchestration.sizing import Sizeable, size
from orchestrate.orchestration.speakers import EveryBar, Foreseen, Speakers

Emit = Callable[[DomainEvent], None]
Answer = TypeVar("Answer")
#: A decision on a demand, and the order that came of it.
Settled = tuple[Decision, Order | None]


class Desk:
    """One run's desk. `marks.step` says where in time it stands; whoever steps the run sets it."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        capital: PortfolioCapitalManager,
        coordinator: StrategyCoordinator,
        market: Market,
        rules: ExecutionRules,
        emit: Emit,
        watch: Asked,
    ) -> None:
        begin_asking(watch)
        self.entries = entries
        self.in_order = [entries[name] for name in decision_order([entry.metadata for entry in entries.values()])]
        self.blotter = Blotter({entry.id: rank for rank, entry in enumerate(self.in_order)})
        self.marks = Marks(market)
        self.decisions: list[DecisionRecord] = []
        self._market, self._rules = market, rules
        self._capital, self._coordinator = capital, coordinator
        self._treasury = Treasury(entries, capital, self.blotter, self.marks, market, rules)
        self._emit = emit
        self._asked = watch
        self._labels = {
            symbol: (rows, market.series[symbol].label.data) for symbol, rows in market.timeline.columns.items()
        }
        self.past: dict[str, Unveiling] = {}
        self._hooks: dict[str, frozenset[str]] = {}
        self._standing: dict[str, Standing] = {}
        self._started = False
        self._speakers: Speakers = EveryBar(self.in_order)

    def label(self, symbol: str) -> int:
        """The label of the symbol's bar at this step, or of the step where it has none."""
        step, (rows, labels) = self.marks.step, self._labels[symbol]
        row = rows[step]
        return labels[row] if row >= 0 else int(self._market.timeline.labels[step])

    # ---- asking strategies

    def start(self) -> None:
        """Open every book and start every strategy."""
        facts: dict[tuple[str, str], object] = {}
        for entry in self.in_order:
            entry.symbols = entry.metadata.symbols or tuple(self._market.series)
            entry.book = Book(entry.id, float(entry.allocated))
            self._standing[entry.id] = Standing(
                entry, self.blotter, self._capital, self.marks, self._market.instruments, facts
            )
            self._ask(entry, self._start, entry)
        self._started = True

    def _start(self, entry: StrategyEntry) -> None:
        if isinstance(entry.strategy, BaseException):
            raise entry.strategy
        if entry.is_native:
            return
        series = {symbol: self._market.series[symbol] for symbol in entry.symbols}
        entry.decider = decider_for(entry.strategy, entry.kind, series, self.past)
        entry.decider.start()
        _call_hook(entry.strategy, "on_start")
        self._hooks[entry.id] = frozenset(name for name in _HOOKS if callable(getattr(entry.strategy, name, None)))

    def foresee(self) -> Foreseen:
        """From now on vectorised strategies are asked only where they have something to say."""
        foreseen = Foreseen(
            self.in_order,
            self._market.timeline,
            self.blotter.moved,
            lambda entry, symbol: self._standing[entry.id].held(symbol),
        )
        self._speakers = foreseen
        return foreseen

    def stop(self) -> None:
        """Tell every strategy that the run is over; what it still wants comes too late."""
        for entry in self.in_order:
            self.notify(entry, "on_stop")

    def notify(self, entry: StrategyEntry, hook: str, *arguments: object) -> None:
        """Tell a strategy something, if it cares to hear it; a paused one hears what becomes of its orders."""
        if self.hears(entry, hook) and entry.status != "failed":
            self._ask(entry, _call_hook, entry.strategy, hook, *arguments)

    def hears(self, entry: StrategyEntry, hook: str) -> bool:
        """True where a strategy has such a hook."""
        hooks = self._hooks.get(entry.id)
        return hooks is not None and hook in hooks

    def _ask(self, entry: StrategyEntry, question: Callable[..., Answer], *arguments: object) -> Answer | None:
        """Run a strategy's code. Whatever it raises, it fails alone; only Ctrl-C passes."""
        asked = self._asked
        try:
            asked.enter(entry.id)
            try:
                return question(*arguments)
            finally:
                asked.leave()
        except UserInterrupt:
            raise
        except BaseException as error:
            self.fail(entry, error, int(self._market.timeline.labels[self.marks.step]) if self._started else None)
            return None

    def asking(self, entry: StrategyEntry) -> AbstractContextManager[object]:
        """What surrounds every call of this strategy's code, wherever it is called."""
        return Asking(entry.id, self._asked)

    def fail(self, entry: StrategyEntry, error: BaseException, t: int | None) -> None:
        """The strategy takes no further part: its orders are cancelled, its positions closed at the next fill."""
        entry.status = "failed"
        entry.error = StrategyError(error_kind(error), *error_texts(error, self.asking(entry)), t)
        self._emit(StrategyFailedEvent(entry.id, entry.error.type, entry.error.message, t))
        self.cancel(lambda order: order.strategy_id == entry.id, Reason.STRATEGY_FAILED)
        self.flatten(entry, Reason.FLATTENED)

    def decide(self, event: MarketEvent) -> list[Demand]:
        """What the strategies want now: dependencies first, then priority, then id."""
        self.marks.step = event.step
        demands: list[Demand] = []
        for entry in self._speakers.at(event):
            decider, standing = entry.decider, self._standing[entry.id]
            if decider is None or entry.status != "active":
                continue
            if isinstance(decider, VectorDecider):  # it has been asked before the first bar
                signals = decider.decide(event, standing)
            else:
                signals = self._ask(entry, decider.decide, event, standing) or []
            for signal in signals:
                demand = self._demand(entry, signal, event, standing)
                if demand is not None:
                    demands.append(demand)
        return demands

    def _demand(self, entry: StrategyEntry, signal: Signal, event: MarketEvent, standing: Standing) -> Demand | None:
        """A signal in units; none when an exit only takes back an entry that is still on its way."""
        symbol, closing = signal.symbol, signal.kind == "exit"
        self._emit(StrategySignalledEvent(entry.id, signal.kind, symbol, standing.available(), self.label(symbol)))
        price = self.marks.get(symbol, 0.0)
        if closing:
            if entry.id in self.blotter.waiting:
                self.cancel(
                    lambda order: order.strategy_id == entry.id and order.symbol == symbol and not order.closing,
                    Reason.CANCELLED,
                )
            quantity = -standing.held(symbol)  # what is being closed already is not closed twice
            if not quantity:
                return None
        else:
            units = signal.quantity
            if units is None:
                instrument = self._market.instruments[symbol]
                of = Sizeable(standing.equity(), price, instrument, len(entry.symbols))
                units = size(entry.allocation.sizing, of)
            quantity = float(units) if signal.side == "long" else -float(units)
        return Demand(entry.id, symbol, quantity, closing, price, event.step, event.t)

    # ---- settling what they want

    def coordinate(self, demands: Sequence[Demand]) -> list[Settled]:
        """Conflicts → capital → limits; approved orders wait in the blotter. Every demand with its order, if any."""
        if not demands:
            return []
        placed: dict[int, Order] = {}

        def fund(demand: Demand, quantity: float) -> Decision:
            decision, reserve = self._treasury.fund(demand, quantity)
            if decision.quantity:
                placed[id(demand)] = self.blotter.place(decision, reserve)
            return decision

        for demand in demands:
            if demand.native_order and demand.signalled:
                kind = "exit" if demand.closing else "entry"
                available = self._standing[demand.strategy_id].available()
                label = self.label(demand.symbol)
                self._emit(StrategySignalledEvent(demand.strategy_id, kind, demand.symbol, available, label))
        decisions = self._coordinator.coordinate(demands, fund)
        for conflict in self._coordinator.conflicts:
            self._emit(
                StrategyConflictDetectedEvent(
                    conflict.strategy_ids,
                    conflict.kind,
                    conflict.symbol,
                    conflict.demands,
                    self._coordinator.policy.__name__,
                    conflict.settlement.outcome,
                    self.label(conflict.symbol),
                )
            )
        settled = [(decision, placed.get(id(decision.demand))) for decision in decisions]
        for decision, order in settled:
            self.record(decision, order.id if order else "")
        for decision, order in settled if len(placed) < len(settled) else ():
            if order is None:
                self.notify(self.entries[decision.demand.strategy_id], "on_rejected", decision)
        return settled

    def commands(self, settled: Iterable[Settled]) -> list[StrategyCommand]:
        """One command for each order that came of a demand and still stands, and for each native's refused one."""
        commands = []
        for decision, order in settled:
            owner = decision.demand.strategy_id
            if order is None:
                if decision.demand.native_order:
                    commands.append(_refusal(decision))
            elif order in self.blotter.pending(owner):  # it goes when its strategy breaks at another's refusal
                resized = decision.outcome is Outcome.RESIZED and order.native_order
                action: CommandAction = "resize" if resized else "submit"
                commands.append(StrategyCommand(owner, action, order, decision.reason, decision.detail))
        return commands

    def release(
        self, event: MarketEvent, *, opening: bool, symbols: Container[str] | None = None
    ) -> list[StrategyCommand]:
        """Take out the orders whose symbol has a bar now, cut to what they cost at its open (or close).

        `symbols` narrows it down to these.
        """
        due = self.blotter.take_due(event.rows if symbols is None else symbols)
        if not due:
            return []
        self.marks.step, self.marks.opening = event.step, opening
        released = self._treasury.release(due)
        self.marks.opening = False
        commands: list[StrategyCommand] = []
        refused: list[Decision] = []
        for order, result in zip(due, released, strict=True):
            decision = result.decision
            if result.order is not order:
                self.blotter.moved.add(order.strategy_id)
            if decision is not None:
                self.record(decision, order.id)
            if result.order is not None:
                if order.rests:
                    self.blotter.rest(order)
                reason, detail = (decision.reason, decision.detail) if decision else (Reason.NONE, "")
                commands.append(StrategyCommand(order.strategy_id, "submit", result.order, reason, detail))
            elif decision is not None:
                refused.append(decision)
                if order.native_order:
                    commands.append(
                        StrategyCommand(order.strategy_id, "reject", order, decision.reason, decision.detail)
                    )
        if not refused:
            return commands
        for decision in refused:
            self.notify(self.entries[decision.demand.strategy_id], "on_rejected", decision)
        return [command for command in commands if not self._is_too_late(command)]

    def _is_too_late(self, command: StrategyCommand) -> bool:
        """True for an opening of a strategy that broke while its orders were being released."""
        order = command.order
        if order.closing or order.native_order or self.entries[order.strategy_id].status != "failed":
            return False
        self.write_off(order, Reason.STRATEGY_FAILED)
        return True

    def flatten(self, entry: StrategyEntry, reason: Reason) -> list[Order]:
        """Close all that a strategy holds and that nothing closes yet; the orders are the orchestrator's."""
        closing = {order.symbol for order in self.blotter.pending(entry.id) if order.closing}
        return [self.close_position(entry, symbol, reason) for symbol in entry.book.positions if symbol not in closing]

    def close_position(self, entry: StrategyEntry, symbol: str, reason: Reason) -> Order:
        quantity, step = -entry.book.quantity(symbol), self.marks.step
        t = self._market.timeline.moments[step]
        demand = Demand(entry.id, symbol, quantity, True, self.marks[symbol], step, t, signalled=False)
        decision = Decision(demand, Outcome.APPROVED, quantity, reason)
        order = self.blotter.place(decision, 0.0, reason)
        self.record(decision, order.id)
        return order

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason) -> list[Order]:
        """End the open orders that `wanted` names, unfilled; what lies in an engine has to be taken back there."""
        cancelled = self.blotter.cancel(wanted, reason)
        for order in cancelled:
            self.write_off(order, reason)
        return cancelled

    def write_off(self, order: Order, reason: Reason) -> None:
        """An order is over without a fill."""
        step = self.marks.step
        t = self._market.timeline.moments[step]
        demand = Demand(
            order.strategy_id, order.symbol, order.quantity, order.closing, self.marks[order.symbol], step, t
        )
        self.record(Decision(demand, Outcome.REJECTED, 0.0, reason), order.id)

    def end_native(self, ended: Ended) -> list[Order]:
        """A native's own order is over; the order behind it, if it was still open."""
        return self.cancel(
            lambda order: (order.strategy_id, order.native_order) == (ended.strategy_id, ended.native_order),
            ended.reason,
        )

    def record(self, decision: Decision, order_id: str = "") -> None:
        """Remember a decision; tell the world where money, or its lack, changed a demand."""
        demand = decision.demand
        t = self.label(demand.symbol)
        self.decisions.append(DecisionRecord(t, decision, order_id))
        if decision.reason is Reason.NONE:
            return
        entry = self.entries[demand.strategy_id]
        if decision.reason not in _MONEY:
            entry.blocked += decision.reason in _REFUSALS
            return
        allocation = self._capital.allocation(entry.book, 0.0)
        used, limit = float(allocation.used_capital), float(allocation.allocated_capital)
        if decision.outcome is Outcome.REJECTED:
            entry.blocked += 1
            self._emit(SignalBlockedEvent(decision, used, limit, t))
        else:
            entry.resized += 1
            self._emit(SignalResizedEvent(decision, used, limit, t))


#: asked for once, when a strategy has started: most have none, and each fill would look for one
_HOOKS = ("on_fill", "on_rejected", "on_stop")
_MONEY = frozenset({Reason.CAPITAL, Reason.OPEN_GAP, Reason.BELOW_ONE_LOT})
_REFUSALS = frozenset({Reason.CONFLICT, Reason.NOT_TRADABLE})


def _refusal(decision: Decision) -> StrategyCommand:
    """A refusal on its way to the native whose order it was."""
    demand = decision.demand
    order = Order(
        "",
        demand.strategy_id,
        demand.symbol,
        demand.quantity,
        demand.closing,
        0.0,
        decision.reason,
        demand.native_order,
        demand.rests,
    )
    return StrategyCommand(demand.strategy_id, "reject", order, decision.reason, decision.detail)


def _call_hook(strategy: object, name: str, *arguments: object) -> None:
    hook = getattr(strategy, name, None)
    if callable(hook):
        hook(*arguments)
