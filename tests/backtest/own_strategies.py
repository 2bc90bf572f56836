"""Strategies of the tests, found by path as a user's would be."""

from __future__ import annotations

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Context, Signal, Signals


def average(close: np.ndarray, window: int) -> np.ndarray:
    """Mean of the last `window` closes, NaN before."""
    averages = np.full(len(close), np.nan)
    if len(close) >= window:
        averages[window - 1 :] = np.lib.stride_tricks.sliding_window_view(close, window).mean(axis=1)
    return averages


class Turning:
    """Long above the average; below it short, or out with `long_only`. Out for a bar between the two."""

    def __init__(self, window: int = 10, long_only: bool = False) -> None:
        self.window, self.long_only = window, long_only

    def signals(self, bars: Bars) -> Signals:
        mean = average(bars.close, self.window)
        above, below = bars.close > mean + 1e-9, bars.close < mean - 1e-9
        if self.long_only:
            return Signals(enter_long=above, exit_long=below)
        return Signals(enter_long=above, exit_long=below, enter_short=below, exit_short=above)


class Dips:
    """`IStrategy`: buys what fell `falls` bars in a row, sells at the first rise."""

    def __init__(self, falls: int = 2) -> None:
        self.falls = falls

    def should_enter(self, bars: Bars) -> bool:
        return len(bars) > self.falls and bool((np.diff(bars.close[-self.falls - 1 :]) < 0).all())

    def should_exit(self, position: Position, bars: Bars) -> bool:
        return bars[-1].close > bars[-2].close


class Spread:
    """`on_bar`: after an up bar long in its first symbol and short in its last, after a down bar the other way."""

    def on_bar(self, context: Context) -> list[Signal]:
        first, last = context.symbols[0], context.symbols[-1]
        bars = context.bars(first)
        if first not in context.updated or len(bars) < 2:
            return []
        sides = ("long", "short") if bars.close[-1] > bars.close[-2] else ("short", "long")
        said = []
        for symbol, side in zip((first, last), sides, strict=True):
            position = context.position(symbol)
            if position is None:
                said.append(Signal.enter(symbol, side))
            elif position.is_long != (side == "long"):
                said += [Signal.exit(symbol), Signal.enter(symbol, side)]
        return said


class Quiet:
    """`on_bar`: never signals."""

    def on_bar(self, context: Context) -> None:
        context.publish("quiet", True)


class Unmakeable:
    """Breaks before it exists."""

    def __init__(self) -> None:
        raise LookupError("no model on this machine")

    def on_bar(self, context: Context) -> None:
        """Never called."""
