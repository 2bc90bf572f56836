"""A stored table as the formats of `export` take it: named columns of plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ExportTable:
    """The columns of a table in their order, which of them are moments (int nanoseconds, UTC), and its stored bytes."""

    names: Sequence[str]
    moments: Sequence[bool]
    columns: Sequence[Sequence[Any]]
    stored: bytes

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def rows(self, moment: Callable[[int], object], other: Callable[[Any], object]) -> Iterator[tuple[object, ...]]:
        """Yield the rows, moments and all else converted; a value that is missing is None."""
        converted = [
            [None if cell is None else (moment if is_moment else other)(cell) for cell in column]
            for column, is_moment in zip(self.columns, self.moments, strict=True)
        ]
        return iter(zip(*converted, strict=True))
