"""A large plain text file by Arrow, a block at a time: what Arrow holds is gone before the next block is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.assembly import places_of
from orchestrate.data.files.arrow import floats, joined, texts
from orchestrate.data.files.fields import TEXTS, Column, Fields
from orchestrate.data.text.cells import Grid
from orchestrate.data.text.decoding import decode
from orchestrate.data.text.dialect import Table, split
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import DataPlan

if TYPE_CHECKING:
    import pyarrow as pa

LARGE: Final = 2_000_000  # bytes from which Arrow is worth its import
_HEAD: Final = 65536


def read_large(raw: bytes, plan: DataPlan, where: str) -> Fields | None:
    """Return the columns of a large file; None where anything about it is out of the ordinary."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    layout = _plain_layout(raw, plan, where)
    columns = _columns(raw, *layout) if layout else None
    if not layout or not columns:
        return None
    table, places = layout
    return Fields(table.header, places, columns, np.arange(2, len(columns["timestamp"]) + 2), "line")


def _plain_layout(raw: bytes, plan: DataPlan, where: str) -> tuple[Table, dict[str, int]] | None:
    """Return what the head of the file shows, if it is a header in the first line and rows in all others."""
    head = raw[: raw.rfind(b"\n", 0, _HEAD) + 1]
    try:
        table = split(decode(head, where), plan.delimiter, where)
        places = places_of(table.header, table.rows[0], plan, where)
    except DataError:
        return None
    written = [place for name, place in places.items() if name in TEXTS]
    counted = [place for name, place in places.items() if name not in TEXTS]
    odd = bool(table.notes) or not table.header or table.lines[0] != 2 or table.delimiter == " "
    return None if odd or plan.decimal == "," or set(written) & set(counted) else (table, places)


def _columns(raw: bytes, table: Table, places: Mapping[str, int]) -> dict[str, Column] | None:
    """Return texts and finite numbers by column; None where a number is none, or a row is torn."""
    import pyarrow as pa

    most, size = raw.count(b"\n"), 0
    numbers = {name: np.empty(most) for name in places if name not in TEXTS}
    written: dict[str, list[Grid | list[str]]] = {name: [] for name in places if name in TEXTS}
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
            for name, parts in written.items():
                parts.append(texts(batch.column(str(places[name]))))
    except pa.ArrowException:
        return None
    if not size:
        return None
    whole: dict[str, Column] = {name: joined(written.pop(name)) for name in list(written)}
    return whole | {name: column[:size] for name, column in numbers.items()}


def _batches(raw: bytes, table: Table, places: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """Yield the rows in blocks of a megabyte, a column's name its place. A second thread would only hold more."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    names = [str(place) for place in range(len(table.header))]
    types = {str(place): pa.string() if name in TEXTS else pa.float64() for name, place in places.items()}
    yield from arrow_csv.open_csv(
        pa.BufferReader(raw),
        read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter=table.delimiter, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=[]),
        memory_pool=pa.system_memory_pool(),  # gives back what it no longer needs
    )
