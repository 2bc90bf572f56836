"""How much returns vary, how they are distributed, and what was gained for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import NOISE, NoFigureError
from orchestrate.analytics.sums import mean

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track


def volatility(track: Track) -> float:
    """Return the standard deviation of the returns (ddof 1), annualised."""
    return _deviation(track) * math.sqrt(track.annual)


def sharpe(track: Track) -> float:
    """Return the mean over the standard deviation of the returns, annualised; risk-free rate 0."""
    deviation = _deviation(track)
    _require_change(track, deviation)
    return track.mean_return / deviation * math.sqrt(track.annual)


def sortino(track: Track) -> float:
    """Return the mean of the returns over the root mean square of those below 0 (over all periods), annualised."""
    downside = math.sqrt(track.power_sums.losses / len(track.returns))
    if downside == 0.0:
        raise NoFigureError("no period lost money")
    return track.mean_return / downside * math.sqrt(track.annual)


def skew(track: Track) -> float:
    """Return the third moment of the returns against their deviation, without the bias of small samples."""
    size = len(track.returns)
    if size < 3:
        raise NoFigureError("it takes three returns")
    second, third, _ = _moments(track)
    return third / math.pow(second, 1.5) * math.sqrt(size * (size - 1)) / (size - 2)


def kurtosis(track: Track) -> float:
    """Return the fourth moment of the returns above a normal distribution's, without the bias of small samples."""
    size = len(track.returns)
    if size < 4:
        raise NoFigureError("it takes four returns")
    second, _, fourth = _moments(track)
    excess = fourth / second**2 - 3.0
    return (size - 1) / ((size - 2) * (size - 3)) * ((size + 1) * excess + 6.0)


def var_95(track: Track) -> float:
    """Return the return that 95 % of the periods exceed."""
    return track.percentile()


def cvar_95(track: Track) -> float:
    """Return the mean of the worst 5 % of the returns."""
    return mean(track.worst)


def tail_ratio(track: Track) -> float:
    """Return the size of the 95th percentile of the returns against that of the 5th."""
    lower = abs(track.percentile())
    if lower == 0.0:
        raise NoFigureError("the 5th percentile of the returns is 0")
    return abs(track.percentile(upper=True)) / lower


def _deviation(track: Track) -> float:
    if len(track.returns) < 2:
        raise NoFigureError("it takes two returns")
    return track.deviation


def _moments(track: Track) -> tuple[float, float, float]:
    """Return the moments of returns that change."""
    _require_change(track, math.sqrt(track.moments[0]))
    return track.moments


def _require_change(track: Track, deviation: float) -> None:
    if deviation <= NOISE * track.largest:
        raise NoFigureError("returns never change")
