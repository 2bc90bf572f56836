"""The trials of a sweep as rows, compact: ten thousand of them take no more memory than a few runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.gates import split_metric
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.sweeps import Measured, Point, TrialStatus

FINAL_EQUITY: Final = "final_equity"


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

    def place(self, name: str) -> int:
        """Return the place of a figure; KeyError where the row has none of that name."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None


class Figures(Mapping[str, float | None]):
    """The figures of a row by name, also as gates name them; bare names are those of `strategy` where one is given."""

    __slots__ = ("_row", "_strategy")

    def __init__(self, row: Row, strategy: str = "") -> None:
        self._row, self._strategy = row, strategy

    def __getitem__(self, name: str) -> float | None:
        """Return a figure; None where it is undefined."""
        group, owner, metric = split_metric(name)
        if name in self._row.names and not (self._strategy and "." not in name):
            key = name
        elif group == "strategies":
            key = f"{owner}.{metric}"
        else:
            key = f"{self._strategy}.{metric}" if self._strategy else metric
        if key == FINAL_EQUITY:
            return self._row.final_equity
        value = float(self._row.figures[self._row.place(key)])
        if math.isnan(value):
            return None
        return int(value) if is_count(key) else value

    def __iter__(self) -> Iterator[str]:
        """Yield the names that a row has."""
        return iter(self._row.names)

    def __len__(self) -> int:
        return len(self._row.names)


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


def is_count(name: str) -> bool:
    """Return whether a figure is a whole number."""
    metric = METRICS.get(name.rpartition(".")[2])
    return metric is not None and metric.format == "count"


def column(rows: Sequence[Row], name: str) -> Floats:
    """Return a figure of each row, NaN where there is none."""
    places = {names: names.index(name) if name in names else -1 for names in dict.fromkeys(row.names for row in rows)}
    found = ((row.figures, places[row.names]) for row in rows)
    return np.array([math.nan if place < 0 else figures[place] for figures, place in found], dtype=np.float64)
