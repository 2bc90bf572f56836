"""Joining series of different calendars, lengths and stamps into one timeline, without copying a column.

If all series share bar length and stamp, a bar's moment is its label. Otherwise it is the moment at which the bar is
known: label + length − 1 ms (stamped at the start), the label (stamped at the end), the end of the UTC date − 1 ms
(daily bars).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import BarSeries, Stamps, Timeline
from orchestrate.domain.results import Finding

MILLISECOND: Final = 1_000_000
_YEAR: Final = 365.25 * DAY

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


def far_apart(series: Mapping[str, BarSeries], settled: Collection[str] = ()) -> list[Finding]:
    """Return a warning for each series that begins or ends years away from another one; those `settled` may end early.

    Until then, or from then on, a portfolio consists of the others alone.
    """
    first = min(series, key=lambda symbol: series[symbol].timestamp[0])
    last = max(series, key=lambda symbol: series[symbol].timestamp[-1])
    findings = []
    for symbol, bars in series.items():
        began, ended = int(bars.timestamp[0]), int(bars.timestamp[-1])
        late = (began - int(series[first].timestamp[0])) / _YEAR
        early = (int(series[last].timestamp[-1]) - ended) / _YEAR
        if late >= 1.0:
            message = f"bars begin {late:.1f} years after those of {first}, at {label_text(began)}"
            findings.append(Finding("warning", symbol, message))
        if early >= 1.0 and symbol not in settled:
            message = f"bars end {early:.1f} years before those of {last}, at {label_text(ended)}"
            findings.append(Finding("warning", symbol, message))
    return findings
