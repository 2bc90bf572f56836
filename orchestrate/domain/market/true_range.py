"""Wilder's average true range."""

from __future__ import annotations

from math import fsum

import numpy as np

from orchestrate.domain.market.timeline import BarSeries, Floats


def true_ranges(series: BarSeries, start: int, stop: int) -> Floats:
    """Return each bar's range, the close before it included, of rows from `start`, at least 1, up to `stop`."""
    before = series.close[start - 1 : stop - 1]
    ranges: Floats = np.maximum(series.high[start:stop], before) - np.minimum(series.low[start:stop], before)
    return ranges


class AverageTrueRange:
    """The average true range of a series, which goes along with its bars.

    It begins with the mean of the first `period` ranges, the second bar's the first of them, and takes in each further
    one with a weight of 1 ÷ `period`. The same bars give the same figure, however many rows are skipped between calls.
    """

    def __init__(self, series: BarSeries, period: int) -> None:
        self._series, self._period = series, period
        self._row, self._average = 0, 0.0

    def at(self, row: int) -> float | None:
        """Return the average after the bar `row`; None before there are `period` ranges."""
        if row < self._period:
            return None
        if not self._period <= self._row <= row:
            self._row = self._period
            self._average = fsum(true_ranges(self._series, 1, self._period + 1).tolist()) / self._period
        average, others = self._average, self._period - 1
        for each in true_ranges(self._series, self._row + 1, row + 1).tolist():
            average = (average * others + each) / self._period
        self._row, self._average = row, average
        return average
