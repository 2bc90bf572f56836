"""Returns against those of the benchmark over the same periods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import NOISE, NoFigureError
from orchestrate.analytics.sums import mean

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track
    from orchestrate.domain.market.timeline import Flags


def alpha(track: Track) -> float:
    """Return the mean return that the benchmark's movements don't explain, annualised."""
    own, held = track.against
    return (mean(own) - track.beta * mean(held)) * track.annual


def beta(track: Track) -> float:
    """Return the covariance with the benchmark's returns against their variance."""
    return track.beta


def tracking_error(track: Track) -> float:
    """Return the standard deviation (ddof 1) of the returns above the benchmark's, annualised."""
    return track.tracking[1] * math.sqrt(track.annual)


def information_ratio(track: Track) -> float:
    """Return the mean return above the benchmark's against its standard deviation, annualised."""
    own, held = track.against
    mean, deviation = track.tracking
    if deviation <= NOISE * max(float(abs(own).max()), float(abs(held).max())):
        raise NoFigureError("the returns never differ from the benchmark's")
    return mean / deviation * math.sqrt(track.annual)


def capture_up(track: Track) -> float:
    """Return the geometric mean return while the benchmark rose against that of the benchmark."""
    return _capture(track, track.against[1] > 0.0, "rose")


def capture_down(track: Track) -> float:
    """Return the geometric mean return while the benchmark fell against that of the benchmark."""
    return _capture(track, track.against[1] < 0.0, "fell")


def _capture(track: Track, periods: Flags, moved: str) -> float:
    from orchestrate.analytics.series import mean_growth

    own, held = track.against
    if not periods.any():
        raise NoFigureError(f"the benchmark never {moved}")
    return mean_growth(own, periods) / mean_growth(held, periods)
