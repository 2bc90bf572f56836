"""How far a Sharpe ratio can be trusted, after Bailey and López de Prado (2012, 2014).

Ratios are those of one period, with the standard deviation's ddof 1; skew and kurtosis are ratios of population
moments, the kurtosis of a normal distribution being 3. NoFigureError says why a figure is undefined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from orchestrate.analytics.metrics.metric import NOISE, NoFigureError

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Floats

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SharpeSample:
    """What the returns of one trial say about its Sharpe ratio."""

    sharpe: float
    periods: int
    skew: float
    kurtosis: float


def sharpe_sample(returns: Floats) -> SharpeSample:
    """Return the Sharpe ratio of a period and the moments of `returns`; undefined for returns that never change."""
    periods = len(returns)
    if periods < 2:
        raise NoFigureError("it takes two returns")
    mean = float(returns.mean())
    about_mean = returns - mean
    variance = float((about_mean**2).mean())
    if not math.isfinite(variance):
        raise NoFigureError("a return is not a number")
    if math.sqrt(variance) <= NOISE * float(abs(returns).max()):
        raise NoFigureError("returns never change")
    return SharpeSample(
        sharpe=mean / math.sqrt(variance * periods / (periods - 1)),
        periods=periods,
        skew=float((about_mean**3).mean()) / variance**1.5,
        kurtosis=float((about_mean**4).mean()) / variance**2,
    )


def probabilistic_sharpe(sharpe: float, periods: int, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio exceeds `benchmark`, after `periods` returns."""
    if periods < 2:
        raise NoFigureError("it takes two returns")
    _require_finite(sharpe, periods, skew, kurtosis, benchmark)
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(periods - 1) / math.sqrt(_spread(sharpe, skew, kurtosis)))


def deflated_sharpe(sharpe: float, periods: int, skew: float, kurtosis: float, trials: int, variance: float) -> float:
    """Return the probability that the true Sharpe ratio exceeds what the best of `trials` reaches by luck alone.

    `variance`: that of the Sharpe ratios of all trials. One trial alone has no luck to choose from.
    """
    return probabilistic_sharpe(sharpe, periods, skew, kurtosis, expected_maximum(trials, variance))


def expected_maximum(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of so many trials is expected to show where none has any skill."""
    if trials < 1:
        raise NoFigureError("no trial was evaluated")
    if trials == 1:
        return 0.0
    _require_finite(variance)
    if variance < 0.0:
        raise NoFigureError("the variance of the trials is negative")
    best, beyond = (-_NORMAL.inv_cdf(1.0 / (trials * scale)) for scale in (1.0, math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * best + _EULER * beyond)


def minimum_track_record(
    sharpe: float, skew: float, kurtosis: float, benchmark: float = 0.0, confidence: float = 0.95
) -> float:
    """Return how many periods it takes to say with `confidence` that the true Sharpe ratio exceeds `benchmark`."""
    _require_finite(sharpe, skew, kurtosis, benchmark)
    if not 0.0 < confidence < 1.0:
        raise NoFigureError("a confidence lies between 0 and 1")
    if sharpe <= benchmark:
        raise NoFigureError(f"the Sharpe ratio does not exceed {benchmark:g}: no track record is long enough")
    deviations = max(0.0, _NORMAL.inv_cdf(confidence)) / (sharpe - benchmark)
    return 1.0 + _spread(sharpe, skew, kurtosis) * deviations**2


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    """Return the variance of the estimated Sharpe ratio, times the periods less one."""
    spread = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if not spread > 0.0:
        raise NoFigureError("no returns have this Sharpe ratio, skew and kurtosis")
    return spread


def _require_finite(*figures: float) -> None:
    if not all(math.isfinite(figure) for figure in figures):
        raise NoFigureError("a figure that it needs is not a number")
