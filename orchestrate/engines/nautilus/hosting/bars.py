"""The bars that a native strategy sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import BarSeries, Floats, Market
from orchestrate.engines.nautilus.bars import BarColumn


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
            symbol: _column(market, symbol, bar_type, natives[symbol]) for symbol, bar_type in bar_types.items()
        }
        self.closes = Closes(market.series)
        self.first = min(market.timeline.first_stamp(symbol) for symbol in bar_types)
        if self.first < 0:
            raise DataError(
                "nautilus: its clocks begin in 1970, so a native strategy can't see earlier bars",
                hint="say start: 1970-01-02",
            )

    def take(self, rows: Mapping[str, int]) -> list[Bar]:
        """Return the bars of one step, in the order of the strategy's symbols."""
        taken = []
        latest = self.closes.rows
        for symbol, column in self._columns.items():
            row = rows.get(symbol)
            if row is not None:
                latest[symbol] = row
                taken.append(column.bar(row))
        return taken


def _column(market: Market, symbol: str, bar_type: BarType, native: NativeInstrument) -> BarColumn:
    series = market.series[symbol]
    digits, stamps = max(native.size_precision, _decimals(series.volume)), market.timeline.stamps_of(symbol)
    return BarColumn(series, stamps, bar_type, native.price_precision, series.volume, digits)


def _decimals(volume: Floats) -> int:
    """Return as many decimals as the volumes have, six at most, and six while volumes are still to come."""
    for decimals in range(6):
        if bool(np.all(np.abs(volume - np.round(volume, decimals)) < 1e-9 * np.maximum(1.0, np.abs(volume)))):
            return decimals
    return 6
