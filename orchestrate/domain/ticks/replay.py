"""Ticks of stored bars, from which the same bars can be built again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from heapq import merge

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import BarSeries, HistoricalDataBar, Market
from orchestrate.domain.ticks.bar_building import label_at
from orchestrate.domain.ticks.tick import Tick


def ticks_of(market: Market) -> Iterator[Tick]:
    """Yield four ticks of each bar that can be traded, in the order of time: open, high, low, close.

    They are spread over the bar, its volume is that of the last one, and each symbol's are numbered from 1. DataError
    for bars that ticks would not make again.
    """
    tradable = [series for series in market.series.values() if series.tradable]
    for series in tradable:
        _require_grid(series)
    return merge(*map(_ticks, tradable), key=_moment)


def last_labels(market: Market) -> dict[str, int]:
    """Return the label of each symbol's last bar."""
    return {symbol: int(series.timestamp[len(series) - 1]) for symbol, series in market.series.items()}


def lengths_of(market: Market) -> dict[str, int]:
    """Return the length of the bars of each symbol that can be traded."""
    return {symbol: series.length for symbol, series in market.series.items() if series.tradable}


def _ticks(series: BarSeries) -> Iterator[Tick]:
    for row in range(len(series)):
        yield from _ticks_of_bar(series.bar(row), series.length, row * 4)


def _ticks_of_bar(bar: HistoricalDataBar, length: int, before: int) -> Iterator[Tick]:
    prices = (bar.open, bar.high, bar.low, bar.close)
    volumes = (0.0, 0.0, 0.0, bar.volume)
    for place, (price, volume) in enumerate(zip(prices, volumes, strict=True)):
        exact = Decimal(repr(price))
        t = bar.timestamp + length * place // 4
        yield Tick(bar.symbol, t, exact, exact, Decimal(repr(volume)), before + place + 1)


def _moment(tick: Tick) -> int:
    return tick.t


def _require_grid(series: BarSeries) -> None:
    for label in series.timestamp[: len(series)].tolist():
        if label_at(label, series.length) != label:
            message = f"its bar at {label_text(label)} does not begin on a multiple of its length, as bars of ticks do"
            raise DataError(message, where=series.symbol)
