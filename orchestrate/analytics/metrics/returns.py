"""What a curve has gained, in total, a year, and at its best and worst."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from orchestrate.analytics.metrics.metric import NoFigureError

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track

_YEAR: Final = 365.25


def total_return(track: Track) -> float:
    """Return the final equity against the initial capital."""
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if track.initial <= 0.0:
        raise NoFigureError("there was no capital")
    return float(track.equity[-1]) / track.initial - 1.0


def cagr(track: Track) -> float:
    """Return the growth a year, by calendar days ÷ 365.25 between the first and the last bar."""
    growth = total_return(track) + 1.0
    days = track.days
    if days <= 0.0:
        raise NoFigureError("it takes two bars")
    if growth <= 0.0:
        raise NoFigureError("equity fell to zero or below")
    try:
        return math.exp(math.log(growth) * _YEAR / days) - 1.0
    except OverflowError:
        raise NoFigureError("the run is too short to be annualised") from None


def best_day(track: Track) -> float:
    """Return the highest return of a UTC day."""
    return float(track.daily.max())


def worst_day(track: Track) -> float:
    """Return the lowest return of a UTC day."""
    return float(track.daily.min())


def best_month(track: Track) -> float:
    """Return the highest return of a calendar month."""
    return float(track.monthly.max())


def worst_month(track: Track) -> float:
    """Return the lowest return of a calendar month."""
    return float(track.monthly.min())
