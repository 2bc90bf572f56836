"""The life of orders: released, filled, cancelled. The one path from the blotter to the engines and back."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Final

from orchestrate.domain.books import Position
from orchestrate.domain.market.timeline import MarketEvent
from orchestrate.domain.orders.order import (
    Decision,
    Demand,
    Ended,
    Order,
    OrderStatus,
    Outcome,
    Reason,
    StrategyCommand,
)
from orchestrate.orchestration.loop.decision_log import DecisionLog
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.buying_power import BuyingPower, Released, demand_of
from orchestrate.orchestration.strategies.registry import StrategyEntry

Send = Callable[[Iterable[StrategyCommand]], None]
_STATUSES: Final = {Reason.EXPIRED: OrderStatus.EXPIRED}
#: a name of this module is found several times as fast as a member of an enumeration
_RELEASED: Final = OrderStatus.RELEASED
_NO_REASON: Final = Reason.NONE


class OrderManager:
    """Releases, cancels and ends the orders of a blotter; `send` hands commands to the engines."""

    def __init__(
        self, blotter: Blotter, buying_power: BuyingPower, log: DecisionLog, marks: Marks, moments: Sequence[int]
    ) -> None:
        self.blotter = blotter
        self.send: Send = _to_nobody
        self._buying_power, self._log, self._marks, self._moments = buying_power, log, marks, moments

    # ---- placed by the orchestrator itself

    def flatten(self, entry: StrategyEntry, reason: Reason) -> None:
        """Close all positions of a strategy that nothing closes yet, by orders of the orchestrator."""
        closing = {order.symbol for order in self.blotter.pending(entry.id) if order.closing}
        for position in list(entry.book.positions.values()):
            if position.symbol not in closing:
                self.close_position(entry, position, reason)

    def close_position(self, entry: StrategyEntry, position: Position, reason: Reason) -> None:
        """Place an order that closes the position at its symbol's next bar."""
        self.reduce_position(entry, position, -position.quantity, reason)

    def reduce_position(self, entry: StrategyEntry, position: Position, quantity: float, reason: Reason) -> Order:
        """Place an order that takes `quantity`, signed against the position, off it at its symbol's next bar."""
        step, symbol = self._marks.step, position.symbol
        t, price = self._moments[step], self._marks[symbol]
        demand = Demand(entry.id, symbol, quantity, True, price, step, t, signalled=False)
        order = self.blotter.place(demand, quantity, 0.0, reason)
        self._log.note(Decision(demand, Outcome.APPROVED, quantity, reason), order.id)
        return order

    # ---- released

    def release(self, event: MarketEvent, *, at_open: bool, symbols: Container[str] | None = None) -> list[Released]:
        """Release the orders whose symbol has a bar now, cut to what they cost at its open (or close).

        `symbols` restricts it to these. The orders that remain go to the engines by `submit`.
        """
        due = self.blotter.release(event.rows if symbols is None else symbols)
        if not due:
            return []
        self._marks.step = event.step
        prices = self._marks.opens if at_open else self._marks
        released = self._buying_power.release(due, prices, event.step, event.t)
        for result in released:
            order, decision = result.order, result.decision
            if decision is not None:
                self._log.record(decision, order.id)
            if not result.quantity:
                reason = Reason.NONE if decision is None else decision.reason
                self.blotter.end(order, OrderStatus.REJECTED, reason)
            elif result.quantity != order.quantity:
                self.blotter.resize(order, result.quantity)
        return released

    def submit(self, released: Iterable[Released]) -> list[StrategyCommand]:
        """Return the commands for released orders; a native is notified of its refused one."""
        commands: list[StrategyCommand] = []
        for result in released:
            order, decision = result.order, result.decision
            reason, detail = (decision.reason, decision.detail) if decision else (_NO_REASON, "")
            if order.status is _RELEASED:
                if order.rests:
                    self.blotter.rest(order)
                commands.append(StrategyCommand(order.strategy_id, "submit", order, reason, detail))
            elif order.native_order and order.status is OrderStatus.REJECTED:
                commands.append(StrategyCommand(order.strategy_id, "reject", order, reason, detail))
        return commands

    # ---- over without a fill

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason, *, tell_engine: bool = True) -> None:
        """End the open orders that `wanted` names, and take back those that an engine has."""
        orders = self.blotter.where(wanted)
        commands = []
        for order in orders:
            with_engine = bool(order.native_order) or order.status is not OrderStatus.PENDING
            self.end(order, reason)
            if with_engine and tell_engine:
                commands.append(StrategyCommand(order.strategy_id, "cancel", order, reason))
        if commands:
            self.send(commands)

    def end(self, order: Order, reason: Reason) -> None:
        """End an order that its strategy, its engine or the run has ended."""
        self.blotter.end(order, _STATUSES.get(reason, OrderStatus.CANCELLED), reason)
        step = self._marks.step
        demand = demand_of(order, self._marks[order.symbol], step, self._moments[step])
        self._log.note(Decision(demand, Outcome.REJECTED, 0.0, reason), order.id)

    def ended_by_engine(self, ended: Ended) -> None:
        """End in the blotter an order that is over in its engine."""
        for order in self.blotter.named(ended.strategy_id, ended.name):
            self.end(order, ended.reason)


def _to_nobody(_commands: Iterable[StrategyCommand]) -> None:
    """Send nothing: a run without engines has nobody to take commands."""
