"""The columns of a file by their content, as texts, numbers or moments: the output of every format's reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from orchestrate.data.calendar import DAY
from orchestrate.data.text.cells import Grid
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.results import Severity

#: Columns that are read as texts; all others hold numbers.
TEXTS: Final = ("timestamp", "time", "symbol")
#: A moment that is missing.
NOTHING: Final = np.iinfo(np.int64).min


class Moments(Sequence[str]):
    """Stamps that a file stores as such: nanoseconds since 1970, UTC where it names a `zone`, else of a wall clock.

    As a sequence they are texts, for messages: a date alone where the first is midnight.
    """

    __slots__ = ("label", "zone")

    def __init__(self, label: Stamps, zone: str = "") -> None:
        self.label, self.zone = label, zone

    def __len__(self) -> int:
        return len(self.label)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Moments: ...

    def __getitem__(self, place: int | slice) -> str | Moments:
        if isinstance(place, slice):
            return Moments(self.label[place], self.zone)
        if self.label[place] == NOTHING:
            return ""
        return str(self.label[place].astype("M8[ns]")).removesuffix("T00:00:00.000000000")


def days(label: Stamps) -> Grid:
    """Return moments as the texts of their dates; with the time of day where one has it."""
    unit, width = ("s", 19) if (label % DAY).any() else ("D", 10)
    letters = label.astype("M8[ns]").astype(f"M8[{unit}]").astype(f"S{width}")
    return Grid(letters.view(np.uint8).reshape(len(label), -1))


Column: TypeAlias = Sequence[str] | Moments | Floats


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Columns by name: timestamp, perhaps time, open, high, low, close, perhaps volume, symbol and ticks.

    `places` has the position of each among all columns of the file, whose names are in `header` (empty: none);
    `rows` has the position of each row in the file, counted in `unit`; `notes` lists what was left out.
    """

    header: tuple[str, ...]
    places: Mapping[str, int]
    columns: Mapping[str, Column]
    rows: Stamps
    unit: str
    notes: tuple[tuple[Severity, str], ...] = ()

    def take(self, kept: npt.NDArray[np.int64]) -> Fields:
        """Return some of the rows."""
        columns = {name: _taken(column, kept) for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[kept])


def _taken(column: Column, kept: npt.NDArray[np.int64]) -> Column:
    if isinstance(column, np.ndarray):
        return column[kept]
    if isinstance(column, Moments):
        return Moments(column.label[kept], column.zone)
    return Grid(column.letters[kept]) if isinstance(column, Grid) else [column[place] for place in kept]
