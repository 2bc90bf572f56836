"""Quotes as files have them, one row each, before they become a chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Flags, Floats
from orchestrate.domain.options.chain import Places
from orchestrate.domain.options.settings import ChainSettings


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The files of a chain, the first row of each, and where each row stands in its file."""

    files: tuple[str, ...]
    starts: tuple[int, ...]
    lines: Places
    unit: str = "line"

    def place(self, row: int) -> str:
        """Return where a row stands, in words; the file is named where there are several."""
        line = f"{self.unit} {self.lines[row]}"
        if len(self.files) == 1:
            return line
        return f"{self.files[int(np.searchsorted(self.starts, row, side='right')) - 1]}, {line}"


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """A column whose values repeat: the distinct ones, rising, and which of them each row has."""

    values: npt.NDArray[Any]
    codes: Places

    @classmethod
    def of(cls, column: npt.NDArray[Any]) -> Codes:
        """Return a column in this form."""
        values, codes = np.unique(column, return_inverse=True)
        return cls(values, codes.astype(np.int32))

    @classmethod
    def joined(cls, parts: Sequence[Codes]) -> Codes:
        """Return columns one after the other."""
        values = np.unique(np.concatenate([part.values for part in parts]))
        codes = [np.searchsorted(values, part.values).astype(np.int32)[part.codes] for part in parts]
        return cls(values, np.concatenate(codes))

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Quotes in the order of their files. `moment` is UTC, a date at midnight; `day` the day of expiry since 1970.

    `quoted` has the columns of a chain, and `spot`, the price of the underlying, if they are given. `facts` is what
    the data says of all contracts. `length` is the time from one moment to the next, 0 where the reader doesn't know
    it; `lag` is how long after its moment a quote stands, as the close of a bar does.
    """

    moment: Codes
    day: Codes
    strike: Codes
    is_call: Flags
    quoted: Mapping[str, Floats]
    source: Source
    facts: Mapping[str, str] = field(default_factory=dict)
    length: int = 0
    lag: int = 0

    def __len__(self) -> int:
        return len(self.moment)


def joined(parts: Sequence[Quotes], settings: ChainSettings, where: str) -> Quotes:
    """Return the quotes of all files as one; a column that one of them lacks is NaN there."""
    if len(parts) == 1:
        return parts[0]
    for fact in sorted({name for part in parts for name in part.facts}):
        said = sorted({part.facts.get(fact, "") for part in parts})
        if len(said) > 1:
            raise several(fact, said, settings, where)
    names = dict.fromkeys(name for part in parts for name in part.quoted)
    sizes = np.cumsum([0, *(len(part) for part in parts[:-1])])
    source = Source(
        tuple(part.source.files[0] for part in parts),
        tuple(sizes.tolist()),
        np.concatenate([part.source.lines for part in parts]),
        parts[0].source.unit,
    )
    return replace(
        parts[0],
        moment=Codes.joined([part.moment for part in parts]),
        day=Codes.joined([part.day for part in parts]),
        strike=Codes.joined([part.strike for part in parts]),
        is_call=np.concatenate([part.is_call for part in parts]),
        quoted={name: np.concatenate([_or_nan(part, name) for part in parts]) for name in names},
        source=source,
    )


def several(fact: str, said: Iterable[str], settings: ChainSettings, where: str) -> DataError:
    """Return the error about contracts of several kinds in one chain."""
    named = ", ".join(one or "none" for one in list(said)[:5])
    hint = (
        f"set data: {{{settings.symbol}: {{{fact}: …}}}} to one of them" if fact != "style" else "make a chain of each"
    )
    return DataError(f"the data holds contracts of more than one {fact} ({named})", where=where, hint=hint)


def _or_nan(part: Quotes, name: str) -> Floats:
    column = part.quoted.get(name)
    return np.full(len(part), np.nan) if column is None else column
