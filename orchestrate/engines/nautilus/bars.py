"""A series as Nautilus's bars, made from its columns in bulk: in half the time of one after another."""

from __future__ import annotations

import numpy as np
from nautilus_trader.model.data import Bar, BarType

from orchestrate.domain.market.timeline import BarSeries, Floats, Stamps

#: So many bars at a time; more at once would only fill the memory.
_CHUNK = 4096


class BarColumn:
    """One symbol's bars by row, known `shift` after `stamps`; those after the row last requested are at hand."""

    def __init__(
        self,
        series: BarSeries,
        stamps: Stamps,
        bar_type: BarType,
        price_precision: int,
        volume: Floats,
        volume_precision: int,
        shift: int = 0,
    ) -> None:
        self._series, self._shift = series, shift
        self._columns = (series.open, series.high, series.low, series.close, volume)
        self._stamps = stamps
        self._as = (bar_type, price_precision, volume_precision)
        self._start = 0
        self._bars: list[Bar] = []

    def bar(self, row: int) -> Bar:
        """Return the bar at `row`."""
        place = row - self._start
        if not 0 <= place < len(self._bars):
            self._start, place = row, 0
            rows = slice(row, min(row + _CHUNK, len(self._series)))
            known = (self._stamps[rows] + self._shift).astype(np.uint64)
            columns = (np.array(column[rows]) for column in self._columns)
            self._bars = Bar.from_raw_arrays_to_list(*self._as, *columns, known, known)
        return self._bars[place]
