"""What the stamps of a series say: how long a bar is, which days it trades, how many bars make a year."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.domain.market import Stamps
from orchestrate.domain.synthetic import seconds

SECOND: Final = 1_000_000_000
DAY: Final = 86400 * SECOND
_YEAR: Final = 365.25 * DAY


def bar_length(label: Stamps, frequency: str = "") -> int:
    """Nanoseconds of a bar: as `frequency` says, else the commonest step. A month counts as its longest, 31 days."""
    if frequency:
        return seconds(frequency) * SECOND
    steps, counts = np.unique(np.diff(label), return_counts=True)
    length = int(steps[counts.argmax()])
    return 31 * DAY if 28 * DAY <= length <= 31 * DAY else length


def weekdays(label: Stamps) -> Stamps:
    """Monday 0 … Sunday 6 of every bar's UTC date."""
    return (label // DAY + 3) % 7


def periods_per_year(label: Stamps, *, daily: bool) -> float:
    """252 for five-day daily bars, 365 for seven-day, otherwise returns ÷ years between first and last stamp."""
    if daily:
        days = frozenset(weekdays(label).tolist())
        if days <= {0, 1, 2, 3, 4}:
            return 252.0
        if len(days) == 7:
            return 365.0
    years = float(label[-1] - label[0]) / _YEAR
    return (len(label) - 1) / years if years > 0 else 252.0
