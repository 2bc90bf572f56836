"""Joining series of different calendars, lengths and stamps into one timeline, without copying a column.

If all series share bar length and stamp, a bar's moment is its label. Otherwise it is the moment at which the bar is
known: label + length − 1 ms (stamped at the start), the label (stamped at the end), the end of the UTC date − 1 ms
(daily bars).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.domain.market.timeline import BarSeries, Stamps, Timeline

MILLISECOND: Final = 1_000_000

Stamp = Literal["start", "end"]


def available_at(label: Stamps, length: int, stamp: Stamp) -> Stamps:
    """Return when each bar may be acted upon, in company of series of other lengths or stamps.

    Daily bars of which two fall on one UTC date (a zone's midnights around a change of clocks) go by their length.
    """
    if length == DAY:
        ends = label - label % DAY + (DAY - MILLISECOND)
        if bool((ends[1:] > ends[:-1]).all()):
            return ends
    return label if stamp == "end" else label + (length - MILLISECOND)


def align(series: Mapping[str, BarSeries]) -> Timeline:
    """Return one step for every moment at which a bar of some series becomes known."""
    moments = [bars.available_at for bars in series.values()]
    first = moments[0]
    if all(np.array_equal(first, other) for other in moments[1:]):
        stamps = first
    else:
        # sorted runs one after the other: a stable sort merges them
        merged = np.sort(np.concatenate(moments), kind="stable")
        stamps = merged[np.concatenate([[True], merged[1:] != merged[:-1]])]
    labels = np.full(len(stamps), np.iinfo(np.int64).min, dtype=np.int64)
    rows = {}
    for symbol, bars in series.items():
        places = np.searchsorted(stamps, bars.available_at)
        column = np.full(len(stamps), -1, dtype=np.int64)
        column[places] = np.arange(len(bars))
        if bars.tradable:  # a coarser series is known with a bar of its source, whose label counts
            labels[places] = np.maximum(labels[places], bars.timestamp)
        column.setflags(write=False)
        rows[symbol] = column
    stamps.setflags(write=False)
    labels.setflags(write=False)
    return Timeline(stamps, labels, rows)
