"""Columns as Arrow keeps them, and tables as Parquet. Beside it, `exposure` and `runs/arrays.py` know pyarrow.

The same facts give the same bytes: no index, no metadata of other libraries, no moment of creation. Columns are laid
into Arrow's buffers here, because `pyarrow.array` imports pandas, which takes longer than all else that a run does.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

#: What a column holds; stamps are nanoseconds since 1970, UTC.
Kind = Literal["text", "number", "stamp", "flag"]
Row = tuple[object, ...]


def read_columns(content: bytes, names: Sequence[str], places: Sequence[int] | None = None) -> list[list[Any]]:
    """Return named columns of a stored table as plain values, stamps as nanoseconds; of rows at `places`, or of all.

    ValueError where that isn't a table with these columns.
    """
    import pyarrow as pa

    try:
        table = _file(content).read(columns=list(names))
        for name in names:
            table.column(name)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    wanted = None if places is None else column(places, pa.int64())
    values = []
    for name in names:
        taken = table.column(name) if wanted is None else table.column(name).take(wanted)
        values.append((taken.cast(pa.int64()) if pa.types.is_timestamp(taken.type) else taken).to_pylist())
    return values


def column_names(content: bytes) -> dict[str, bool]:
    """Return the columns of a stored table, and whether each holds stamps; ValueError where that isn't a table."""
    import pyarrow as pa

    return {field.name: pa.types.is_timestamp(field.type) for field in _file(content).schema_arrow}


def first_unlike_row(content: bytes, other: bytes) -> int | None:
    """Return the first row of a stored table that another one does not have alike, None where there is none.

    A column that only the other has is newer than the stored run; one that only this has makes all rows differ.
    """
    one, two = _file(content).read(), _file(other).read()
    if not set(one.schema.names) <= set(two.schema.names):
        return 0
    two = two.select(one.schema.names)
    if one.equals(two):
        return None
    size = min(len(one), len(two))
    unlike = np.zeros(size, dtype=np.bool_)
    for name in one.schema.names:
        cells = [table.column(name).slice(0, size).to_pylist() for table in (one, two)]
        unlike |= np.fromiter(map(operator.ne, *cells), dtype=np.bool_, count=size)
    return int(np.argmax(unlike)) if unlike.any() else None if len(one) == len(two) else size


def _file(content: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def parquet_bytes(table: Any) -> bytes:
    """Return a table as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(table, sink, compression="zstd", use_dictionary=texts)  # numbers seldom repeat
    content: bytes = sink.getvalue().to_pybytes()
    return content


def table_of(columns: Mapping[str, Kind], rows: Sequence[Row]) -> Any:
    """Return rows as a table whose columns have their types also where there is no row."""
    import pyarrow as pa

    values: Any = zip(*rows, strict=True) if rows else ([] for _ in columns)
    kinds = types()
    filled = zip(columns.items(), values, strict=True)
    return pa.table({name: column(cells, kinds[kind]) for (name, kind), cells in filled})


def column(values: Any, kind: Any) -> Any:
    """Return texts, flags, stamps or numbers as an Arrow array.

    None, or NaN in an array, is a missing value, except among texts and flags.
    """
    import pyarrow as pa

    size = len(values)
    if kind == pa.string():
        texts = [str(value).encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.StringArray.from_buffers(size, pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    if kind == pa.bool_():
        return pa.Array.from_buffers(kind, size, [None, _bits(np.asarray(values, dtype=np.bool_))])
    known = None
    if not isinstance(values, np.ndarray):
        present = np.array([value is not None for value in values], dtype=np.bool_)
        values = [0 if value is None else value for value in values]
        known = None if present.all() else _bits(present)
    elif kind == pa.float64():
        missing = np.isnan(values)
        known = _bits(~missing) if missing.any() else None
    data = np.ascontiguousarray(values, dtype=np.float64 if kind == pa.float64() else np.int64)
    return pa.Array.from_buffers(kind, size, [known, pa.py_buffer(data)])


def _bits(flags: Any) -> Any:
    """Return flags as Arrow keeps them, eight a byte, the first one lowest."""
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def types() -> dict[Kind, Any]:
    """Return the Arrow type of each kind of column."""
    import pyarrow as pa

    return {"text": pa.string(), "number": pa.float64(), "stamp": pa.timestamp("ns", tz="UTC"), "flag": pa.bool_()}
