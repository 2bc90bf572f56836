"""What trading cost, and how much of the capital was at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sums import total

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track


def exposure(track: Track) -> float:
    """Return the share of bars with a position at the close."""
    if not len(track.exposed):
        raise NoFigureError("there is no bar")
    return float(track.exposed.mean())


def fees(track: Track) -> float:
    """Return all fees paid, those of open positions included."""
    return float(track.fees)


def slippage(track: Track) -> float:
    """Return what all fills together paid above, or got below, their prices before slippage."""
    return float(track.capital.slippage)


def fees_share(track: Track) -> float:
    """Return the fees against the gross profit."""
    return track.fees / _gross_profit(track)


def slippage_share(track: Track) -> float:
    """Return the slippage against the gross profit."""
    return track.capital.slippage / _gross_profit(track)


def turnover(track: Track) -> float:
    """Return the money that changed hands a year, bought and sold, against the mean equity."""
    if track.days <= 0.0:
        raise NoFigureError("it takes two bars")
    if not track.capital.equity > 0.0:
        raise NoFigureError("there was no capital")
    return track.capital.traded / track.capital.equity / track.years


def idle_cash(track: Track) -> float:
    """Return the mean share of the equity that no position needed at the close."""
    if track.capital.idle is None:
        raise NoFigureError("there was no capital")
    return track.capital.idle


def _gross_profit(track: Track) -> float:
    """Return what the trades that made money before fees made."""
    before_fees = track.trips.profits + track.trips.fees
    gross = total(before_fees[before_fees > 0.0])
    if gross <= 0.0:
        raise NoFigureError("no trade made money before fees")
    return gross
