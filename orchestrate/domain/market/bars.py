"""`Bars`: the history that a strategy sees, ending at now, with no way past it.

A strategy never holds the series itself: it holds columns into which the past is copied as time goes on, so that even
the memory behind its arrays holds nothing of the future. That memory is `bytes`: through any attribute it can be read
and not be written. The arrays on top of it belong to one strategy alone; one that reshapes its own affects no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import BarSeries, Floats, HistoricalDataBar, Stamps, sealed, writable

_Columns = tuple[Stamps, Floats, Floats, Floats, Floats, Floats]


class Bars(Sequence[HistoricalDataBar]):
    """A read-only sequence of bars, oldest first, with numpy columns of the same length.

    `bars[-1]` is the current bar; columns are views, not copies.
    """

    __slots__ = ("_columns", "_size", "_start", "symbol")

    def __init__(self, symbol: str, columns: _Columns, start: int, size: int) -> None:
        self.symbol: str = symbol
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
        """Return one bar, or a further view for a slice of step 1. IndexError outside, as for any sequence."""
        if isinstance(index, slice):
            start, stop, step = index.indices(self._size)
            if step != 1:
                raise ValueError("bars can be sliced with step 1 only; reverse the numpy columns instead")
            return Bars(self.symbol, self._columns, self._start + start, max(0, stop - start))
        place = index + self._size if index < 0 else index
        if not 0 <= place < self._size:
            raise IndexError(f"{self.symbol} has {self._size} bars so far, none at {index}")
        row = self._start + place
        label, opens, highs, lows, closes, volumes = self._columns
        return HistoricalDataBar(
            int(label[row]),
            float(opens[row]),
            float(highs[row]),
            float(lows[row]),
            float(closes[row]),
            float(volumes[row]),
            self.symbol,
        )

    def __iter__(self) -> Iterator[HistoricalDataBar]:
        return (self[place] for place in range(self._size))

    def __repr__(self) -> str:
        return f"Bars({self.symbol!r}, {self._size} bars)"

    @property
    def timestamp(self) -> Stamps:
        """Labels, int64 nanoseconds UTC."""
        return self._columns[0][self._start : self._start + self._size]

    @property
    def open(self) -> Floats:
        """Opening prices."""
        return self._columns[1][self._start : self._start + self._size]

    @property
    def high(self) -> Floats:
        """Highest prices."""
        return self._columns[2][self._start : self._start + self._size]

    @property
    def low(self) -> Floats:
        """Lowest prices."""
        return self._columns[3][self._start : self._start + self._size]

    @property
    def close(self) -> Floats:
        """Closing prices."""
        return self._columns[4][self._start : self._start + self._size]

    @property
    def volume(self) -> Floats:
        """Volumes; 0 where the data has none."""
        return self._columns[5][self._start : self._start + self._size]


def full_history(series: BarSeries, size: int | None = None) -> Bars:
    """Return the first `size` bars (default: all) for a vectorised strategy, which can't change them.

    A cut history is a copy that ends there.
    """
    size = len(series) if size is None else min(size, len(series))
    whole = size == len(series.timestamp)
    columns = series.columns if whole else [sealed(column[:size]) for column in series.columns]
    return Bars(series.symbol, _over(column.base for column in columns), 0, len(columns[0]))


class PointInTimeBars:
    """The growing past of one series. `until(size)` copies what is new and returns the view that ends there.

    `limit` is how many bars are known now; callers that pass `until` on must respect it.
    """

    __slots__ = ("_columns", "_memory", "_shown", "_symbol", "limit")

    def __init__(self, series: BarSeries) -> None:
        self._symbol = series.symbol
        self.limit = 0
        self._shown = [0]
        readable = [np.full(len(column), _unknown(column)).tobytes() for column in series.columns]
        self._columns = _over(readable)
        # the copies, then the columns, as memoryviews: that is the fastest way to copy a single element
        self._memory = tuple(one.data for one in (*map(writable, self._columns), *series.columns))

    def again(self) -> PointInTimeBars:
        """Return the same past for another strategy, in the same memory, with arrays of its own."""
        twin = copy(self)
        twin._columns = _over(column.base for column in self._columns)
        return twin

    def until(self, size: int) -> Bars:
        """Return the first `size` bars; time goes one way, an earlier size only narrows the view."""
        shown = self._shown[0]
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
                for copied, column in self._pairs():
                    copied[shown:size] = column[shown:size]
            self._shown[0] = size
        return Bars(self._symbol, self._columns, 0, size)

    @property
    def intact(self) -> bool:
        """True while what was shown is still what the series says."""
        shown = self._shown[0]
        return all(copied[:shown].tobytes() == column[:shown].tobytes() for copied, column in self._pairs())

    def _pairs(self) -> Iterator[tuple[memoryview, memoryview]]:
        return zip(self._memory[:6], self._memory[6:], strict=True)


def _over(memory: Iterable[Any]) -> _Columns:
    """Return new arrays on the memory of label, open, high, low, close and volume."""
    label, *prices = memory
    return (np.frombuffer(label, np.int64), *(np.frombuffer(one, np.float64) for one in prices))  # type: ignore[return-value]  # five


def _unknown(column: npt.NDArray[Any]) -> Any:
    """Return what fills places of bars that are not known yet."""
    return column.dtype.type(0 if column.dtype.kind == "i" else np.nan)
