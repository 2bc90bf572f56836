"""The one rule by which resting orders of portable strategies fill, on every engine.

Touching a level reaches it. Levels are compared as decimals of the instrument's precision, not as floats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market.timeline import HistoricalDataBar
from orchestrate.domain.orders.order import Order, trailing_level
from orchestrate.domain.values import value


class Reached(NamedTuple):
    """The price, before slippage, at which a bar fills an order, and whether its open did."""

    price: float
    at_open: bool


@value
class RestingOrder:
    """How an order rests: with a `trigger` it waits to be triggered, with a `limit` alone for a price as good as that.

    With neither it was triggered before and fills at the next open.
    """

    buys: bool
    precision: int
    limit: float | None = None
    trigger: float | None = None
    trail: float | None = None

    @classmethod
    def of(cls, order: Order, precision: int) -> RestingOrder:
        """Return the order as it begins to rest."""
        if order.trail is not None and order.trigger is None:
            raise EngineError(f"order {order.id}: a trailing stop needs a trigger, the level at which it begins")
        limit, trigger = (
            None if level is None else rounded_level(level, precision) for level in (order.limit, order.trigger)
        )
        return cls(order.quantity > 0, precision, limit, trigger, order.trail)

    def reached(self, bar: HistoricalDataBar) -> Reached | None:
        """Return where the bar fills it; None where it doesn't."""
        if self.limit is None:
            return Reached(bar.open, True) if self.trigger is None else self._triggered_by(bar, self.trigger)
        if self.trigger is None:
            return self._limited(bar, self.limit)
        triggered = self._triggered_by(bar, self.trigger)
        if triggered is None or self._allows(triggered.price, self.limit):
            return triggered
        after = _path(bar)[self._place_of_trigger(bar, self.trigger) :]
        return Reached(self.limit, False) if any(self._allows(price, self.limit) for price in after) else None

    def after(self, bar: HistoricalDataBar) -> RestingOrder:
        """Return the order as it rests after the bar: a triggered one stays triggered, a trailing one has followed."""
        if self.trigger is None:
            return self
        if self._triggered_by(bar, self.trigger) is not None:
            return RestingOrder(self.buys, self.precision, self.limit)
        if self.trail is None:
            return self
        level = trailing_level(bar.low if self.buys else bar.high, self.trail, buys=self.buys)
        level = rounded_level(level, self.precision)
        moved = min(self.trigger, level) if self.buys else max(self.trigger, level)
        return RestingOrder(self.buys, self.precision, self.limit, moved, self.trail)

    def _limited(self, bar: HistoricalDataBar, limit: float) -> Reached | None:
        if self._allows(bar.open, limit):
            return Reached(bar.open, True)
        return Reached(limit, False) if self._allows(bar.low if self.buys else bar.high, limit) else None

    def _triggered_by(self, bar: HistoricalDataBar, trigger: float) -> Reached | None:
        if self._triggers(bar.open, trigger):
            return Reached(bar.open, True)
        return Reached(trigger, False) if self._triggers(bar.high if self.buys else bar.low, trigger) else None

    def _place_of_trigger(self, bar: HistoricalDataBar, trigger: float) -> int:
        """Return the first point of the bar's path that is beyond the trigger."""
        return next(place for place, price in enumerate(_path(bar)) if self._triggers(price, trigger))

    def _allows(self, price: float, limit: float) -> bool:
        return price <= limit if self.buys else price >= limit

    def _triggers(self, price: float, trigger: float) -> bool:
        return price >= trigger if self.buys else price <= trigger


def _path(bar: HistoricalDataBar) -> tuple[float, float, float, float]:
    """Return the prices of a bar in the order in which they are taken to come; of two equally near, the high first."""
    high, low, twice = Decimal(str(bar.high)), Decimal(str(bar.low)), 2 * Decimal(str(bar.open))
    first, second = (bar.high, bar.low) if high + low <= twice else (bar.low, bar.high)
    return bar.open, first, second, bar.close


def rounded_level(level: float, precision: int) -> float:
    """Return a level to the instrument's precision, by the decimals that it is written with."""
    return float(round(Decimal(str(level)), precision))
