"""Sums of arrays, the same under every version of numpy and on every processor.

Nothing here imports numpy: metrics are read without it.
"""

from __future__ import annotations

import math
from operator import add
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Floats

#: Up to so many values a loop is quicker than numpy.
_FEW: Final = 32


def total(values: Floats) -> float:
    """Return the sum: halves are added to each other until one value is left.

    In which order numpy adds up an array is its own affair; how it adds one array to another is not.
    """
    while len(values) > _FEW:
        half = len(values) // 2
        halves = values[:half] + values[half : 2 * half]
        if len(values) % 2:
            halves[0] += values[-1]
        values = halves
    return _total_of_few(values.tolist())


def totals(rows: Floats) -> list[float]:
    """Return the sum of each row, which is its `total`, in less time than one after another."""
    while rows.shape[1] > _FEW:
        half = rows.shape[1] // 2
        halves = rows[:, :half] + rows[:, half : 2 * half]
        if rows.shape[1] % 2:
            halves[:, 0] += rows[:, -1]
        rows = halves
    return [_total_of_few(row) for row in rows.tolist()]


def _total_of_few(values: list[float]) -> float:
    """Return the same sum without numpy, which takes longer for few values."""
    while len(values) > 1:
        half = len(values) // 2
        halves = [*map(add, values[:half], values[half : 2 * half])]
        if len(values) % 2:
            halves[0] += values[-1]
        values = halves
    return float(values[0]) if values else 0.0


def mean(values: Floats) -> float:
    """Return the sum of at least one value ÷ their number."""
    return total(values) / len(values)


def deviation(values: Floats) -> float:
    """Return the standard deviation (ddof 1) of at least two values."""
    about_mean = values - mean(values)
    return math.sqrt(product_sum(about_mean, about_mean) / (len(values) - 1))


def product_sum(values: Floats, others: Floats) -> float:
    """Return the sum of products."""
    return total(values * others)
