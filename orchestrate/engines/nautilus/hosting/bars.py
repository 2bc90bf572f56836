"""The bars that a native strategy sees, made in bulk, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market import BarSeries, Floats, Market, Stamps

_CHUNK = 4096


class Closes(Mapping[str, float]):
    """Symbol → the close of its newest bar so far; symbols without one are missing."""

    def __init__(self, series: Mapping[str, BarSeries]) -> None:
        self._series = series
        self.rows: dict[str, int] = {}

    def __getitem__(self, symbol: str) -> float:
        return float(self._series[symbol].close[self.rows[symbol]])

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class BarShelf:
    """One strategy's bars by symbol and row, each stamped with the step at which it becomes known."""

    def __init__(
        self, market: Market, bar_types: Mapping[str, BarType], natives: Mapping[str, NativeInstrument]
    ) -> None:
        self._columns = {
            symbol: _Column(market.series[symbol], _stamps(market, symbol), bar_type, natives[symbol])
            for symbol, bar_type in bar_types.items()
        }
        self.closes = Closes(market.series)
        self.first = min(column.first for column in self._columns.values())
        if self.first < 0:
            raise EngineError("nautilus: its clocks begin in 1970, so a native strategy can't see earlier bars")

    def take(self, rows: Mapping[str, int]) -> list[Bar]:
        """The bars of one step, in the order of the strategy's symbols."""
        taken = []
        latest = self.closes.rows
        for symbol, column in self._columns.items():
            row = rows.get(symbol)
            if row is not None:
                latest[symbol] = row
                taken.append(column.bar(row))
        return taken


class _Column:
    """A symbol's bars; those around the row that was last asked for are at hand."""

    def __init__(self, series: BarSeries, stamps: Stamps, bar_type: BarType, native: NativeInstrument) -> None:
        self._series, self._stamps = series, stamps
        self._bar_type, self._precision = bar_type, native.price_precision
        self._volume_precision = max(native.size_precision, _decimals(series.volume))
        self._start = 0
        self._bars: list[Bar] = []
        self.first = int(stamps[0])

    def bar(self, row: int) -> Bar:
        place = row - self._start
        if not 0 <= place < len(self._bars):
            self._start = row
            self._bars = self._make(slice(row, row + _CHUNK))
            place = 0
        return self._bars[place]

    def _make(self, rows: slice) -> list[Bar]:
        series = self._series
        prices = [np.array(column[rows]) for column in (series.open, series.high, series.low, series.close)]
        known = self._stamps[rows].astype(np.uint64)
        bars: list[Bar] = Bar.from_raw_arrays_to_list(
            self._bar_type,
            self._precision,
            self._volume_precision,
            *prices,
            np.array(series.volume[rows]),
            known,
            known,
        )
        return bars


def _stamps(market: Market, symbol: str) -> Stamps:
    """The moment of each of the symbol's rows."""
    rows = market.timeline.rows[symbol]
    stamps: Stamps = market.timeline.stamps[rows >= 0]
    return stamps


def _decimals(volume: Floats) -> int:
    """As many decimals as the volumes have, six at most."""
    for decimals in range(6):
        if bool(np.all(np.abs(volume - np.round(volume, decimals)) < 1e-9 * np.maximum(1.0, np.abs(volume)))):
            return decimals
    return 6
