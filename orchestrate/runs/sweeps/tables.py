"""The tables of a finished sweep: its trials, and the returns of those that are done."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from io import RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.rows import Row, Rows, column, is_count
from orchestrate.runs.tables.arrow import column as arrow_column
from orchestrate.runs.tables.arrow import types

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: So many columns are looked at, or written, before the memory of what was read is given back.
_AT_ONCE: Final = 256


def trials_table(rows: Rows, parameters: Sequence[str], eligible: Collection[int]) -> Any:
    """Return a row for every trial: what it was, its parameters as written, and its figures."""
    import pyarrow as pa

    kinds, every = types(), list(rows)
    columns = {
        "trial": arrow_column([row.number for row in every], pa.int64()),
        "id": arrow_column([row.id for row in every], kinds["text"]),
        "status": arrow_column([str(row.status) for row in every], kinds["text"]),
        "eligible": arrow_column([row.number in eligible for row in every], kinds["flag"]),
        "reason": arrow_column([row.reason for row in every], kinds["text"]),
    }
    columns |= {name: values_column([row.point.get(name) for row in every]) for name in parameters}
    for name in rows.names:
        whole = is_count(name)
        figures = [int(value) if whole and value is not None else value for value in _known(column(every, name))]
        columns[name] = arrow_column(figures, pa.int64() if whole else kinds["number"])
    columns["final_equity"] = arrow_column([row.final_equity for row in every], kinds["number"])
    return pa.table(columns)


def _known(figures: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in figures.tolist()]


def values_column(values: Sequence[object]) -> Any:
    """Return the values of a parameter: whole numbers, numbers, flags, or texts; what is none of these as JSON."""
    import pyarrow as pa

    kinds, given = types(), [value for value in values if value is not None]
    if given and all(isinstance(value, bool) for value in given) and len(given) == len(values):
        return arrow_column(values, kinds["flag"])
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        whole = all(isinstance(value, int) and abs(value) < 2**63 for value in given)
        return arrow_column(values, pa.int64() if whole else kinds["number"])
    if not given:
        return arrow_column(values, kinds["number"])
    return arrow_column([value if isinstance(value, str) else json.dumps(value) for value in values], kinds["text"])


def write_returns(path: Path, rows: Sequence[Row], journal: TrialJournal) -> None:
    """Write a column for each trial that has returns, under its number; a day that one lacks is missing.

    The columns stay on the disk until they are written, so that thousands take no memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = [journal.labels(number) for number in dict.fromkeys(row.days for row in rows)]
    union = days[0] if len(days) == 1 else np.unique(np.concatenate([np.empty(0, np.int64), *days]))
    columns = {"label": arrow_column(union, types()["stamp"])}
    for place, row in enumerate(rows):
        columns[str(row.number)] = _on(union, journal.labels(row.days), journal.returns(row))
        if place % _AT_ONCE == 0:
            journal.release()
    with path.open("wb") as file:
        pq.write_table(pa.table(columns), _Sink(file, journal.release), compression="zstd", use_dictionary=False)


class _Sink(RawIOBase):
    """A file; `release` is called from time to time: each column is written by itself, at least once."""

    def __init__(self, file: IO[bytes], release: Callable[[], None]) -> None:
        self._file, self._release, self._writes = file, release, 0

    def writable(self) -> bool:
        """Return that it is there to be written."""
        return True

    def write(self, content: Buffer) -> int:
        """Write some bytes."""
        self._writes += 1
        if self._writes % _AT_ONCE == 0:
            self._release()
        return self._file.write(content)


def _on(union: Stamps, days: Stamps, values: Floats) -> Any:
    kind = types()["number"]
    if len(days) == len(union):
        return arrow_column(values, kind)
    spread: list[float | None] = [None] * len(union)
    for place, value in zip(np.searchsorted(union, days).tolist(), values.tolist(), strict=True):
        spread[place] = value
    return arrow_column(spread, kind)
