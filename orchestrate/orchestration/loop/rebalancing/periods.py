"""The steps at which days, weeks, months, quarters and years begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Stamps, Timeline
from orchestrate.domain.portfolio import Period
from orchestrate.orchestration.loop.clock import every_step, fixed_steps

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


class Calendar:
    """The first steps of periods, which may begin together; the last one gives the name."""

    def __init__(self, timeline: Timeline, periods: Sequence[Period]) -> None:
        self._labels, self._periods = timeline.labels, periods
        self._known = self._until(len(timeline)) if timeline.is_complete else None
        self.next_event = every_step if self._known is None else fixed_steps(self._known)

    def at(self, step: int) -> str:
        """Return the period that begins at this step; "" where none does."""
        known = self._until(step + 1) if self._known is None else self._known
        return known.get(step, "")

    def _until(self, stop: int) -> dict[int, Period]:
        return {step: period for period in self._periods for step in first_steps(self._labels[:stop], period)}


def first_steps(labels: Stamps, period: Period) -> list[int]:
    """Return the steps with the first bar of a new period, by the UTC dates of `labels`; the first step begins none."""
    numbers = np.maximum.accumulate(_NUMBERS[period](labels // _DAY))
    return [int(step) + 1 for step in np.flatnonzero(numbers[1:] > numbers[:-1])]
