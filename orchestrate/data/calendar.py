"""Derive from timestamps the length of a bar, the trading days and the bars a year."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.domain.market.synthetic import seconds
from orchestrate.domain.market.timeline import Stamps

SECOND: Final = 1_000_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
_YEAR: Final = 365.25 * DAY


def bar_length(label: Stamps, frequency: str = "") -> int:
    """Return nanoseconds of a bar: as `frequency` says, else the commonest step.

    A month counts as its longest, 31 days.

    ValueError where bars are so far apart, or so long, that int64 nanoseconds can't count it.
    """
    steps, counts = np.unique(np.diff(label), return_counts=True)
    if steps[0] <= 0:
        raise ValueError("two bars that follow each other are more than 292 years apart")
    length = seconds(frequency) * SECOND if frequency else int(steps[counts.argmax()])
    length = 31 * DAY if not frequency and 28 * DAY <= length <= 31 * DAY else length
    if int(label[-1]) + length > np.iinfo(np.int64).max:
        raise ValueError(f"bars of {length / DAY:.0f} days reach beyond the supported years")
    return length


def weekdays(label: Stamps) -> Stamps:
    """Return the weekday of every bar's UTC date, Monday 0 … Sunday 6."""
    return (label // DAY + 3) % 7


def held_days(label: Stamps) -> Stamps:
    """Return the UTC days, counted from 1970, on which a series has bars.

    Found by its days, which are fewer than its bars.
    """
    days = np.arange(label[0] // DAY, label[-1] // DAY + 2)
    bars = np.diff(np.searchsorted(label, days * DAY))
    return days[:-1][bars > 0]


def trading_weekdays(label: Stamps) -> frozenset[int]:
    """Return the weekdays on which the series usually has bars: three times in four as often as on its surest weekday.

    In a short history a few holidays weigh much (Mondays around Christmas and in January, or a currency's Sundays), so
    three more days from Monday to Friday count as held, and two at a weekend that mostly has bars.
    """
    days = held_days(label)
    held = np.bincount(weekdays(days * DAY), minlength=7)
    there = np.bincount((np.arange(days[0], days[-1] + 1) + 3) % 7, minlength=7)
    enough = 0.75 * (held / np.maximum(there, 1)).max() * there
    mostly = (held >= 2) & (2 * held >= there)
    spared = np.where(np.arange(7) < 5, 3, np.where(mostly, 2, 0))
    return frozenset(np.flatnonzero((there > 0) & (held + spared >= enough)).tolist()) | _unseen(there)


def _unseen(there: Stamps) -> frozenset[int]:
    """Return the days from Monday to Friday if a history is too short to have had them all."""
    return frozenset(day for day in range(5) if not there[day])


def missing_days(label: Stamps) -> list[tuple[int, int]]:
    """Return runs of the series' own trading days that have no bar: (first day, how many running), oldest first."""
    days = held_days(label)
    usual = np.isin((np.arange(days[0], days[-1] + 1) + 3) % 7, list(trading_weekdays(label)))
    expected = np.arange(days[0], days[-1] + 1)[usual]
    absent = np.concatenate([[False], ~np.isin(expected, days), [False]])
    edges = np.flatnonzero(np.diff(absent.astype(np.int8)))
    return [(int(expected[start]) * DAY, int(end - start)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def periods_per_year(label: Stamps, *, daily: bool, week: int = 5) -> float:
    """Return 252 for five-day daily bars, 365 for seven-day, else returns ÷ years between first and last stamp.

    `week` is what their class trades: it decides where a history is too short to have had a weekend.
    """
    if daily:
        days = frozenset(weekdays(label).tolist())
        if days <= {0, 1, 2, 3, 4}:
            had_weekend = bool(np.isin([5, 6], weekdays(np.arange(label[0], label[-1] + 1, DAY))).any())
            return 365.0 if week == 7 and not had_weekend else 252.0
        if len(days) == 7:
            return 365.0
    years = (float(label[-1]) - float(label[0])) / _YEAR
    return (len(label) - 1) / years if years > 0 else 252.0
