"""The steps at which days, weeks, months, quarters and years begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.portfolio import Period

_DAY: Final = 86_400 * 10**9
#: 1970-01-01 was a Thursday: so many days after a Monday.
_THURSDAY: Final = 3


def _months(days: Stamps) -> Stamps:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


#: The number of the period that a day, counted from 1970-01-01, belongs to.
_NUMBERS: Final[dict[Period, Callable[[Stamps], Stamps]]] = {
    "day": lambda days: days,
    "week": lambda days: (days + _THURSDAY) // 7,
    "month": _months,
    "quarter": lambda days: _months(days) // 3,
    "year": lambda days: _months(days) // 12,
}


def first_steps(labels: Stamps, period: Period) -> list[int]:
    """Return the steps with the first bar of a new period, by the UTC dates of `labels`; the first step begins none."""
    numbers = np.maximum.accumulate(_NUMBERS[period](labels // _DAY))
    return [int(step) + 1 for step in np.flatnonzero(numbers[1:] > numbers[:-1])]
