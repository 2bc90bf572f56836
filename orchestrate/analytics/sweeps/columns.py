"""The returns of many trials, some columns at a time: thousands of trials need not be in memory together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats

#: So many trials are read at a time.
TRIALS: Final = 256


@runtime_checkable
class Columns(Protocol):
    """Returns with a row a day and a column a trial, which are read when they are needed."""

    @property
    def shape(self) -> tuple[int, int]:
        """The number of days, and of trials."""

    def some(self, start: int, stop: int) -> Floats:
        """Return the columns from `start` to before `stop`."""


Returns: TypeAlias = npt.ArrayLike | Columns


@dataclass(frozen=True, slots=True, eq=False)
class ArrayColumns:
    """Returns that are in memory."""

    array: npt.NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of days, and of trials."""
        days, trials = self.array.shape
        return days, trials

    def some(self, start: int, stop: int) -> Floats:
        """Return the columns from `start` to before `stop`."""
        return np.array(self.array[:, start:stop], dtype=np.float64)


def columns_of(returns: Returns) -> Columns:
    """Return an array, or what gives its columns, as the latter. ValueError for anything but two dimensions."""
    if isinstance(returns, Columns):
        return returns
    array = np.asarray(returns)
    if array.ndim != 2:
        raise ValueError(f"returns have a row a day and a column a trial, not the shape {array.shape}")
    return ArrayColumns(array)


def chunks(columns: Columns) -> Iterator[tuple[int, Floats]]:
    """Yield all columns, some at a time, each time with the number of the first."""
    trials = columns.shape[1]
    for start in range(0, trials, TRIALS):
        yield start, columns.some(start, min(start + TRIALS, trials))
