"""A market whose bars arrive one at a time: columns with room ahead, written here alone and read by everybody else.

Where nothing has arrived yet, prices are NaN, rows -1, and moments lie beyond every real one and rise, so that a column
can be searched as a whole. A series has no end until its feed says so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import DataError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.stamps import LATEST
from orchestrate.domain.market.timeline import (
    NEVER,
    BarSeries,
    HistoricalDataBar,
    Market,
    MarketEvent,
    SeriesEnds,
    Stamps,
    Timeline,
    sealed,
    writable,
)
from orchestrate.domain.values import value

_PRICES: Final = ("open", "high", "low", "close", "volume")


@value
class Arrival:
    """A step as its feed brings it: the moment, the bars by symbol, and the symbols of which it is the last."""

    t: int
    bars: Mapping[str, HistoricalDataBar]
    ending: Collection[str] = ()


@dataclass(slots=True)
class Count:
    """How many have arrived."""

    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ArrivingSeries(BarSeries):
    """A series with room for bars that are still to come."""

    arrived: Count = field(default_factory=Count, repr=False)
    is_complete: ClassVar[bool] = False

    def __len__(self) -> int:
        return self.arrived.number


@dataclass(frozen=True, slots=True, eq=False)
class ArrivingTimeline(Timeline):
    """A timeline with room for steps that are still to come; nothing comes before `start`."""

    start: int
    latest: Mapping[str, npt.NDArray[np.int64]] = field(repr=False)
    moments_of: Mapping[str, Stamps] = field(repr=False)
    arrived: Count = field(default_factory=Count, repr=False)
    is_complete: ClassVar[bool] = False

    def __len__(self) -> int:
        return self.arrived.number

    def _ends(self) -> SeriesEnds:
        return SeriesEnds(dict.fromkeys(self.rows, NEVER))

    @property
    def begins(self) -> int:
        """The moment before which nothing happens."""
        return self.start

    def stamps_of(self, symbol: str) -> Stamps:
        """Return the moment of each of the symbol's rows."""
        return self.moments_of[symbol]

    def first_stamp(self, symbol: str) -> int:  # noqa: ARG002  # nobody knows when its first bar will come
        """Return the moment before which the symbol has no bar."""
        return self.start

    def latest_rows(self, symbol: str) -> npt.NDArray[np.int64]:
        """Return for each step the row of the symbol's newest bar so far, -1 before the first."""
        return self.latest[symbol]


class _Column:
    """Memory that begins as `unknown`: nobody can write to `reading`, and `writing` is the way in."""

    def __init__(self, unknown: npt.NDArray[Any]) -> None:
        self.reading = sealed(unknown)
        self.writing = writable(self.reading).data

    @classmethod
    def of_moments(cls, capacity: int) -> _Column:
        return cls(LATEST + 1 + np.arange(capacity, dtype=np.int64))

    @classmethod
    def of_rows(cls, capacity: int) -> _Column:
        return cls(np.full(capacity, -1, dtype=np.int64))


class _SeriesBuffer:
    """The columns of one symbol, and its rows by step."""

    def __init__(self, symbol: str, length: int, capacity: int, *, tradable: bool) -> None:
        self._timestamp, self._available_at = _Column.of_moments(capacity), _Column.of_moments(capacity)
        self._prices = [_Column(np.full(capacity, np.nan)) for _ in _PRICES]
        self.rows, self.latest = _Column.of_rows(capacity), _Column.of_rows(capacity)
        self.arrived, self.last_step = Count(), -1
        opens, highs, lows, closes, volumes = (column.reading for column in self._prices)
        timestamp, available_at = self._timestamp.reading, self._available_at.reading
        self.series = ArrivingSeries(
            symbol, timestamp, opens, highs, lows, closes, volumes, available_at, length, tradable, self.arrived
        )

    def refuse_unusable(self, t: int, bar: HistoricalDataBar) -> None:
        """DataError for a bar out of order, or without a number for each price."""
        row, symbol = self.arrived.number, self.series.symbol
        if row and bar.timestamp <= self._timestamp.writing[row - 1]:
            raise DataError(f"its bar labelled {bar.timestamp} is not later than the one before", where=symbol)
        if bar.timestamp > t:
            raise DataError(f"its bar labelled {bar.timestamp} has arrived before that, at {t}", where=symbol)
        if not all(math.isfinite(getattr(bar, name)) for name in _PRICES):
            raise DataError(f"its bar labelled {bar.timestamp} has a price or volume that is no number", where=symbol)

    def append(self, t: int, bar: HistoricalDataBar, step: int) -> None:
        """Write the bar of `step` into the next row."""
        row = self.arrived.number
        self._timestamp.writing[row], self._available_at.writing[row] = bar.timestamp, t
        for name, column in zip(_PRICES, self._prices, strict=True):
            column.writing[row] = getattr(bar, name)
        self.rows.writing[step] = row
        self.arrived.number, self.last_step = row + 1, step

    def complete(self) -> BarSeries:
        """Return a copy of what has arrived, as a series that nothing will be added to."""
        count, series = self.arrived.number, self.series
        label, opens, highs, lows, closes, volumes = (column[:count].copy() for column in series.columns)
        available_at = label if np.array_equal(series.available_at[:count], label) else series.available_at[:count]
        return BarSeries(
            series.symbol, label, opens, highs, lows, closes, volumes, available_at, series.length, series.tradable
        )


