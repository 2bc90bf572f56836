"""The one rule by which resting orders of portable strategies fill, on every engine.

Touching a level reaches it. Levels are compared as decimals of the instrument's precision, not as floats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market.timeline import BarSeries, Flags, HistoricalDataBar
from orchestrate.domain.orders.order import Order, OrderGroup, trailing_level
from orchestrate.domain.orders.terms import rounded_level
from orchestrate.domain.values import value

#: So many bars are searched first; each further search takes eight times as many.
_FIRST_SEARCH: Final = 256
_LONGEST_SEARCH: Final = 65_536
#: More than the rounding of a level moves it, in units of the last decimal.
_ROUNDING: Final = 0.51
_NOTHING: Final[Flags] = np.zeros(0, dtype=np.bool_)


class Reached(NamedTuple):
    """The price, before slippage, at which a bar fills an order, and whether its open did."""

    price: float
    at_open: bool

    def distance(self, bar: HistoricalDataBar) -> Decimal:
        """Return how far from the bar's open the price is."""
        return abs(Decimal(str(self.price)) - Decimal(str(bar.open)))


class Match(NamedTuple):
    """An order that a bar reaches."""

    order: Order
    reached: Reached
    bar: HistoricalDataBar

    @property
    def is_second(self) -> bool:
        """True for the one of an OCO that was named second."""
        group = self.order.group
        return group is not None and group.second


def in_order_of_filling(matches: list[Match]) -> list[Match]:
    """Return orders that their bars reach, given as they were placed, in the order in which they fill.

    What the open reaches comes first; of an OCO the nearer to the open comes before the other, ties as they are named.
    """
    if len(matches) > 1:
        matches = sorted(matches, key=lambda each: not each.reached.at_open)
        _move_nearer_first(matches)
    return matches


def _move_nearer_first(matches: list[Match]) -> None:
    """Of an OCO that one bar reaches, move the farther order behind the nearer; of two as near, the second named."""
    seen: dict[OrderGroup, Match] = {}
    for later in list(matches):
        group = later.order.group
        if group is None or group.kind != "oco":
            continue
        if group not in seen:
            seen[group] = later
            continue
        first = seen[group]
        its, before = later.reached.distance(later.bar), first.reached.distance(first.bar)
        if its < before or (its == before and first.is_second):
            matches.remove(first)
            matches.insert(matches.index(later) + 1, first)


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
        """Return the order as it begins to rest; a native's engine takes its levels as they are."""
        if order.trail is not None and order.trigger is None:
            raise EngineError(f"order {order.id}: a trailing stop needs a trigger, the level at which it begins")
        limit, trigger = order.limit, order.trigger
        if not order.native_order:
            limit = None if limit is None else rounded_level(limit, precision)
            trigger = None if trigger is None else rounded_level(trigger, precision)
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
        return self._followed(bar.low if self.buys else bar.high, self.trigger, self.trail)

    def after_all(self, series: BarSeries, start: int, stop: int) -> RestingOrder:
        """Return the order as it rests after bars from `start` up to `stop`, none of which reaches it."""
        if self.trail is None or self.trigger is None or start >= stop:
            return self
        extreme = series.low[start:stop].min() if self.buys else series.high[start:stop].max()
        return self._followed(float(extreme), self.trigger, self.trail)

    def reached_after(self, series: BarSeries, first: int, row: int) -> Reached | None:
        """Return where the bar at `row` fills an order that rests since `first`; None where it doesn't."""
        rule = self.after_all(series, first, row)
        if (
            self.limit is not None
            and self.trigger is not None
            and first < row
            and self.first_reach(series, first, row) < row
        ):
            rule = RestingOrder(self.buys, self.precision, self.limit)  # triggered by a bar before
        return rule.reached(series.bar(row))

    def changed(self, order: Order) -> RestingOrder:
        """Return the order with its new prices; a triggered one stays triggered, a trailing one stays where it is."""
        if self.trail is not None or (self.limit is None and self.trigger is None):
            return self
        new = RestingOrder.of(order, self.precision)
        triggered = self.trigger is None and new.trigger is not None
        return RestingOrder(self.buys, self.precision, new.limit, None if triggered else new.trigger)

    def first_reach(self, series: BarSeries, start: int, end: int) -> int:
        """Return the first row from `start` on and before `end` whose bar may reach or trigger it; `end` for none.

        Of a trailing stop it may be one too early, never one too late.
        """
        length, trigger = _FIRST_SEARCH, self.trigger
        while start < end:
            stop = min(end, start + length)
            if self.trail is not None and trigger is not None:
                touched, trigger = self._trail_touched(series, start, stop, trigger, self.trail)
            else:
                touched = self._touched(series, start, stop)
            if len(touched):
                place = int(touched.argmax())
                if touched[place]:
                    return start + place
            start, length = stop, min(length * 8, _LONGEST_SEARCH)
        return end

    def _touched(self, series: BarSeries, start: int, stop: int) -> Flags:
        """Return which of these bars may reach or trigger it, as long as none before them does."""
        if self.trigger is not None:
            touched = series.high[start:stop] >= self.trigger if self.buys else series.low[start:stop] <= self.trigger
        elif self.limit is not None:
            touched = series.low[start:stop] <= self.limit if self.buys else series.high[start:stop] >= self.limit
        else:
            touched = np.ones(stop - start, dtype=np.bool_)
        return touched

    def _trail_touched(
        self, series: BarSeries, start: int, stop: int, trigger: float, trail: float
    ) -> tuple[Flags, float]:
        """Compare each bar with the level that the bars before it make, or nearly; and return the level after all.

        Nothing is compared where no bar comes near any of their levels.
        """
        blur = _ROUNDING * 10.0**-self.precision
        last = self._last_level(series, start, stop, trigger, trail)
        if self.buys:
            if series.high[start:stop].max() < last - blur:
                return _NOTHING, last
            levels = np.minimum.accumulate(series.low[start:stop])
            levels += trail
            np.minimum(levels, trigger, out=levels)
            touched = series.high[start:stop] >= trigger - blur
            touched[1:] = series.high[start + 1 : stop] >= levels[:-1] - blur
        else:
            if series.low[start:stop].min() > last + blur:
                return _NOTHING, last
            levels = np.maximum.accumulate(series.high[start:stop])
            levels -= trail
            np.maximum(levels, trigger, out=levels)
            touched = series.low[start:stop] <= trigger + blur
            touched[1:] = series.low[start + 1 : stop] <= levels[:-1] + blur
        return touched, last

    def _last_level(self, series: BarSeries, start: int, stop: int, trigger: float, trail: float) -> float:
        """Return the level after these bars, the nearest to the market that it has been, not rounded."""
        if self.buys:
            return min(trigger, float(series.low[start:stop].min()) + trail)
        return max(trigger, float(series.high[start:stop].max()) - trail)

    def _followed(self, extreme: float, trigger: float, trail: float) -> RestingOrder:
        level = rounded_level(trailing_level(extreme, trail, buys=self.buys), self.precision)
        moved = min(trigger, level) if self.buys else max(trigger, level)
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
