"""Figures over a history, one element a bar, NaN until there is enough of it.

Element i is computed from elements 0..i in an order that doesn't depend on what comes later: cutting the history
leaves every earlier element the same to the last bit. No running sums, whose rounding drifts.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from orchestrate.domain.market.timeline import Flags, Floats

#: Averages closer to each other than this are equal: rounding must not make a crossing.
TIE = 1e-9


def rolling_sum(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` elements.

    It is added up from sums over 1, 2, 4, … elements.
    """
    total = np.zeros(len(values))
    block = values.astype(np.float64)
    size, covered = 1, 0
    while True:
        if window & size:
            total[covered:] += block[: max(0, len(block) - covered)]
            covered += size
        if covered == window:
            break
        longer = np.full(len(block), np.nan)
        longer[size:] = block[size:] + block[: max(0, len(block) - size)]
        block, size = longer, 2 * size
    total[: window - 1] = np.nan
    return total


def moving_average(values: Floats, window: int) -> Floats:
    """Return the mean of the last `window` elements."""
    return rolling_sum(values, window) / window


def rolling_deviation(values: Floats, window: int) -> Floats:
    """Return the standard deviation (ddof=1) of the last `window` elements.

    It is computed from their distances to their own mean.
    """
    mean = moving_average(values, window)
    squares = np.zeros(len(values))
    for back in range(min(window, len(values))):
        squares[back:] += (values[: len(values) - back] - mean[back:]) ** 2
    deviation: Floats = np.sqrt(squares / (window - 1))
    return deviation


def z_score(values: Floats, window: int) -> Floats:
    """Return the distance of each element from the mean of the last `window`, in standard deviations.

    NaN where nothing moved.
    """
    mean, deviation = moving_average(values, window), rolling_deviation(values, window)
    moved = deviation > TIE * np.maximum(1.0, np.abs(mean))
    score: Floats = np.divide(values - mean, deviation, out=np.full(len(values), np.nan), where=moved)
    return score


def wilder_rsi(close: Floats, period: int) -> Floats:
    """Return Wilder's relative strength index, seeded by the mean of the first `period` changes.

    No losses: 100. No movement at all: 50.
    """
    rsi = np.full(len(close), np.nan)
    if len(close) <= period:
        return rsi
    change = np.diff(close)
    gain = _smoothed(np.maximum(change, 0.0), period)
    loss = _smoothed(np.maximum(-change, 0.0), period)
    with np.errstate(over="ignore"):
        strength = np.divide(gain, loss, out=np.full(len(gain), np.inf), where=loss > 0)
    rsi[period:] = np.where((gain == 0) & (loss == 0), 50.0, 100.0 - 100.0 / (1.0 + strength))
    return rsi


def _smoothed(values: Floats, period: int) -> Floats:
    """Return Wilder's average, from the one over the first `period` elements on."""
    seed = float(values[:period].mean())
    later = values[period:].tolist()
    averages = accumulate(later, lambda average, value: (average * (period - 1) + value) / period, initial=seed)
    return np.fromiter(averages, dtype=np.float64, count=len(later) + 1)


def crossed_above(one: Floats, other: Floats) -> Flags:
    """Return flags that are True where `one` rises above `other`.

    It was not above at the element before, at which both were known.
    """
    difference = one - other
    above = difference > TIE
    crossed = np.zeros(len(above), dtype=np.bool_)
    crossed[1:] = above[1:] & (difference[:-1] <= TIE)
    return crossed
