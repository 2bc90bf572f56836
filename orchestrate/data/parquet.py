"""Bars from a Parquet file, whichever way its stamps are typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.arrow import column_at, floats, integers
from orchestrate.data.bounds import read_table
from orchestrate.data.cells import Cells, Reading
from orchestrate.data.columns import PRICES, Columns
from orchestrate.data.headers import which_columns
from orchestrate.data.stamps import read_stamps
from orchestrate.data.zones import at_utc, dates_of_midnights
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

if TYPE_CHECKING:
    import pyarrow as pa

_UTC: Final = ("UTC", "Z", "Etc/UTC", "+00:00")
_INDEX: Final = "__index_level_0__"


def read_parquet(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    """The bars of a Parquet file and what was done to read them."""
    import pyarrow as pa

    columns, findings = _read(path, plan, where)
    pa.default_memory_pool().release_unused()  # the table is gone; Arrow would keep its memory
    return columns, findings


def _read(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            parquet = pq.ParquetFile(file)
            names = ["timestamp" if name == _INDEX else name for name in parquet.schema_arrow.names]
            places = which_columns(tuple(names), plan.columns, where)
            wanted = [parquet.schema_arrow.names[place] for place in places.values()]
            table = read_table(parquet, list(dict.fromkeys(wanted)), plan.max_unpacked, where)
            found = {ours: column_at(table, parquet.schema_arrow.names, place) for ours, place in places.items()}
    except MemoryError:
        raise  # to Arrow it is an ArrowException too
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise DataError(
            f"the Parquet file is damaged ({str(error).splitlines()[0]})", where=where, hint="write it again"
        ) from None
    if not table.num_rows:
        raise DataError("the table has no rows", where=where, hint="write the file again, with bars")
    findings = []
    reading = _stamps(found["timestamp"], plan, where)
    if reading.note:
        findings.append(Finding("info", where, reading.note))
    opened, high, low, close = (_floats(found[name], name, where) for name in PRICES)
    if "volume" in found:
        volume = _floats(found["volume"], "volume", where)
    else:
        findings.append(Finding("warning", where, "there is no volume column: volume is 0"))
        volume = np.zeros(table.num_rows)
    return Columns(reading.label, opened, high, low, close, volume), findings


def _floats(column: pa.ChunkedArray, name: str, where: str) -> Floats:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"column {name} holds {kind}, not numbers", where=where, hint="write prices as float64")
    numbers = floats(column.cast(pa.float64(), safe=False))
    if pa.types.is_decimal(kind):
        return np.round(numbers, kind.scale)
    return _widened(numbers) if pa.types.is_float32(kind) else numbers


def _widened(numbers: Floats) -> Floats:
    """Prices stored in 32 bits, as the decimals that they stand for: 12.3, not 12.300000190734863."""
    narrow = numbers.astype(np.float32)
    for digits in range(9):
        rounded = np.round(numbers, digits)
        if np.array_equal(rounded.astype(np.float32), narrow, equal_nan=True):
            return rounded
    return numbers


def _stamps(column: pa.ChunkedArray, plan: DataPlan, where: str) -> Reading:
    import pyarrow as pa

    kind = column.type
    if column.null_count:
        raise DataError(f"{column.null_count} rows have no stamp", where=where, hint="remove these rows")
    rows = range(1, len(column) + 1)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        local = integers(column.cast(pa.timestamp("ns")))
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        if zone is not None:
            return Reading(local if zone in _UTC else dates_of_midnights(local, zone, where))
        texts = [] if plan.timezone in _UTC else local.astype("M8[ns]").astype(str).tolist()
        return Reading(at_utc(Cells(texts, rows, where, plan.timezone, "row"), local))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        column = column.cast(pa.int64(), safe=False)
    try:
        texts = column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, UnicodeDecodeError):
        raise DataError(f"stamps can't be read from {kind}", where=where, hint="write timestamps or text") from None
    return read_stamps(Cells(texts, rows, where, plan.timezone, "row"), plan.date_format)
