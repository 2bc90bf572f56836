"""The quotes of one contract over time, and what it counts as worth by them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.values import value

#: Where a mark comes from: a quote of now, an older one, or the price of the underlying alone.
MarkSource = Literal["fresh", "last", "intrinsic"]
SOURCES: Final[tuple[MarkSource, ...]] = ("fresh", "last", "intrinsic")
_FRESH: Final = 0
_LAST: Final = 1
_INTRINSIC: Final = 2


@value
class Mark:
    """What one unit of a contract counts as worth."""

    price: float
    source: MarkSource


@dataclass(frozen=True, slots=True, eq=False)
class MarkSeries:
    """What a contract counts as worth at each moment until it expires; `sources` are places in `SOURCES`."""

    moments: Stamps
    prices: Floats
    sources: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.moments)

    def at(self, place: int) -> Mark:
        """Return one mark."""
        return Mark(float(self.prices[place]), SOURCES[self.sources[place]])

    @property
    def counts(self) -> Mapping[MarkSource, int]:
        """How many marks come from each source."""
        counts = np.bincount(self.sources, minlength=len(SOURCES))
        return dict(zip(SOURCES, counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class QuoteHistory:
    """The quotes of one contract, oldest first: when each was made, and its two sides."""

    made: memoryview
    bid: memoryview
    ask: memoryview

    def newest(self, moment: int) -> Quote | None:
        """Return the newest quote at `moment`, None before the first."""
        place = bisect_right(self.made, moment) - 1
        return Quote(self.bid[place], self.ask[place], moment - self.made[place]) if place >= 0 else None

    def sides(self, moments: Stamps, max_age: int) -> tuple[Floats, Floats]:
        """Return bid and ask of the newest quote at each moment, NaN where it is older or has none of that side."""
        made, bid, ask = (np.asarray(column) for column in (self.made, self.bid, self.ask))
        if not len(made):
            nothing = np.full(len(moments), np.nan)
            return nothing, nothing
        place = np.searchsorted(made, moments, side="right") - 1
        counts = (place >= 0) & (moments - made[place] <= max_age)
        return (
            np.where(counts & (bid[place] > 0), bid[place], np.nan),
            np.where(counts & (ask[place] > 0), ask[place], np.nan),
        )

    def marks(self, moments: Stamps, intrinsic: Floats, max_age: int) -> MarkSeries:
        """Return the mid of the newest two-sided quote at each moment, if it is no older than `max_age`.

        Where there is none, the `intrinsic` worth of that moment counts.
        """
        made, bid, ask = (np.asarray(column) for column in (self.made, self.bid, self.ask))
        both = (bid > 0) & (ask > 0)
        made, mids = made[both], 0.5 * (bid[both] + ask[both])
        if not len(made):
            return MarkSeries(moments, intrinsic, np.full(len(moments), _INTRINSIC, dtype=np.uint8))
        place = np.searchsorted(made, moments, side="right") - 1
        age = moments - made[place]
        quoted = (place >= 0) & (age <= max_age)
        sources = np.where(quoted, np.where(age == 0, _FRESH, _LAST), _INTRINSIC).astype(np.uint8)
        return MarkSeries(moments, np.where(quoted, mids[place], intrinsic), sources)
