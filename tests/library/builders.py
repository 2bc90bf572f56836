"""Builders for one strategy: series made by hand, and a `Context` whose orders fill at the next requested close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import Bars, full_history
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.strategies.protocols import Signal

DAY = 86_400 * 10**9
#: Monday, 2018-01-01
MONDAY = 17_532 * DAY


def series_of(close: Iterable[float] | BarSeries, symbol: str = "IBM", step: int = DAY) -> BarSeries:
    """Bars that open, stay and close at the given prices, from Monday 2018-01-01 on; a series stays as it is."""
    if isinstance(close, BarSeries):
        return close
    prices = np.array(list(close), dtype=np.float64)
    label = MONDAY + np.arange(len(prices), dtype=np.int64) * step
    columns = [prices.copy() for _ in range(4)]
    return BarSeries(symbol, label, *columns, np.zeros(len(prices)), label + step - 1, step)


class ContextHarness:
    """What `on_bar` sees, bar by bar; wishes are granted at once at the close, unsized ones as one unit."""

    def __init__(
        self, prices: Mapping[str, Sequence[float] | BarSeries], *, equity: float = 10_000.0, multiplier: float = 1.0
    ):
        self.strategy_id = "own"
        self.symbols = tuple(prices)
        self.equity = self.cash = self.available = equity
        self.t = 0
        self.updated = self.symbols
        self._series = {symbol: series_of(close, symbol) for symbol, close in prices.items()}
        self._multiplier = multiplier
        self._size = 0
        self._held: dict[str, Position] = {}
        #: by symbol, the tag, price and quantity of the stop that rests
        self._stops: dict[str, tuple[str, float, float]] = {}

    def run(self, strategy: Any) -> list[tuple[int, Signal]]:
        """Every wish with the number of its bar; exits while flat and entries while in are nothing."""
        signals: list[tuple[int, Signal]] = []
        for bar in range(max(len(series) for series in self._series.values())):
            self._size = bar + 1
            self.updated = tuple(symbol for symbol, series in self._series.items() if len(series) > bar)
            self.t = MONDAY + (bar + 1) * DAY - 1
            for symbol in self.updated:
                self._stop_out(symbol)
            wishes = list(strategy.on_bar(self))
            for wish in wishes:
                signals.append((bar, wish))
                self._grant(wish)
        return signals

    def _grant(self, wish: Signal) -> None:
        symbol, terms = wish.symbol, wish.terms
        if wish.kind == "cancel":
            self._stops = {one: stop for one, stop in self._stops.items() if stop[0] != wish.name}
            return
        if wish.kind == "exit":
            assert self._held[symbol].quantity, "an exit while flat"
            if terms.stop is not None:
                assert symbol not in self._stops, "two stops at once"
                self._stops[symbol] = terms.tag, terms.stop, self._held[symbol].quantity
                return
            del self._held[symbol]
            self._stops.pop(symbol, None)
            return
        quantity, price = wish.quantity or 1.0, float(self.bars(symbol).close[-1])
        if wish.kind == "add":
            held = self._held[symbol].quantity
            quantity, price = abs(held) + quantity, self._held[symbol].average_price
            signed = quantity if held > 0 else -quantity
        else:
            assert symbol not in self._held, "an entry while in"
            signed = quantity if wish.side == "long" else -quantity
        self._held[symbol] = Position(self.instrument(symbol), signed, price, opened_at=self.t)
        if terms.bracket is not None and terms.bracket.stop_loss is not None:
            self._stops[symbol] = f"{terms.tag}.stop_loss", terms.bracket.stop_loss, signed

    def _stop_out(self, symbol: str) -> None:
        """Close what the symbol's stop covers, where its bar reaches it."""
        if symbol not in self._stops:
            return
        _, level, covered = self._stops[symbol]
        bar = self.bars(symbol)[-1]
        if bar.low <= level if covered > 0 else bar.high >= level:
            del self._stops[symbol]
            left = self._held.pop(symbol).quantity - covered
            if left:
                self._held[symbol] = Position(self.instrument(symbol), left, level, opened_at=self.t)

    def bars(self, symbol: str | None = None) -> Bars:
        """The history up to now."""
        series = self._series[symbol or self.symbols[0]]
        return full_history(series, min(self._size, len(series)))

    def position(self, symbol: str | None = None) -> Position | None:
        """What is held."""
        return self._held.get(symbol or self.symbols[0])

    def instrument(self, symbol: str | None = None) -> Instrument:
        """All have the same multiplier."""
        return Instrument(symbol or self.symbols[0], multiplier=self._multiplier)
