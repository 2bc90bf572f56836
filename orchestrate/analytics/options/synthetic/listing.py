"""Which contracts a synthetic chain quotes, and when: what an exchange would list as the price moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrate.analytics.options.columns import Rows, years_between
from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.domain.market.timeline import Floats, Stamps

_DAY: Final = 86_400 * 10**9
_WEEK: Final = 7
#: The place of Friday in a week that begins with 1970-01-01.
_FRIDAY: Final = 1
#: From so many days on, an expiry is a third Friday of a month.
_FAR: Final = 60
#: When an expiry is listed its strikes reach so many deviations up and down.
_REACH: Final = 3.5
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Strikes in the order of a chain: `row` is the place of the quote's moment, `day` of the expiry since 1970."""

    row: Rows
    day: Stamps
    expiry: Stamps
    strike: Floats


def listed(spec: SyntheticChain, moments: Stamps, closes: Floats, expires_at: Callable[[int], int]) -> Listing:
    """Return every strike of every expiry that is listed at each moment.

    `expires_at` gives the instant at which options of a day expire.
    """
    days, first = expiry_days(spec, moments // _DAY)
    parts = [
        _expiry(spec, moments, closes, day, expires_at(day), start) for day, start in zip(days, first, strict=True)
    ]
    row, day, expiry, strike = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")  # within an expiry rows rise already, and strikes within a row
    return Listing(row[order], day[order], expiry[order], strike[order])


def expiry_days(spec: SyntheticChain, today: Stamps) -> tuple[list[int], list[int]]:
    """Return the days on which options expire, and the place of the first moment that lists each."""
    ahead = range(0, _WEEK * spec.expiries, _WEEK) if isinstance(spec.expiries, int) else spec.expiries
    rule = (_friday if isinstance(spec.expiries, int) or days < _FAR else _third_friday for days in ahead)
    each = np.stack([choose(today + days) for choose, days in zip(rule, ahead, strict=True)], axis=1)
    days, first = np.unique(each.ravel(), return_index=True)
    return days.tolist(), (first // each.shape[1]).tolist()


def _friday(day: Stamps) -> Stamps:
    """Return the Friday on or after each day."""
    return np.asarray(day + (_FRIDAY - day) % _WEEK)


def _third_friday(day: Stamps) -> Stamps:
    """Return the third Friday of a month on or after each day."""
    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    first_days = (each.astype("M8[M]").astype("M8[D]").astype(np.int64) for each in (month, month + 1))
    of_this_month, of_the_next = (_friday(first + 14) for first in first_days)
    return np.where(day <= of_this_month, of_this_month, of_the_next)


def _expiry(
    spec: SyntheticChain, moments: Stamps, closes: Floats, day: int, expiry: int, start: int
) -> tuple[Rows, Stamps, Stamps, Floats]:
    """Return the rows of one expiry: strikes about each price that was seen since it was listed."""
    behind = max(start, int(np.searchsorted(moments, expiry, side="right")))
    if behind == start:
        return (np.zeros(0, np.int64),) * 3 + (np.zeros(0),)
    seen = closes[start:behind]
    years = max(float(years_between(int(moments[start]), expiry)), 1.0 / 365.0)
    reach = _REACH * spec.surface.level * math.sqrt(years)
    step, decimals = strike_step(2.0 * reach * float(seen[0]) / spec.strikes)
    lowest = np.maximum(np.rint(np.minimum.accumulate(seen) / step) - spec.strikes // 2, 1.0)
    highest = np.rint(np.maximum.accumulate(seen) / step) + (spec.strikes - 1) // 2
    numbers = np.arange(lowest.min(), highest.max() + 1.0)
    row, place = np.nonzero((numbers >= lowest[:, np.newaxis]) & (numbers <= highest[:, np.newaxis]))
    strike = np.round(numbers * step, decimals)[place]
    return row + start, np.full(len(row), day), np.full(len(row), expiry), strike


def strike_step(wanted: float) -> tuple[float, int]:
    """Return the next round step, such as 2.5, from `wanted` on, and how many decimals its multiples have."""
    exponent = math.floor(math.log10(wanted))
    scale = 10.0**exponent
    step = next(each for each in _STEPS if each * scale >= wanted * (1.0 - 1e-9))
    return step * scale, max(1 - exponent, 0)
