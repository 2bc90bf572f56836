"""Columns of a stored run as arrays, for what looks at a whole run: pictures. A large table is read in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import StoreError
from orchestrate.runs.reading import StoredRun

Arrays = dict[str, npt.NDArray[Any]]


def arrays(run: StoredRun, file: str, names: Sequence[str]) -> Arrays:
    """Return columns, stamps as nanoseconds; a missing number is NaN. StoreError where the file lacks them."""
    parts = list(parts_of(run, file, names))
    if not parts:
        return {name: np.zeros(0) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def parts_of(run: StoredRun, file: str, names: Sequence[str]) -> Iterator[Arrays]:
    """Return the same, some thousand rows at a time."""
    opened = _opened(run, file)
    for group in range(opened.num_row_groups):
        try:
            table = opened.read_row_group(group, columns=list(names))
            yield {name: _array(table.column(name)) for name in names}
        except (KeyError, OSError, ValueError) as error:
            raise _damaged(run, file, error) from None


def _opened(run: StoredRun, file: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(pa.BufferReader(run.files[file]))
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        return pq.ParquetFile(pa.BufferReader(run.files[file]), read_dictionary=texts)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(run, file, error) from None


def _array(column: Any) -> npt.NDArray[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_dictionary(column.type):
        return np.concatenate([np.zeros(0, dtype=object), *map(_texts, column.chunks)])
    numbers: npt.NDArray[Any] = column.to_numpy()
    return numbers


def _texts(chunk: Any) -> npt.NDArray[Any]:
    """Return texts that are stored once each."""
    known = np.array([*chunk.dictionary.to_pylist(), ""], dtype=object)
    texts: npt.NDArray[Any] = known[chunk.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
    return texts


def _damaged(run: StoredRun, file: str, error: Exception) -> StoreError:
    first = str(error).partition("\n")[0]
    return StoreError(f"{run.folder / file}: damaged: {first}")
