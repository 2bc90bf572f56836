"""`Bars`: the history that a strategy sees, ending at now, with no way past it.

A strategy never holds the series itself: it holds columns into which the past is copied as time goes on, so that even
the memory behind its arrays knows nothing of tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from orchestrate.domain.market import BarSeries, Floats, HistoricalDataBar, Stamps

_FIELDS = ("open", "high", "low", "close", "volume")


class Bars(Sequence[HistoricalDataBar]):
    """A read-only sequence of bars, oldest first, with numpy columns of the same length.

    `bars[-1]` is the current bar; columns are views, not copies.
    """

    __slots__ = ("_columns", "_size", "_stamps", "_start", "symbol")

    def __init__(self, symbol: str, stamps: Stamps, columns: dict[str, Floats], start: int, size: int) -> None:
        self.symbol: str = symbol
        self._stamps = stamps
        self._columns = columns
        self._start = start
        self._size = size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> HistoricalDataBar: ...
    @overload
    def __getitem__(self, index: slice) -> Bars: ...
    def __getitem__(self, index: int | slice) -> HistoricalDataBar | Bars:
        """One bar, or a further view for a slice of step 1. IndexError outside, as for any sequence."""
        if isinstance(index, slice):
            start, stop, step = index.indices(self._size)
            if step != 1:
                raise ValueError("bars can be sliced with step 1 only; reverse the numpy columns instead")
            return Bars(self.symbol, self._stamps, self._columns, self._start + start, max(0, stop - start))
        place = index + self._size if index < 0 else index
        if not 0 <= place < self._size:
            raise IndexError(f"{self.symbol} has {self._size} bars so far, none at {index}")
        row = self._start + place
        opened, high, low, close, volume = (float(self._columns[name][row]) for name in _FIELDS)
        return HistoricalDataBar(int(self._stamps[row]), opened, high, low, close, volume, self.symbol)

    def __iter__(self) -> Iterator[HistoricalDataBar]:
        return (self[place] for place in range(self._size))

    def __repr__(self) -> str:
        return f"Bars({self.symbol!r}, {self._size} bars)"

    def _column(self, name: str) -> Floats:
        return self._columns[name][self._start : self._start + self._size]

    @property
    def timestamp(self) -> Stamps:
        """Labels, int64 nanoseconds UTC."""
        return self._stamps[self._start : self._start + self._size]

    @property
    def open(self) -> Floats:
        """Opening prices."""
        return self._column("open")

    @property
    def high(self) -> Floats:
        """Highest prices."""
        return self._column("high")

    @property
    def low(self) -> Floats:
        """Lowest prices."""
        return self._column("low")

    @property
    def close(self) -> Floats:
        """Closing prices."""
        return self._column("close")

    @property
    def volume(self) -> Floats:
        """Volumes; 0 where the data has none."""
        return self._column("volume")


def whole_history(series: BarSeries, size: int | None = None) -> Bars:
    """The first `size` bars (default: all) for a vectorised strategy, which can't change them.

    A cut history is a copy that ends there.
    """
    whole = size is None or size >= len(series)
    end = len(series) if whole else size
    stamps = series.label if whole else series.label[:end].copy()
    columns = {name: getattr(series, name) if whole else getattr(series, name)[:end].copy() for name in _FIELDS}
    sealed = {name: np.frombuffer(_sealed(column), dtype=np.float64) for name, column in columns.items()}
    return Bars(series.symbol, np.frombuffer(_sealed(stamps), dtype=np.int64), sealed, 0, len(stamps))


class Unveiling:
    """The growing past of one series. `until(size)` copies what is new and returns the view that ends there."""

    __slots__ = ("_memory", "_readable", "_shown", "_stamps", "_symbol")

    def __init__(self, series: BarSeries) -> None:
        size = len(series)
        self._symbol = series.symbol
        self._shown = 0
        stamps = np.zeros(size, dtype=np.int64)
        buffers = {name: np.full(size, np.nan) for name in _FIELDS}
        self._stamps = np.frombuffer(stamps.data.toreadonly(), dtype=np.int64)
        self._readable = {
            name: np.frombuffer(buffer.data.toreadonly(), dtype=np.float64) for name, buffer in buffers.items()
        }
        # the copies, then the columns, as memoryviews: that is the fastest way to copy a single element
        columns = [series.label, *(getattr(series, name) for name in _FIELDS)]
        self._memory = tuple(one.data for one in (stamps, *buffers.values(), *columns))

    def until(self, size: int) -> Bars:
        """The first `size` bars; time goes one way, an earlier size only narrows the view."""
        shown = self._shown
        if size > shown:
            if size == shown + 1:  # as a rule; one by one is then faster than slices, and written out than a loop
                stamps, opens, highs, lows, closes, volumes, t, o, h, low, c, v = self._memory
                stamps[shown] = t[shown]
                opens[shown] = o[shown]
                highs[shown] = h[shown]
                lows[shown] = low[shown]
                closes[shown] = c[shown]
                volumes[shown] = v[shown]
            else:
                for copy, column in zip(self._memory[:6], self._memory[6:], strict=True):
                    copy[shown:size] = column[shown:size]
            self._shown = size
        return Bars(self._symbol, self._stamps, self._readable, 0, size)


def _sealed(column: Floats | Stamps) -> memoryview:
    """The column's memory, without a way to write to it; no copy where it lies in one piece."""
    return np.ascontiguousarray(column).data.toreadonly()
