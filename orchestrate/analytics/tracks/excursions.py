"""How far prices went against trades and for them while they were open (docs/decisions/101)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np

from orchestrate.domain.books import Trade
from orchestrate.domain.market.timeline import BarSeries, Floats
from orchestrate.domain.orders.execution import FillRule


def excursions(trades: Sequence[Trade], series: Mapping[str, BarSeries], fill: FillRule) -> tuple[Floats, Floats]:
    """Return the adverse (negative) and favourable excursion of each trade, as fractions of its entry price.

    NaN where the bars of its symbol are not in `series`. Prices are those of entry and exit and the ranges of the bars
    during which the trade was open as a whole: orders fill at the open, hence the entry's bar counts and the exit's
    does not; at the close, the other way round.
    """
    adverse, favourable = np.full(len(trades), np.nan), np.full(len(trades), np.nan)
    places: dict[str, list[int]] = {}
    for place, trade in enumerate(trades):
        places.setdefault(trade.symbol, []).append(place)
    for symbol, own in places.items():
        if symbol in series:
            chosen = trades if len(own) == len(trades) else [trades[place] for place in own]
            adverse[own], favourable[own] = _of_symbol(chosen, series[symbol], 0 if fill == "next_open" else 1)
    return adverse, favourable


def _of_symbol(trades: Sequence[Trade], series: BarSeries, later: int) -> tuple[Floats, Floats]:
    """Return the excursions of trades in one symbol; their bars begin and end `later` by so many."""
    quantities, entries, exits = (_column(trades, name) for name in ("quantity", "entry_price", "exit_price"))
    lowest, highest = np.minimum(entries, exits), np.maximum(entries, exits)
    labels, low, high = (column[: len(series)] for column in (series.timestamp, series.low, series.high))
    begins = np.searchsorted(labels, [trade.entered for trade in trades]) + later
    ends = np.searchsorted(labels, [trade.exited for trade in trades]) + later
    there = ends > begins
    if there.any():
        bounds = np.column_stack([begins[there], ends[there]]).ravel()
        lowest[there] = np.minimum(lowest[there], np.minimum.reduceat(np.append(low, np.inf), bounds)[::2])
        highest[there] = np.maximum(highest[there], np.maximum.reduceat(np.append(high, -np.inf), bounds)[::2])
    size = np.where(entries == 0.0, np.nan, np.abs(entries))
    down, up = (lowest - entries) / size, (highest - entries) / size
    adverse, favourable = np.where(quantities > 0.0, down, -up), np.where(quantities > 0.0, up, -down)
    return np.minimum(adverse, 0.0), np.maximum(favourable, 0.0)


def _column(trades: Sequence[Trade], name: str) -> Floats:
    return np.array([*map(attrgetter(name), trades)], dtype=np.float64)
