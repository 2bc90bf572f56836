"""What closed round trips came to, net of fees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sums import mean, total

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track
    from orchestrate.domain.market.timeline import Floats


def trades(track: Track) -> int:
    """Return the number of closed round trips."""
    return len(track.trips.profits)


def win_rate(track: Track) -> float:
    """Return the share of closed trades that made money after fees."""
    return len(track.trips.won) / len(_closed(track))


def profit_factor(track: Track) -> float:
    """Return the profit of winning trades for each unit that losing ones lost, after fees."""
    lost = -total(_losses(track))
    return total(track.trips.won) / lost


def average_win(track: Track) -> float:
    """Return the mean profit of the trades that made money."""
    _closed(track)
    if not len(track.trips.won):
        raise NoFigureError("no trade made money")
    return mean(track.trips.won)


def average_loss(track: Track) -> float:
    """Return the mean result of the trades that lost money, negative."""
    return mean(_losses(track))


def payoff(track: Track) -> float:
    """Return the average win against the average loss."""
    return average_win(track) / -average_loss(track)


def expectancy(track: Track) -> float:
    """Return the mean result of a trade."""
    return mean(_closed(track))


def best_trade(track: Track) -> float:
    """Return the highest result of a trade."""
    return float(_closed(track).max())


def worst_trade(track: Track) -> float:
    """Return the lowest result of a trade."""
    return float(_closed(track).min())


def longest_losing_run(track: Track) -> int:
    """Return the largest number of trades that lost money one after another, in the order of exits."""
    from orchestrate.analytics.series import longest_run

    _closed(track)
    return longest_run(track.trips.by_exit < 0.0)


def holding_days(track: Track) -> float:
    """Return the mean of the calendar days from entry to exit."""
    _closed(track)
    return mean(track.trips.days)


def mae(track: Track) -> float:
    """Return the mean of how far prices went against a trade, as a negative fraction of its entry price."""
    return _mean_excursion(track, track.trips.adverse)


def mfe(track: Track) -> float:
    """Return the mean of how far prices went in favour of a trade, as a fraction of its entry price."""
    return _mean_excursion(track, track.trips.favourable)


def _closed(track: Track) -> Floats:
    if not len(track.trips.profits):
        raise NoFigureError("no trade was closed")
    return track.trips.profits


def _losses(track: Track) -> Floats:
    _closed(track)
    if not len(track.trips.lost):
        raise NoFigureError("no trade lost money")
    return track.trips.lost


def _mean_excursion(track: Track, excursions: Floats) -> float:
    _closed(track)
    figure = mean(excursions)
    if math.isnan(figure):
        raise NoFigureError("the bars of a trade are unknown")
    return figure
