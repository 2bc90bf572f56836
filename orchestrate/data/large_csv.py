"""A large plain text file by Arrow, a block at a time: what Arrow holds is gone before the next block is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.arrow import floats, joined, texts
from orchestrate.data.cells import Cells, Grid
from orchestrate.data.columns import PRICES, Columns, Parsed
from orchestrate.data.decoding import decode
from orchestrate.data.dialect import Table, split
from orchestrate.data.headers import which_columns
from orchestrate.data.stamps import read_stamps
from orchestrate.data.vendors import is_special
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

if TYPE_CHECKING:
    import pyarrow as pa

LARGE: Final = 2_000_000  # bytes from which Arrow is worth its import
_HEAD: Final = 65536
_NUMBERS: Final = (*PRICES, "volume")


def read_large(raw: bytes, plan: DataPlan, where: str) -> Parsed | None:
    """The bars of a large file; None where anything about it is out of the ordinary."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    layout = _plain_layout(raw, plan, where)
    cells = _cells(raw, *layout) if layout else None
    if not cells:
        return None
    stamps, numbers = cells
    after = len(stamps) + 2
    reading = read_stamps(Cells(stamps, range(2, after), where, plan.timezone), plan.date_format)
    findings = (Finding("info", where, reading.note),) if reading.note else ()
    opened, high, low, close, volume = (numbers[name] for name in _NUMBERS)
    columns = Columns(reading.label, opened, high, low, close, volume, np.arange(2, after), "line")
    return Parsed(columns, findings, reading.zone or plan.timezone)


def _plain_layout(raw: bytes, plan: DataPlan, where: str) -> tuple[Table, dict[str, int]] | None:
    """What the head of the file shows, if it is a header in the first line and rows in all others."""
    head = raw[: raw.rfind(b"\n", 0, _HEAD) + 1]
    try:
        table = split(decode(head, where), plan.delimiter, where)
        places = which_columns(table.header, plan.columns, where)
    except DataError:
        return None
    odd = (
        bool(table.notes)
        or not table.header
        or is_special(table.header)
        or table.lines[0] != 2
        or table.delimiter == " "
        or list(places.values()).count(places["timestamp"]) > 1
    )
    return None if odd or "time" in places or "volume" not in places or plan.decimal == "," else (table, places)


def _cells(raw: bytes, table: Table, places: Mapping[str, int]) -> tuple[Sequence[str], dict[str, Floats]] | None:
    """Stamps as text, and finite numbers by column; None where a number is none, or a row is torn."""
    import pyarrow as pa

    most, size = raw.count(b"\n"), 0
    numbers = {name: np.empty(most) for name in _NUMBERS}
    stamps: list[Grid | list[str]] = []
    try:
        for batch in _batches(raw, table, places):
            rows = slice(size, size + batch.num_rows)
            size = rows.stop
            if size > most:
                return None
            for name, column in numbers.items():
                column[rows] = floats(batch.column(str(places[name])))
                if not np.isfinite(column[rows]).all():
                    return None
            stamps.append(texts(batch.column(str(places["timestamp"]))))
    except pa.ArrowException:
        return None
    return (joined(stamps), {name: column[:size] for name, column in numbers.items()}) if size else None


def _batches(raw: bytes, table: Table, places: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """The rows in blocks of a megabyte, a column's name its place. A second thread would only hold more."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    names = [str(place) for place in range(len(table.header))]
    types = {str(place): pa.string() if name == "timestamp" else pa.float64() for name, place in places.items()}
    yield from arrow_csv.open_csv(
        pa.BufferReader(raw),
        read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter=table.delimiter, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=[]),
        memory_pool=pa.system_memory_pool(),  # gives back what it no longer needs
    )
