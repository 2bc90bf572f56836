"""What one native strategy wants and what became of it, kept until the orchestrator asks."""

from __future__ import annotations

from collections.abc import Callable

from nautilus_trader.model.events import (
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    PositionEvent,
    PositionOpened,
)
from nautilus_trader.model.objects import Money, Quantity

from orchestrate.domain.books import closing_and_opening
from orchestrate.domain.orders.order import Demand, Ended, Fill, Reason

#: How an order ends without a fill.
ENDS = {
    OrderCanceled: Reason.CANCELLED,
    OrderDenied: Reason.CANCELLED,
    OrderRejected: Reason.CANCELLED,
    OrderExpired: Reason.EXPIRED,
}


class Ledger:
    """Orders go by their engine's ids here. `news` is called whenever there is something to tell."""

    def __init__(self, strategy_id: str, news: Callable[[], None]) -> None:
        self._strategy_id = strategy_id
        self._news = news
        self._fills: list[Fill] = []
        self._demands: list[Demand] = []
        self._ended: list[Ended] = []
        self._told: set[str] = set()
        self._order_ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._realised: dict[str, float] = {}
        self._realised_before = 0.0
        self._owed: float | None = None

    # ---- what happens

    def want(self, demand: Demand) -> None:
        """The strategy has submitted an order."""
        self._demands.append(demand)
        self._news()

    def hand_over(self, native_order: str, order_id: str) -> None:
        """The order is the orchestrator's `order_id`, and may fill from now on."""
        self._order_ids[native_order] = order_id

    def fill(self, event: OrderFilled, symbol: str, t: int, held: float) -> Fill:
        """An order has filled, which it does whole, with `held` of the symbol before."""
        native_order = event.client_order_id.value
        size = round(event.last_qty.as_double(), event.last_qty.precision)
        price = round(event.last_px.as_double(), event.last_px.precision)
        quantity = size if event.is_buy else -size
        closing, opening = closing_and_opening(held, quantity)
        if closing and opening:
            self._owed = _fee_of_the_second_half(event, closing)
        order_id = self._order_ids.pop(native_order)
        self._told.discard(self._names.pop(native_order, native_order))
        fill = Fill(order_id, self._strategy_id, symbol, quantity, price, event.commission.as_double(), t)
        self._fills.append(fill)
        self._news()
        return fill

    def end(self, native_order: str, reason: Reason) -> None:
        """An order is over unfilled: its demand is taken back if nobody has heard of it, else its end is told."""
        self._order_ids.pop(native_order, None)
        name = self._names.pop(native_order, native_order)
        if name in self._told:
            self._told.discard(name)
            self._ended.append(Ended(self._strategy_id, name, reason))
            self._news()
        else:
            self._demands = [demand for demand in self._demands if demand.native_order != name]

    def rename(self, native_order: str, name: str) -> None:
        """The order goes on, but is demanded anew under another name; what it was before is over."""
        self.end(native_order, Reason.CANCELLED)
        self._names[native_order] = name

    def end_unheard(self, native_order: str) -> None:
        """The orchestrator ends the order itself, and need not be told."""
        self._told.discard(native_order)

    def book(self, event: PositionEvent) -> None:
        """A position of the engine's has changed."""
        name = event.position_id.value
        if isinstance(event, PositionOpened):
            self._realised_before += self._realised.get(name, 0.0)
            if self._owed is not None:
                self._realised_before -= self._owed + event.realized_pnl.as_double()
                self._owed = None
        self._realised[name] = event.realized_pnl.as_double()

    def fall_silent(self) -> None:
        """The strategy has failed: it wants nothing any more."""
        self._demands.clear()
        self._told.clear()
        self._news()

    # ---- what is told, once

    def fills(self) -> list[Fill]:
        """Fills since this was last asked."""
        told, self._fills = self._fills, []
        return told

    def demands(self) -> list[Demand]:
        """Orders wanted since this was last asked."""
        told, self._demands = self._demands, []
        self._told.update(demand.native_order for demand in told)
        return told

    def ended(self) -> list[Ended]:
        """Orders that are over since this was last asked."""
        told, self._ended = self._ended, []
        return told

    @property
    def realised(self) -> float:
        """What the engine's positions realised, net of fees."""
        return self._realised_before + sum(self._realised.values())


def _fee_of_the_second_half(event: OrderFilled, closing: float) -> float:
    """What is left of an order's fee for the position that a flip opens.

    Nautilus 1.221 rounds both halves to the cents of the currency's usual form; together they aren't the fee any more.
    """
    fee = event.commission
    share = Quantity(abs(closing), event.last_qty.precision) / event.last_qty
    first: float = Money(fee * share, fee.currency).as_double()
    left: float = fee.as_double() - first
    return left
