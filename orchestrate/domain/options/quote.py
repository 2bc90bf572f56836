"""A bid and an ask, and what one pays or gets for them."""

from __future__ import annotations

from math import isfinite, nan

from orchestrate.domain.values import value


@value
class Quote:
    """The two sides of a market; NaN or 0 for a side that is missing. Shares at a close have it as both sides.

    `age` is the time since it was made, in nanoseconds.
    """

    bid: float = nan
    ask: float = nan
    age: int = 0

    @property
    def has_bid(self) -> bool:
        """True where somebody buys."""
        return isfinite(self.bid) and self.bid > 0

    @property
    def has_ask(self) -> bool:
        """True where somebody sells."""
        return isfinite(self.ask) and self.ask > 0

    @property
    def mid(self) -> float:
        """The middle; NaN unless both sides are there."""
        return (self.bid + self.ask) / 2 if self.has_bid and self.has_ask else nan

    def is_stale(self, max_age: int) -> bool:
        """Return whether it is too old to trade at."""
        return self.age > max_age

    def price(self, *, buys: bool, cross: float = 1.0, gives_up: bool = False) -> float:
        """Return what a buy or a sale fills at, `cross` of the way over the spread; NaN where it can't.

        A whole crossing needs the other side's quote only. A sale that `gives_up` takes 0 where nobody buys.
        """
        if gives_up and not buys and self.has_ask and not self.has_bid:
            return 0.0
        if cross == 1.0:
            return self._ask if buys else self._bid
        spread = self._ask - self._bid
        return self._bid + cross * spread if buys else self._ask - cross * spread

    @property
    def _bid(self) -> float:
        return self.bid if self.has_bid else nan

    @property
    def _ask(self) -> float:
        return self.ask if self.has_ask else nan
