"""A column of stamps as text, and the result of reading it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, overload

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Stamps

Integers = npt.NDArray[np.int64]
Letters = npt.NDArray[np.uint8]

BLOCK: Final = 1 << 14  # rows that are worked on at a time: what that takes fits into a processor's cache
FORMAT_HINT: Final = "set date_format: '%d/%m/%Y' (or the like), day_first, month_first, epoch_s, epoch_ms, excel …"
DATE_HINT: Final = "remove the row, or correct its date"


@dataclass(frozen=True, slots=True)
class Reading:
    """The stamps, in words what had to be decided to read them (empty where nothing had), and a zone they name."""

    label: Stamps
    note: str = ""
    zone: str = ""


class Grid(Sequence[str]):
    """ASCII texts of one length as a matrix of letters: half a million stamps in 10 MB, not in 40 of strings."""

    __slots__ = ("letters",)

    def __init__(self, letters: Letters) -> None:
        self.letters = letters

    def __len__(self) -> int:
        return len(self.letters)

    def blocks(self) -> Iterator[slice]:
        """Yield the whole column in pieces of `BLOCK` cells."""
        return (slice(start, start + BLOCK) for start in range(0, len(self), BLOCK))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Grid: ...

    def __getitem__(self, place: int | slice) -> str | Grid:
        chosen = self.letters[place]
        return Grid(chosen) if isinstance(place, slice) else chosen.tobytes().decode("ascii")

    def __iter__(self) -> Iterator[str]:
        size, width = self.letters.shape
        text = self.letters.tobytes().decode("ascii")
        return (text[start : start + width] for start in range(0, size * width, width))


def beside(days: Sequence[str], clocks: Sequence[str]) -> Sequence[str]:
    """Return two columns as one, with a blank between them."""
    if isinstance(days, Grid) and isinstance(clocks, Grid):
        blank = np.full((len(days), 1), ord(" "), dtype=np.uint8)
        return Grid(np.hstack([days.letters, blank, clocks.letters]))
    return [f"{day} {clock}" for day, clock in zip(days, clocks, strict=True)]


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of stamps as text, the positions of its rows in the file, and the settings for reading it."""

    texts: Sequence[str]
    rows: Sequence[int] | Integers
    where: str
    timezone: str = "UTC"
    unit: str = "line"

    def refuse(self, place: int, why: str, hint: str = FORMAT_HINT) -> DataError:
        """Return the error about one cell."""
        return DataError(f"{self.unit} {self.rows[place]}: {self.texts[place]!r} {why}", where=self.where, hint=hint)

    def part(self, chosen: slice) -> Cells:
        """Return some of the cells, with their rows."""
        return replace(self, texts=self.texts[chosen], rows=self.rows[chosen])

    def grid(self) -> Grid | None:
        """Return the texts as a matrix; None where they are not all ASCII and of one length."""
        if isinstance(self.texts, Grid):
            return self.texts
        width, joined = len(self.texts[0]), "".join(self.texts)
        if not joined.isascii() or set(map(len, self.texts)) != {width}:
            return None
        return Grid(np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, width))
