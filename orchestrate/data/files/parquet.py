"""The columns of a Parquet file, whichever way they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.assembly import assemble, places_of
from orchestrate.data.columns import Columns
from orchestrate.data.files.arrow import column_at, floats, integers, joined, nulls, texts
from orchestrate.data.files.bounds import read_table
from orchestrate.data.files.fields import NOTHING, TEXTS, Column, Fields, Moments
from orchestrate.data.text.cells import DATE_HINT
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.stamps import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_INDEX: Final = "__index_level_0__"
_NANOSECONDS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def read_parquet(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    """Return the bars of a Parquet file and what was done to read them."""
    import pyarrow as pa

    parsed = assemble(_fields(path, plan, where), plan, where)
    pa.default_memory_pool().release_unused()  # the table is gone; Arrow would keep its memory
    return parsed.at(where)


def _fields(path: Path, plan: DataPlan, where: str) -> Fields:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            # as nanoseconds, the old stamps of 96 bits would wrap in silence
            parquet = pq.ParquetFile(file, coerce_int96_timestamp_unit="us")
            names = parquet.schema_arrow.names
            header = tuple("timestamp" if name == _INDEX else name for name in names)
            places = places_of(header, (), plan, where)
            wanted = [names[place] for place in places.values()]
            table = read_table(parquet, list(dict.fromkeys(wanted)), plan.max_unpacked, where)
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
    columns = {name: _column(name, column_at(table, names, place), where) for name, place in places.items()}
    return Fields(header, places, columns, np.arange(1, table.num_rows + 1), "row")


def _column(name: str, column: pa.ChunkedArray, where: str) -> Column:
    import pyarrow as pa

    kind = column.type
    try:
        if pa.types.is_dictionary(kind):
            return _column(name, column.cast(kind.value_type), where)
        if name in TEXTS:
            return _stamps(column, where) if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else _texts(column)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return _texts(column)
        if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            return _floats(column)
    except MemoryError:
        raise
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        hint = "write timestamps or text" if name in TEXTS else "write prices as float64"
        raise DataError(f"column {name} ({kind}) can't be read: {reason}", where=where, hint=hint) from None
    raise DataError(f"column {name} holds {kind}, not numbers", where=where, hint="write prices as float64")


def _floats(column: pa.ChunkedArray) -> Floats:
    import pyarrow as pa

    kind = column.type
    numbers = floats(column.cast(pa.float64(), safe=False))
    if pa.types.is_decimal(kind):
        return np.round(numbers, kind.scale)
    return _widened(numbers) if pa.types.is_float32(kind) else numbers


def _widened(numbers: Floats) -> Floats:
    """Return prices stored in 32 bits, as the decimals that they stand for: 12.3, not 12.300000190734863."""
    narrow = numbers.astype(np.float32)
    for digits in range(9):
        rounded = np.round(numbers, digits)
        if np.array_equal(rounded.astype(np.float32), narrow, equal_nan=True):
            return rounded
    return numbers


def _stamps(column: pa.ChunkedArray, where: str) -> Moments:
    """Return dates and timestamps of any unit; DataError for one that nanoseconds can't count."""
    import pyarrow as pa

    kind = column.type
    unit = kind.unit if pa.types.is_timestamp(kind) else "s"
    scale = _NANOSECONDS[unit]
    counts = integers(column.cast(pa.timestamp(unit)))
    missing = nulls(column) if column.null_count else np.array([], dtype=np.bool_)
    if missing.any():
        counts[missing] = 0
    if counts.min() < EARLIEST // scale or counts.max() > LATEST // scale:
        place = int(((counts < EARLIEST // scale) | (counts > LATEST // scale)).argmax())
        shown = counts[place].astype(f"M8[{unit}]")
        raise DataError(
            f"row {place + 1}: {shown} lies outside the years {FIRST_YEAR} to {LAST_YEAR}",
            where=where,
            hint=DATE_HINT,
        )
    counts *= scale
    if missing.any():
        counts[missing] = NOTHING
    return Moments(counts, (kind.tz or "") if pa.types.is_timestamp(kind) else "")


def _texts(column: pa.ChunkedArray) -> Sequence[str]:
    """Return texts, counts, dates and times of day as texts, empty where there is nothing."""
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        numbers = floats(column.cast(pa.float64()))
        if not bool(np.all((np.abs(numbers) < 2**63) & (numbers == np.trunc(numbers)))):
            return ["" if np.isnan(number) else np.format_float_positional(number, trim="-") for number in numbers]
        column = column.cast(pa.int64())
    written = column.cast(pa.string())
    filled = written.fill_null("") if written.null_count else written
    return joined([texts(chunk) for chunk in filled.chunks if len(chunk)])
