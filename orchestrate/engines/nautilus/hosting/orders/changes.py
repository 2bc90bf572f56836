"""Changes of resting orders that cost more: each is a demand for the difference, and waits for its verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.engines.nautilus.hosting.orders.order_events import change_rejected
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way. `units`, signed, are as many as the difference in money buys at the new price."""

    name: str
    order: NativeOrder
    command: ModifyOrder
    units: float
    limit: float | None
    trigger: float | None


class Changes:
    """Changes by name, which is that of their order with a number: they go through the orchestrator as orders do.

    Such a demand never fills. It holds the money back until the order that it is about is over.
    """

    def __init__(self, stepper: NativeStepper) -> None:
        self._stepper = stepper
        self._waiting: dict[str, Change] = {}
        self._made: dict[str, Change] = {}
        self._count = 0

    def __contains__(self, name: str) -> bool:
        return name in self._waiting or name in self._made

    def demand(self, order: NativeOrder, command: ModifyOrder) -> Change | None:
        """Return the change if it costs more; it waits for its verdict then."""
        limit, trigger = _new(order, command, "price"), _new(order, command, "trigger_price")
        price = limit if limit is not None else trigger
        if price is None:
            return None
        before = order.quantity.as_double() * (_old(order, "price") or _old(order, "trigger_price") or price)
        quantity = (command.quantity or order.quantity).as_double()
        scale = 10.0**order.quantity.precision
        units = math.ceil(round((quantity * price - before) / price * scale, 6)) / scale
        if units <= 0:
            return None
        self._count += 1
        name = f"{order.client_order_id.value}+{self._count}"
        change = Change(name, order, command, units if order.is_buy else -units, limit, trigger)
        self._waiting[name] = change
        return change

    def refuse(self, name: str, reason: str) -> None:
        """Send the strategy `OrderModifyRejected`; the order stays as it is."""
        change = self._waiting.pop(name, None)
        if change is not None and not change.order.is_closed:
            self.reject(change.order, reason)

    def reject(self, order: NativeOrder, reason: str) -> None:
        """Send the strategy `OrderModifyRejected` for an order without a change that waits."""
        self._stepper.report(change_rejected(order, reason, self._stepper.now))

    def make(self, name: str) -> ModifyOrder | None:
        """Return the command that is to be carried out now; None where its order is over."""
        change = self._waiting.pop(name, None)
        if change is None or change.order.is_closed:
            return None
        self._made[name] = change
        return change.command

    def drop(self, name: str) -> None:
        """Forget a change."""
        self._waiting.pop(name, None)
        self._made.pop(name, None)

    def over(self, native_order: str) -> list[str]:
        """Forget the changes of an order that is over, and return their names."""
        known = [*self._waiting.values(), *self._made.values()]
        names = [change.name for change in known if change.order.client_order_id.value == native_order]
        for name in names:
            self.drop(name)
        return names


def _old(order: NativeOrder, name: str) -> float | None:
    price = getattr(order, name, None)
    return None if price is None else round(price.as_double(), price.precision)


def _new(order: NativeOrder, command: ModifyOrder, name: str) -> float | None:
    price = getattr(command, name)
    return _old(order, name) if price is None else round(price.as_double(), price.precision)