class MarketBuffer:
    """Where a feed puts its bars. `market` is what everybody else sees of them.

    `lengths` are the nominal lengths of the bars by symbol; nothing comes before `start`. There is room for `capacity`
    steps, and each takes 72 bytes a symbol and 16 more from the beginning.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        lengths: Mapping[str, int],
        *,
        start: int,
        capacity: int,
        resampled: Collection[str] = (),
    ) -> None:
        self._buffers = {
            symbol: _SeriesBuffer(symbol, length, capacity, tradable=symbol not in resampled)
            for symbol, length in lengths.items()
        }
        self._stamps, self._labels = _Column.of_moments(capacity), _Column.of_moments(capacity)
        self._capacity, self._arrived, self._last = capacity, Count(), start - 1
        buffers = self._buffers.items()
        self._timeline = ArrivingTimeline(
            self._stamps.reading,
            self._labels.reading,
            {symbol: buffer.rows.reading for symbol, buffer in buffers},
            start,
            {symbol: buffer.latest.reading for symbol, buffer in buffers},
            {symbol: buffer.series.available_at for symbol, buffer in buffers},
            self._arrived,
        )
        self.market = Market({symbol: buffer.series for symbol, buffer in buffers}, instruments, self._timeline)

    def append(self, arrival: Arrival) -> MarketEvent:
        """Write what has arrived into the columns and return the step that it makes; DataError where it can't be."""
        self._refuse_impossible(arrival)
        step, t, bars = self._arrived.number, arrival.t, arrival.bars
        for symbol, bar in bars.items():
            self._buffers[symbol].append(t, bar, step)
        for buffer in self._buffers.values():
            buffer.latest.writing[step] = buffer.arrived.number - 1
        labels = [bar.timestamp for symbol, bar in bars.items() if self._buffers[symbol].series.tradable]
        self._stamps.writing[step], self._labels.writing[step] = t, max(labels)
        self._arrived.number, self._last = step + 1, t
        self._end(arrival.ending)
        return self._timeline.event(step)

    def series(self) -> dict[str, BarSeries]:
        """Return what has arrived as complete series; a symbol of which nothing has come is missing."""
        return {symbol: buffer.complete() for symbol, buffer in self._buffers.items() if buffer.arrived.number}

    def close(self) -> None:
        """End every series with its latest bar: nothing arrives any more."""
        ends = self._timeline.ends.steps
        self._end([symbol for symbol in self._buffers if ends[symbol] == NEVER])

    def _end(self, symbols: Collection[str]) -> None:
        for symbol in symbols:
            self._timeline.ends.put(symbol, self._buffers[symbol].last_step)

    def _refuse_impossible(self, arrival: Arrival) -> None:
        t, ends = arrival.t, self._timeline.ends.steps
        if self._arrived.number == self._capacity:
            raise DataError(f"more than {self._capacity} steps have arrived, and there is room for no more")
        if not self._last < t <= LATEST:
            raise DataError(f"a step at {t} has arrived, the next one can't be before {self._last + 1}")
        unknown = [symbol for symbol in (*arrival.bars, *arrival.ending) if symbol not in self._buffers]
        if unknown:
            raise DataError("it is not one of the symbols of this feed", where=unknown[0])
        if not any(self._buffers[symbol].series.tradable for symbol in arrival.bars):
            raise DataError(f"the step at {t} has no bar of a symbol that can be traded")
        for symbol, bar in arrival.bars.items():
            if ends[symbol] != NEVER:
                raise DataError("a bar has arrived after its series had ended", where=symbol)
            self._buffers[symbol].refuse_unusable(t, bar)
