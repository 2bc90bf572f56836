"""Figures over a whole history, from which vectorised strategies of the tests are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.library.indicators import moving_average

Array = np.ndarray[Any, np.dtype[Any]]
Answer = Callable[[Bars], tuple[Array, ...]]
Make = Callable[[], Any]
DAY = 86_400_000_000_000


class By:
    """Flags from a function of the bars: entries, exits, and both of the short side where it has them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def signals(self, bars: Bars) -> Signals:
        return Signals(*self.answer(bars))


def none(bars: Bars) -> Array:
    return np.zeros(len(bars), dtype=np.bool_)


def back(values: Array, by: int = 1) -> Array:
    """The values of `by` bars ago, NaN before the first."""
    moved = np.full(len(values), np.nan)
    moved[by:] = values[:-by] if by < len(values) else []
    return moved


def ahead(values: Array, by: int = 1) -> Array:
    """The values of `by` bars later, NaN behind the last: the future."""
    moved = np.full(len(values), np.nan)
    moved[:-by] = values[by:] if by < len(values) else []
    return moved


def average(bars: Bars, window: int = 10) -> Array:
    return moving_average(bars.close, window)


def rose(bars: Bars) -> Array:
    return bars.close > back(bars.close)


def fell(bars: Bars) -> Array:
    return bars.close < back(bars.close)


def above(bars: Bars) -> Array:
    return bars.close > average(bars)


def below(bars: Bars) -> Array:
    return bars.close < average(bars)


def frame(values: Array) -> pd.Series:
    return pd.Series(values, dtype="float64")


def weeks(bars: Bars) -> Array:
    return bars.timestamp // (7 * DAY)


def last_of_each(groups: Array, values: Array) -> Array:
    """For each row, the last value of its group."""
    return pd.Series(values).groupby(groups).transform("last").to_numpy()


def window_of(bars: Bars, reduce: Callable[..., Array], window: int = 10) -> Array:
    result = np.full(len(bars), np.nan)
    if len(bars) >= window:
        result[window - 1 :] = reduce(sliding_window_view(bars.close, window), axis=1)
    return result


def low_pass(bars: Bars) -> Array:
    """What is left of the closes without their quick waves."""
    spectrum = np.fft.rfft(bars.close)
    spectrum[len(spectrum) // 10 + 1 :] = 0
    return np.fft.irfft(spectrum, len(bars))


def convolved(bars: Bars, window: int = 5) -> Array:
    """A trailing mean by Fourier transforms: right, but its rounding depends on the length of the history."""
    size = len(bars) + window
    mean = np.fft.irfft(np.fft.rfft(bars.close, size) * np.fft.rfft(np.full(window, 1 / window), size), size)
    return np.where(np.arange(len(bars)) < window - 1, np.nan, mean[: len(bars)])


def smoothed(values: Array, alpha: float = 0.2) -> Array:
    state, result = values[0], []
    for value in values:
        state += alpha * (value - state)
        result.append(state)
    return np.array(result)


def trend(bars: Bars) -> Array:
    rows = np.arange(len(bars))
    return np.polyval(np.polyfit(rows, bars.close, 1), rows) if len(bars) > 2 else bars.close.copy()


def best_of_two(bars: Bars) -> tuple[Array, Array]:
    """The rule that earned more on the whole history: bars after a rise, or bars after a fall."""
    gains = np.diff(bars.close, append=bars.close[-1])
    up, down = rose(bars), fell(bars)
    return (up, down) if gains[up].sum() > gains[down].sum() else (down, up)


def interpolated(bars: Bars) -> Array:
    """A line through the closes of every tenth bar."""
    rows = np.arange(len(bars))
    return np.interp(rows, rows[::10], bars.close[::10])


def skipping(base: Array, bad: Array) -> Array:
    return base & ~bad


def lucky_noise(bars: Bars) -> Array:
    noise = np.random.default_rng(3).random(len(bars)) < 0.3
    return noise & (ahead(bars.close) > bars.close)
