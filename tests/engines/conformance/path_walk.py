"""What a resting order must come to: the price walks tick by tick through each bar. Nothing here asks the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: open, high, low, close, in whole cents
Bar = tuple[float, float, float, float]


@dataclass(frozen=True)
class WalkedOrder:
    """An order by its prices."""

    quantity: float
    limit: float | None = None
    trigger: float | None = None
    trail: float | None = None


def walk(bars: Sequence[Bar], order: WalkedOrder) -> tuple[int, float] | None:
    """The bar and the price of the fill; None where no tick makes one."""
    side = 1 if order.quantity > 0 else -1
    limit, trigger, trail = (None if p is None else round(p * 100) for p in (order.limit, order.trigger, order.trail))
    for number, bar in enumerate(bars):
        ticks = [round(price * 100) for price in bar]
        for tick in _ticks(*ticks):
            if trigger is not None and side * (tick - trigger) >= 0:
                trigger = None
            if trigger is None and (limit is None or side * (limit - tick) >= 0):
                return number, tick / 100
        if trail is not None and trigger is not None:
            trigger = min(trigger, ticks[2] + trail) if side > 0 else max(trigger, ticks[1] - trail)
    return None


def _ticks(first: int, high: int, low: int, last: int) -> Iterator[int]:
    """From the open to the nearer extreme, to the other one, to the close."""
    way = [high, low] if high - first <= first - low else [low, high]
    now = first
    yield now
    for goal in (*way, last):
        while now != goal:
            now += 1 if goal > now else -1
            yield now
