"""Series made of equity curves and returns: drawdowns, returns of days, months and years, rolling figures.

Each is a function of arrays alone, so that figures, pages and users make them the same way. A rolling figure has one
element for each return; NaN before its first window is full, and where the figure has no meaning.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from orchestrate.analytics.metrics.metric import NOISE
from orchestrate.analytics.sums import mean, total
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

Places = np.ndarray[tuple[int], np.dtype[np.intp]]
Calendar = Literal["day", "month", "year"]
DAY: Final = 86_400 * 1_000_000_000
#: So many returns multiply up to what a float can hold.
_BLOCK: Final = 32
_LAST: Final[dict[int, tuple[weakref.ref[Stamps], PeriodEnds]]] = {}
_UNITS: Final[dict[Calendar, str]] = {"month": "M", "year": "Y"}


@dataclass(frozen=True, slots=True, eq=False)
class Drawdowns:
    """The falls below a highest value and back, in the order of time; places are those in the curve.

    `peaks` are the last values as high as any before, `ends` the first ones as high again, or the last value of all.
    """

    depths: Floats
    peaks: Places
    ends: Places
    is_over: Flags


@dataclass(frozen=True, slots=True, eq=False)
class PeriodEnds:
    """The last stamps of every UTC day and calendar month, and their places among all stamps."""

    day_ends: Places
    day_stamps: Stamps
    month_ends: Places
    month_stamps: Stamps


def calendar_of(stamps: Stamps) -> PeriodEnds:
    """Return the ends of days and months; those of the last array of stamps are remembered, which many curves share."""
    last = _LAST.get(id(stamps))
    if last is None or last[0]() is not stamps:
        days = period_ends(stamps, "day")
        months = days[period_ends(stamps[days], "month")]
        last = weakref.ref(stamps), PeriodEnds(days, stamps[days], months, stamps[months])
        _LAST.clear()
        _LAST[id(stamps)] = last
    return last[1]


def period_ends(stamps: Stamps, calendar: Calendar) -> Places:
    """Return the places of the last stamp of every UTC day, month or year."""
    periods = _periods(stamps, calendar)
    return np.flatnonzero(np.append(periods[1:] != periods[:-1], True)) if len(stamps) else np.zeros(0, dtype=np.intp)


def period_names(stamps: Stamps, calendar: Calendar) -> list[str]:
    """Return the name of each period that has a stamp: `2020-01` a month, `2020` a year."""
    return [str(name) for name in _periods(stamps[period_ends(stamps, calendar)], calendar)]


def _periods(stamps: Stamps, calendar: Calendar) -> Any:
    """Return the period of each stamp."""
    days = stamps // DAY
    return days if calendar == "day" else days.astype("datetime64[D]").astype(f"datetime64[{_UNITS[calendar]}]")


def returns_of(curve: Floats) -> Floats:
    """Return the return from each value of a curve to the next."""
    return np.asarray(curve[1:] / curve[:-1] - 1.0, dtype=np.float64)


def period_table(stamps: Stamps, equity: Floats, initial: float, calendar: Calendar) -> dict[str, float]:
    """Return the return of each UTC day, month or year that has a stamp, by its name, the first from `initial` on."""
    returns = returns_of(np.concatenate([[initial], equity[period_ends(stamps, calendar)]]))
    return dict(zip(period_names(stamps, calendar), returns.tolist(), strict=True))


def drawdown(curve: Floats) -> Floats:
    """Return how far each value lies below the highest so far, as a negative fraction."""
    return np.asarray(curve / np.maximum.accumulate(curve) - 1.0, dtype=np.float64)


def drawdowns(depths: Floats) -> Drawdowns:
    """Return the drawdowns of a curve, from how far each of its values lies below the highest so far."""
    starts, ends = _runs(depths < 0.0)
    deepest = np.minimum.reduceat(depths, starts) if len(starts) else np.zeros(0)
    return Drawdowns(deepest, starts - 1, np.minimum(ends, len(depths) - 1), ends < len(depths))


def mean_growth(returns: Floats, periods: Flags) -> float:
    """Return the geometric mean of the returns of these periods; a logarithm takes longer than a block of products."""
    growth = np.where(periods, returns, 0.0) + 1.0
    blocks = np.multiply.reduceat(growth, np.arange(0, len(growth), _BLOCK))
    return float(np.expm1(total(np.log(blocks)) / np.count_nonzero(periods)))


def longest_run(flags: Flags) -> int:
    """Return the length of the longest run of flags that are set."""
    starts, ends = _runs(flags)
    return int((ends - starts).max(initial=0))


def _runs(flags: Flags) -> tuple[Places, Places]:
    """Return where runs of flags that are set begin, and the places after their ends."""
    bounded = np.concatenate([[False], flags, [False]])
    changes = np.flatnonzero(bounded[1:] != bounded[:-1])
    return changes[::2], changes[1::2]


def rolling_volatility(returns: Floats, window: int, annual: float) -> Floats:
    """Return the standard deviation (ddof 1) of the last `window` returns, annualised."""
    return np.asarray(_rolling_deviation(returns, window) * np.sqrt(annual), dtype=np.float64)


def rolling_sharpe(returns: Floats, window: int, annual: float) -> Floats:
    """Return the mean over the standard deviation of the last `window` returns, annualised."""
    return _divided(_rolling_mean(returns, window) * np.sqrt(annual), _rolling_deviation(returns, window))


def rolling_beta(returns: Floats, benchmark: Floats, window: int) -> Floats:
    """Return the covariance of the last `window` returns with the benchmark's against their variance."""
    return _divided(_rolling_covariance(returns, benchmark, window), _rolling_deviation(benchmark, window) ** 2)


def rolling_correlation(returns: Floats, others: Floats, window: int) -> Floats:
    """Return Pearson's correlation of the last `window` returns of two curves."""
    deviations = _rolling_deviation(returns, window) * _rolling_deviation(others, window)
    ratio = _divided(_rolling_covariance(returns, others, window), deviations)
    return np.asarray(np.clip(ratio, -1.0, 1.0), dtype=np.float64)


def _rolling_sum(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` values, NaN before there are so many."""
    sums = np.full(len(values), np.nan)
    if 0 < window <= len(values):
        totals = np.cumsum(np.concatenate([[0.0], values]))
        sums[window - 1 :] = totals[window:] - totals[:-window]
    return sums


def _rolling_mean(values: Floats, window: int) -> Floats:
    return _rolling_sum(values, window) / window


def _rolling_covariance(values: Floats, others: Floats, window: int) -> Floats:
    """Return the covariance (ddof 1); about the mean of all values, so that sums of squares keep their digits."""
    if window < 2 or not len(values):
        return np.full(len(values), np.nan)
    first, second = values - mean(values), others - mean(others)
    product = _rolling_sum(first * second, window)
    return (product - _rolling_sum(first, window) * _rolling_sum(second, window) / window) / (window - 1)


def _rolling_deviation(values: Floats, window: int) -> Floats:
    """Return the standard deviation (ddof 1); 0 where the values do not change but for the rounding of floats."""
    variance = np.maximum(_rolling_covariance(values, values, window), 0.0)
    largest = float(np.abs(values).max(initial=0.0))
    return np.where(variance <= NOISE * largest**2, 0.0, np.sqrt(variance))


def _divided(values: Floats, by: Floats) -> Floats:
    """Return the quotients; NaN where there is nothing to divide by."""
    positive: Flags = by > 0.0
    quotients = np.full(len(values), np.nan)
    quotients[positive] = values[positive] / by[positive]
    return quotients
