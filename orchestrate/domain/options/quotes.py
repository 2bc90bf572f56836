"""A quote of a contract: what it lets buyers and sellers do, and the worth that it gives to what is held."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Final, Literal

from orchestrate.domain.values import value

#: Where a mark comes from: a quote of now, an older one, or the price of the underlying alone.
MarkSource = Literal["fresh", "last", "intrinsic"]
NO_PRICE: Final = math.nan


@value
class Quote:
    """The two sides of a contract, NaN where nobody quotes, and its `age` in nanoseconds. A bid of 0 is no buyer."""

    bid: float
    ask: float
    age: int = 0

    @property
    def has_bid(self) -> bool:
        """True where somebody buys."""
        return self.bid > 0

    @property
    def has_ask(self) -> bool:
        """True where somebody sells."""
        return self.ask > 0

    @property
    def is_two_sided(self) -> bool:
        """True where somebody buys and somebody sells: only then is there a mid."""
        return self.has_bid and self.has_ask

    @property
    def is_abandoned(self) -> bool:
        """True where somebody sells and nobody buys: what is long can only be given up, at 0."""
        return self.has_ask and not self.has_bid

    @property
    def mid(self) -> float:
        """The middle of both sides, NaN where one is missing."""
        return 0.5 * (self.bid + self.ask) if self.is_two_sided else NO_PRICE

    def buy(self, cross: float = 1.0) -> float | None:
        """Return what a buyer pays who crosses this share of the spread; None where he can't buy."""
        if cross >= 1:
            return self.ask if self.has_ask else None
        return self.bid + cross * (self.ask - self.bid) if self.is_two_sided else None

    def sell(self, cross: float = 1.0) -> float | None:
        """Return what a seller gets who crosses this share of the spread; None where he can't sell."""
        if cross >= 1:
            return self.bid if self.has_bid else None
        return self.ask - cross * (self.ask - self.bid) if self.is_two_sided else None

    def is_stale(self, max_age: int) -> bool:
        """Return whether it is too old to trade at."""
        return self.age > max_age


@value
class Mark:
    """What one unit of a contract counts as worth."""

    price: float
    source: MarkSource


@value
class QuoteHistory:
    """The quotes of one contract, oldest first: when each was made, and its two sides."""

    made: memoryview
    bid: memoryview
    ask: memoryview

    def newest(self, moment: int) -> Quote | None:
        """Return the newest quote at `moment`, None before the first."""
        place = bisect_right(self.made, moment) - 1
        return self._quote(place, moment) if place >= 0 else None

    def two_sided(self, moment: int, max_age: int) -> Quote | None:
        """Return the newest quote at `moment` with two sides that is no older than `max_age`, None without one."""
        place = bisect_right(self.made, moment) - 1
        while place >= 0 and moment - self.made[place] <= max_age:
            quote = self._quote(place, moment)
            if quote.is_two_sided:
                return quote
            place -= 1
        return None

    def _quote(self, place: int, moment: int) -> Quote:
        return Quote(self.bid[place], self.ask[place], moment - self.made[place])


def marked(two_sided: Quote | None, intrinsic: float) -> Mark:
    """Return the mid of the newest quote with two sides, if there is one that counts; else the `intrinsic`."""
    if two_sided is None:
        return Mark(intrinsic, "intrinsic")
    return Mark(two_sided.mid, "last" if two_sided.age else "fresh")
