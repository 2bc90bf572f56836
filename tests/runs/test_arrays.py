"""Columns of stored tables as arrays: numbers, moments and texts, in parts, and what is no such table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.domain.errors import StoreError
from orchestrate.runs.arrays import arrays, parts_of
from orchestrate.runs.reading import StoredRun

TABLE = pa.table(
    {
        "t": pa.array([1, 2, 3], pa.timestamp("ns", tz="UTC")),
        "price": pa.array([1.5, None, 2.5]),
        "name": pa.array(["a", None, "b"]),
        "held": pa.array([True, False, True]),
    }
)


def stored(content: bytes) -> StoredRun:
    return StoredRun(Path("reports/run"), {}, {}, {}, {"x.parquet": content})


def content(table: pa.Table, rows: int = 2) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=rows)
    return sink.getvalue().to_pybytes()


def test_columns_of_all_kinds():
    known = arrays(stored(content(TABLE)), "x.parquet", ("t", "price", "name", "held"))
    assert known["t"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(known["price"], [1.5, np.nan, 2.5])
    assert known["name"].tolist() == ["a", "", "b"]
    assert known["held"].tolist() == [True, False, True]


def test_parts_are_the_groups_of_rows():
    parts = list(parts_of(stored(content(TABLE, 1)), "x.parquet", ("price",)))
    assert [len(part["price"]) for part in parts] == [1, 1, 1]


def test_a_table_without_rows():
    known = arrays(stored(content(TABLE.slice(0, 0))), "x.parquet", ("t", "name"))
    assert {name: len(column) for name, column in known.items()} == {"t": 0, "name": 0}


def test_a_column_that_is_missing():
    with pytest.raises(StoreError, match=r"reports/run/x.parquet: damaged: .*volume"):
        arrays(stored(content(TABLE)), "x.parquet", ("volume",))


def test_what_is_no_table():
    with pytest.raises(StoreError, match=r"x.parquet: damaged: "):
        arrays(stored(b"no table"), "x.parquet", ("t",))
