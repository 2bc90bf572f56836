"""What a native's orders demand."""

from __future__ import annotations

from collections.abc import Mapping

from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.domain.orders.order import Demand, OrderGroup
from orchestrate.engines.hosting.host import Moment
from orchestrate.engines.hosting.orders import NativeOrders
from orchestrate.engines.nautilus.hosting.orders.changes import Change
from orchestrate.engines.nautilus.hosting.orders.exposure import price_of, signed
from orchestrate.engines.nautilus.hosting.orders.order_gate import parent_of

_TRAILING = (OrderType.TRAILING_STOP_MARKET, OrderType.TRAILING_STOP_LIMIT)


class Demands:
    """Turns the orders of one strategy, and changes of them, into demands among its `orders`.

    `symbols` are ours by Nautilus's instruments, `closes` the newest ones.
    """

    def __init__(
        self,
        strategy_id: str,
        orders: NativeOrders[str],
        moment: Moment,
        symbols: Mapping[InstrumentId, str],
        closes: Mapping[str, float],
    ) -> None:
        self._strategy_id, self._orders, self._moment = strategy_id, orders, moment
        self._symbols, self._closes = symbols, closes

    def submit(self, order: NativeOrder, *, closing: bool) -> None:
        """Demand a new order, under its own id."""
        limit, trigger = price_of(order, "price"), price_of(order, "trigger_price")
        if trigger is None and order.order_type in _TRAILING:
            trigger = self._close(order)
        name = order.client_order_id.value
        self._orders.demand(name, self._demand(order, name, signed(order), limit, trigger, closing=closing))

    def renew(self, order: NativeOrder, name: str) -> None:
        """Demand an order that rests anew, as an entry; what it was before is over."""
        limit, trigger = price_of(order, "price"), price_of(order, "trigger_price")
        self._orders.demand(
            order.client_order_id.value, self._demand(order, name, signed(order), limit, trigger, closing=False)
        )

    def change(self, change: Change) -> None:
        """Demand what a change costs more."""
        demand = self._demand(change.order, change.name, change.units, change.limit, change.trigger, closing=False)
        self._orders.demand(change.name, demand)

    def _demand(
        self,
        order: NativeOrder,
        name: str,
        quantity: float,
        limit: float | None,
        trigger: float | None,
        *,
        closing: bool,
    ) -> Demand:
        return Demand(
            self._strategy_id,
            self.symbol(order),
            quantity,
            closing,
            self._close(order),
            self._moment.step,
            self._moment.t,
            native_order=name,
            limit=limit,
            trigger=trigger,
            group=OrderGroup.bracket(parent_of(order)),
        )

    def symbol(self, order: NativeOrder) -> str:
        """Return our symbol of an order's instrument."""
        return self._symbols[order.instrument_id]

    def _close(self, order: NativeOrder) -> float:
        return self._closes.get(self.symbol(order), 0.0)
