"""A native's orders between the strategy, the orchestrator and the exchange of its engine."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NativeOrder
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.orders.order import Order, Reason
from orchestrate.engines.hosting.orders import NativeOrders
from orchestrate.engines.hosting.strategy import Verdict
from orchestrate.engines.nautilus.hosting.orders.changes import Changes
from orchestrate.engines.nautilus.hosting.orders.demands import Demands
from orchestrate.engines.nautilus.hosting.orders.exposure import (
    MARKET_TYPES,
    alike,
    closes,
    only_reduces,
    opening,
    signed,
)
from orchestrate.engines.nautilus.hosting.orders.order_events import cancelled, updated
from orchestrate.engines.nautilus.hosting.orders.order_gate import OrderGate, parent_of
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper

_GRAIN = 1e-9


class OrderManager:
    """Orders by the ids that Nautilus gives them; `orders` reports them, `demands` makes their demands.

    An order waits in the gate for its verdict, is released, goes to the exchange at the next open or close, and is live
    there until it is over. `native_ids` are Nautilus's instruments by our symbols.
    """

    def __init__(
        self,
        strategy: Strategy,
        stepper: NativeStepper,
        orders: NativeOrders[str],
        demands: Demands,
        native_ids: Mapping[str, InstrumentId],
    ) -> None:
        self._strategy, self._stepper = strategy, stepper
        self._orders, self._demands, self._native_ids = orders, demands, native_ids
        self._gate = OrderGate(stepper, self._submitted, self._takes_over)
        self._changes = Changes(stepper)
        self._live: dict[str, NativeOrder] = {}
        self._covered: dict[str, float] = {}  # what of a resting order would open a position
        self._turning: set[str] = set()  # exits in whose place an entry of their kind has closed: they are entries now
        self._renewed: dict[str, str] = {}
        self.released: list[Order] = []

    def start(self) -> None:
        """Put the gate before the strategy's orders."""
        self._gate.attend(self._strategy)
        self._stepper.guard_fills(self._may_fill)

    # ---- the step

    @property
    def has_live(self) -> bool:
        """True while an order rests at the exchange."""
        return bool(self._live)

    def send_released(self, t: int) -> None:
        """Send what is released to the exchange: entries before the exits that hang on them."""
        released, self.released = self.released, []
        for order in released:
            if order.native_order in self._changes:
                self._make_change(order.native_order)
        hanging = {order.client_order_id.value for order in self._gate.waiting() if parent_of(order)}
        for order in sorted(released, key=lambda order: order.native_order in hanging):
            if order.native_order:
                command = self._gate.parked.get(order.native_order)
                if command is not None:
                    self._live[order.native_order] = command.order
                    self._gate.release(order.native_order)
            else:
                self._trade(order)
        self.settle(t)

    def _make_change(self, name: str) -> None:
        command = self._changes.make(name)
        if command is None:
            self._orders.end(name, Reason.CANCELLED)
        else:
            self._covered.pop(command.client_order_id.value, None)
            self._gate.change(command)

    def _trade(self, order: Order) -> None:
        """Send an order of the orchestrator's own."""
        native_id = self._native_ids[order.symbol]
        side = OrderSide.BUY if order.quantity > 0 else OrderSide.SELL
        precision = self._strategy.cache.instrument(native_id).size_precision
        native = self._strategy.order_factory.market(native_id, side, Quantity(abs(order.quantity), precision))
        self._orders.release(native.client_order_id.value, order.id)
        if not order.slips:
            self._stepper.fill_unslipped(native)
        self._gate.open = True
        try:
            self._strategy.submit_order(native)
        finally:
            self._gate.open = False

    def settle(self, t: int) -> None:
        """Let the exchange carry out what it has been sent; it ends several orders at once in the order of a set."""
        self._orders.sort_ended()
        self._gate.sent = False
        self._stepper.settle(t)
        self._orders.sort_ended()

    def settle_if_sent(self, t: int) -> None:
        """Settle if the strategy has sent the exchange anything."""
        if self._gate.sent:
            self.settle(t)

    def renew_exits(self) -> None:
        """Demand exits that rest as entries when what they were to close has gone: they would open a position now."""
        self._turning.clear()
        if not self._covered:
            return
        for native_order, order in list(self._live.items()):
            opens = opening(order, self._held(order), ())
            if opens > self._covered.get(native_order, opens) + _GRAIN:
                self._covered[native_order] = opens
                name = f"{native_order}*{len(self._renewed) + 1}"
                self._renewed[name] = native_order
                self._orders.end(native_order, Reason.CANCELLED)
                self._demands.renew(order, name)

    def _may_fill(self, order: NativeOrder) -> bool:
        """Cut an exit that rests to what other fills of the bar leave of the position; end it where that is nothing."""
        name = order.client_order_id.value
        if order.order_type in MARKET_TYPES or only_reduces(order) or name in self._turning:
            return True
        left = self._left(order)
        if not self._orders.is_closing(name):
            if left * signed(order) < 0:
                self._turning |= {other.client_order_id.value for other in alike(order, self._live.values())}
            return True
        if left * signed(order) >= 0:
            self._orders.end(name, Reason.NOTHING_TO_CLOSE)
            self._stepper.report(cancelled(order, self._stepper.now))
            return False
        if abs(left) < order.quantity.as_double():
            less = Quantity(abs(left), order.quantity.precision)
            self._stepper.report(updated(order, less, None, None, self._stepper.now))
        return True

    def _left(self, order: NativeOrder) -> float:
        """Return what is held once the market orders of this open have filled, which go first."""
        symbol, released = self._demands.symbol(order), self.released
        return fsum([self._held(order), *(one.quantity for one in released if not one.rests and one.symbol == symbol)])

    # ---- verdicts

    def release(self, order: Order, verdict: Verdict) -> None:
        """Take an order in for the next open or close; one that rests and was demanded anew rests on."""
        name = verdict.name
        if name in self._renewed:
            self._reduce_live(name, verdict.quantity)
            if self._renewed[name] in self._live:
                self._orders.release(self._renewed[name], order.id)
        else:
            self._orders.release(name, order.id)
            self._gate.cut(name, abs(verdict.quantity))
            self.released.append(order)

    def resize(self, verdict: Verdict) -> None:
        """Reduce an order; a change can't be reduced and is refused."""
        name = verdict.name
        if name in self._renewed:
            self._reduce_live(name, verdict.quantity)
        elif name in self._changes:
            self._orders.end(name, Reason.CANCELLED)
            self._changes.refuse(name, _text(verdict))
        else:
            self._gate.cut(name, abs(verdict.quantity))

    def end(self, verdict: Verdict, *, refused: bool) -> None:
        """Refuse or cancel an order, wherever it is, or a change; one that rests is cancelled in both cases."""
        name = verdict.name
        key = self._orders.key(name)
        if key is not None:
            self._orders.forget(key)
        if name in self._renewed:
            self._cancel(self._renewed.pop(name))
        elif name in self._changes:
            if refused:
                self._changes.refuse(name, _text(verdict))
            else:
                self._changes.drop(name)
        elif refused:
            self._gate.refuse(name, _text(verdict))
        else:
            self._cancel(name)

    def _reduce_live(self, name: str, quantity: float) -> None:
        live = self._live.get(self._renewed[name])
        if live is None:
            return
        left = Quantity(abs(quantity), live.quantity.precision)
        if left < live.quantity:
            self._strategy.modify_order(live, quantity=left)
            self.settle(self._stepper.now)

    def _cancel(self, native_order: str) -> None:
        live = self._live.get(native_order)
        if live is not None:
            self._strategy.cancel_order(live)
            self.settle(self._stepper.now)
        elif native_order in self._gate.parked:
            self._gate.withdraw(self._gate.parked[native_order].order.client_order_id)

    # ---- what the strategy sends

    def _submitted(self, order: NativeOrder) -> None:
        """Demand an order that now waits in the gate."""
        rests = order.order_type not in MARKET_TYPES
        closing = self._closes(order, signed(order))
        if rests and not only_reduces(order):
            self._covered[order.client_order_id.value] = opening(order, self._held(order), self._gate.waiting())
        self._demands.submit(order, closing=closing)

    def _takes_over(self, order: NativeOrder, command: ModifyOrder) -> bool:
        """Demand a change that costs more; any other is made at once."""
        quantity = (command.quantity or order.quantity).as_double()
        if self._closes(order, quantity if order.is_buy else -quantity):
            return False
        if order.order_type in MARKET_TYPES:
            self._changes.reject(order, "a market order can't be changed: cancel it and submit another")
            return True
        change = self._changes.demand(order, command)
        if change is not None:
            self._demands.change(change)
        return change is not None

    def _closes(self, order: NativeOrder, quantity: float) -> bool:
        return closes(order, quantity, self._held(order), (*self._gate.waiting(), *self._live.values()))

    def _held(self, order: NativeOrder) -> float:
        return float(self._strategy.portfolio.net_position(order.instrument_id))

    # ---- ends

    def forget(self, native_order: str) -> None:
        """Forget an order that is over, and end its changes."""
        self._live.pop(native_order, None)
        self._covered.pop(native_order, None)
        for name in self._changes.over(native_order):
            self._orders.end(name, Reason.CANCELLED)

    def abandon(self) -> None:
        """Forget what waits for a verdict, and cancel what rests; what is released will still fill."""
        released = {order.native_order for order in self.released}
        for native_order in [each for each in self._gate.parked if each not in released]:
            del self._gate.parked[native_order]
        self.cancel_live()

    def cancel_live(self) -> None:
        """Cancel everything that rests."""
        for order in list(self._live.values()):
            self._strategy.cancel_order(order)


def _text(verdict: Verdict) -> str:
    return f"{verdict.reason}: {verdict.detail}" if verdict.detail else verdict.reason
