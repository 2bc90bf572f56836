"""What the positions of a native's engine have realised."""

from __future__ import annotations

from math import fsum

from nautilus_trader.model.events import OrderFilled, PositionEvent, PositionOpened
from nautilus_trader.model.objects import Money, Quantity

from orchestrate.domain.books import closing_and_opening


class RealisedProfit:
    """Profit net of fees over all positions, closed ones included; Nautilus has it for each position alone."""

    def __init__(self) -> None:
        self._by_position: dict[str, float] = {}
        self._before = 0.0
        self._owed: float | None = None

    @property
    def total(self) -> float:
        """The profit so far."""
        return self._before + fsum(self._by_position.values())

    def fill(self, event: OrderFilled, held: float, quantity: float) -> None:
        """Take in an order's fill, with `held` of its symbol before: the position event follows."""
        if event.commission.currency != event.currency:  # a position counts no fee in another currency than its own
            self._before -= event.commission.as_double()
            return
        closing, opening = closing_and_opening(held, quantity)
        if closing and opening:
            self._owed = _fee_of_the_second_half(event, closing)

    def change(self, event: PositionEvent) -> None:
        """Take in the change of a position."""
        name = event.position_id.value
        if isinstance(event, PositionOpened):
            self._before += self._by_position.get(name, 0.0)
            if self._owed is not None:
                self._before -= self._owed + event.realized_pnl.as_double()
                self._owed = None
        self._by_position[name] = event.realized_pnl.as_double()


def _fee_of_the_second_half(event: OrderFilled, closing: float) -> float:
    """Return what is left of an order's fee for the position that a flip opens.

    Nautilus 1.221 rounds both halves to the cents of the currency's usual form; together they aren't the fee any more.
    """
    fee = event.commission
    share = Quantity(abs(closing), event.last_qty.precision) / event.last_qty
    first: float = Money(fee * share, fee.currency).as_double()
    left: float = fee.as_double() - first
    return left
