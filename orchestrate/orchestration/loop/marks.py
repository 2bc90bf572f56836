"""Prices that positions are valued at: the last known close, or the open of the bar that has just begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import RatedPrices
from orchestrate.domain.market.timeline import BarSeries, Floats, Market, Stamps, Timeline
from orchestrate.domain.market.true_range import AverageTrueRange
from orchestrate.orchestration.risk.sizing import TRADING_DAYS, yearly_volatility


class Marks(RatedPrices):
    """Symbol → last close at `step`. `opens` has the same with symbols that have a bar now at its open.

    A symbol without any bar yet has no mark: KeyError.
    """

    def __init__(self, market: Market) -> None:
        self.step = 0
        self._market, self._series, self._periods = market, market.series, market.periods_per_year
        self._latest: dict[str, Stamps] = {}
        self._closes: dict[str, tuple[memoryview, memoryview]] = {}
        self._opens = _Opens(self, market)
        self._ranges: dict[tuple[str, int], AverageTrueRange] = {}
        for symbol in market.timeline.rows:
            self.join(symbol)

    def join(self, symbol: str) -> None:
        """Take in one more symbol of the market."""
        latest = self._latest[symbol] = self._market.timeline.latest_rows(symbol)
        self._closes[symbol] = latest.data, self._series[symbol].close.data
        self._opens.join(symbol)

    @property
    def opens(self) -> RatedPrices:
        """The prices of the moment at which a step's bars begin."""
        return self._opens

    def __getitem__(self, symbol: str) -> float:
        latest, closes = self._closes[symbol]
        row = latest[self.step]
        if row < 0:
            raise KeyError(f"{symbol} has no bar yet")
        return closes[row]

    def get(self, symbol: str, default: Any = None) -> Any:
        """Return the mark, or `default` before the first bar; much faster than the method of `Mapping`."""
        known = self._closes.get(symbol)
        return default if known is None or known[0][self.step] < 0 else self[symbol]

    def __iter__(self) -> Iterator[str]:
        return (symbol for symbol, rows in self._latest.items() if rows[self.step] >= 0)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def rate(self, instrument: Instrument) -> float:
        """Return what one unit of the instrument's currency is worth; before its first bar, nothing is priced in it."""
        known = self.get(instrument.fx)
        return self._market.rate_before(instrument.fx) if known is None else float(known)

    def columns(self, symbol: str) -> tuple[memoryview, memoryview]:
        """Return the row of the newest bar by step, and the closes by row."""
        return self._closes[symbol]

    def row(self, symbol: str) -> int:
        """Return the row of the newest bar so far, -1 before the first."""
        return int(self._latest[symbol][self.step])

    def volatility(self, symbol: str, lookback: int) -> float:
        """Return the yearly volatility of the symbol's last `lookback` returns; 0.0 before there are so many.

        Returns are those of its worth in the capital's currency.
        """
        row = self.row(symbol)
        if row < lookback:
            return 0.0
        rows = slice(row - lookback, row + 1)
        closes, fx = self._series[symbol].close[rows], self._market.instruments[symbol].fx
        if fx:
            steps = np.searchsorted(self._market.timeline.stamps, self._series[symbol].available_at[rows])
            closes = closes * self._rated(fx, self._latest[fx][steps])
        return yearly_volatility(closes.tolist(), self._periods.get(symbol, TRADING_DAYS))

    def average_range(self, symbol: str, period: int) -> float | None:
        """Return the symbol's average true range of `period` bars; None before there are so many ranges."""
        ranges = self._ranges.get((symbol, period))
        if ranges is None:
            ranges = self._ranges[symbol, period] = AverageTrueRange(self._series[symbol], period)
        return ranges.at(self.row(symbol))

    def closes(self, symbol: str, start: int, stop: int) -> Floats:
        """Return the close that counts at each step from `start` up to `stop`, of a symbol that has had a bar."""
        return self._series[symbol].close[self._latest[symbol][start:stop]]

    def rates(self, symbol: str, start: int, stop: int) -> Floats:
        """Return the rate that counts at each step from `start` up to `stop`."""
        return self._rated(symbol, self._latest[symbol][start:stop])

    def _rated(self, symbol: str, rows: Stamps) -> Floats:
        rates: Floats = np.where(rows >= 0, self._series[symbol].close[rows], self._market.rate_before(symbol))
        return rates

    def path(self, symbol: str, steps: int) -> Floats:
        """Return the close that counts at each of the first `steps` steps; NaN before the first bar."""
        latest = self._latest[symbol][:steps]
        prices: Floats = np.where(latest >= 0, self._series[symbol].close[latest], np.nan)
        return prices


class _Opens(RatedPrices):
    """The prices of the moment at which a step's bars begin."""

    def __init__(self, closes: Marks, market: Market) -> None:
        self._closes, self._market = closes, market
        self._before: dict[str, Stamps] = {}
        self._columns: dict[str, tuple[memoryview, memoryview]] = {}

    def join(self, symbol: str) -> None:
        """Take in one more symbol of the market."""
        self._columns[symbol] = self._market.timeline.columns[symbol], self._market.series[symbol].open.data

    def __getitem__(self, symbol: str) -> float:
        rows, opens = self._columns[symbol]
        row = rows[self._closes.step]
        return opens[row] if row >= 0 else self._closes[symbol]

    def rate(self, instrument: Instrument) -> float:
        """Return the last close of the rate before the open; without a bar now, the last before this step."""
        latest, closes = self._closes.columns(instrument.fx)
        row = latest[self._step_before(instrument.symbol)]
        return closes[row] if row >= 0 else self._market.rate_before(instrument.fx)

    def _step_before(self, symbol: str) -> int:
        step, timeline = self._closes.step, self._market.timeline
        if not timeline.is_complete or timeline.columns[symbol][step] < 0:
            return step - 1
        if symbol not in self._before:
            self._before[symbol] = steps_before(timeline, self._market.series[symbol])
        return int(self._before[symbol][timeline.columns[symbol][step]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._closes)

    def __len__(self) -> int:
        return len(self._closes)


def steps_before(timeline: Timeline, series: BarSeries) -> Stamps:
    """Return for each bar the last step that is over as it begins; -1 where there is none.

    The step of the bar before is, whatever the nominal length of a bar says.
    """
    own = np.flatnonzero(timeline.rows[series.symbol] >= 0)
    begun = np.searchsorted(timeline.stamps, series.available_at - series.length, side="right") - 1
    before = np.concatenate([[-1], own[:-1]])
    return np.asarray(np.clip(begun, before, own - 1), dtype=np.int64)
