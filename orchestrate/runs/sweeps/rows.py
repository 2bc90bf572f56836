"""The trials of a sweep as rows, compact: ten thousand of them take no more memory than a few runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.sweeps import Measured, Point, TrialStatus


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One trial. `figures` are those of `names`, NaN where there is none; `returns` is its place among the stored ones.

    `days` is the number of the labels that belong to its returns; both are -1 where it has none.
    """

    number: int
    id: str
    status: TrialStatus
    reason: str
    point: Point
    names: tuple[str, ...] = ()
    figures: Floats = field(default_factory=lambda: np.empty(0))
    final_equity: float | None = None
    returns: int = -1
    days: int = -1

    def figure(self, name: str) -> float:
        """Return a figure by its name; NaN where there is none."""
        try:
            return float(self.figures[self.names.index(name)])
        except ValueError:
            return math.nan


@dataclass(slots=True)
class Rows:
    """All trials of a sweep so far."""

    by_number: dict[int, Row] = field(default_factory=dict)
    _names: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take a row."""
        self.by_number[row.number] = row

    def row(self, number: int, trial_id: str, point: Point, measured: Measured, returns: int, days: int) -> Row:
        """Return a trial as a row, which shares its names with others."""
        names = tuple(measured.metrics)
        values = (math.nan if value is None else value for value in measured.metrics.values())
        return Row(
            number,
            trial_id,
            measured.status,
            measured.reason,
            point,
            self._names.setdefault(names, names),
            np.fromiter(values, dtype=np.float64, count=len(names)),
            measured.final_equity,
            returns,
            days,
        )

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the order of their numbers."""
        return (self.by_number[number] for number in sorted(self.by_number))

    def __len__(self) -> int:
        return len(self.by_number)

    def __contains__(self, number: object) -> bool:
        return number in self.by_number

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all figures, in the order in which rows have them."""
        return tuple(dict.fromkeys(name for names in dict.fromkeys(row.names for row in self) for name in names))

    def counts(self) -> dict[str, int]:
        """Return how many trials ended in each way."""
        statuses = [row.status for row in self.by_number.values()]
        return {str(status): statuses.count(status) for status in TrialStatus}


def column(rows: Sequence[Row], name: str) -> Floats:
    """Return a figure of each row, NaN where there is none."""
    return np.array([row.figure(name) for row in rows], dtype=np.float64)
