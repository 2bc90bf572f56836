"""How deep a curve fell below its highest value so far, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.metrics.returns import cagr

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track
    from orchestrate.domain.market.timeline import Floats


def calmar(track: Track) -> float:
    """Return the CAGR over the depth of the maximum drawdown."""
    depth = max_drawdown(track)
    if depth == 0.0:
        raise NoFigureError("equity never fell")
    return cagr(track) / -depth


def max_drawdown(track: Track) -> float:
    """Return the deepest fall from the highest value so far, the initial capital included, as a negative fraction.

    Below -1 where more than all was lost.
    """
    return float(_drawdowns(track).min())


def time_under_water(track: Track) -> float:
    """Return the share of the closes below the highest value so far."""
    return float((_drawdowns(track)[-len(track.equity) :] < 0.0).mean())


def longest_drawdown(track: Track) -> float:
    """Return the calendar days of the longest time from a highest value to the next close as high, or to the end."""
    _drawdowns(track)
    return float(track.drawdown_days.max(initial=0.0))


def _drawdowns(track: Track) -> Floats:
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if float(track.curve[0]) <= 0.0:
        raise NoFigureError("there was no capital")
    return track.drawdown
