"""Arrow's columns as numpy's, from the buffers themselves: Arrow's own `to_numpy` imports pandas, which takes 0.2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from orchestrate.data.text.cells import Grid, Integers
from orchestrate.domain.market.timeline import Floats

if TYPE_CHECKING:
    import pyarrow as pa

Number = TypeVar("Number", np.float64, np.int64)


def column_at(table: pa.Table, stored: list[str], place: int) -> pa.ChunkedArray:
    """Return the column that stands at `place` in the file; of those of one name all are read."""
    same = table.schema.get_all_field_indices(stored[place])
    return table.column(same[stored[:place].count(stored[place])])


def floats(column: pa.ChunkedArray | pa.Array) -> Floats:
    """Return a copy of a float64 column, NaN where it says nothing."""
    parts = [np.where(_said(part), _values(part, np.float64), np.nan) for part in _parts(column)]
    return np.concatenate([np.empty(0), *parts])


def integers(column: pa.ChunkedArray) -> Integers:
    """Return a copy of a 64-bit column: integers, or stamps as what they count; anything where it says nothing."""
    return np.concatenate([np.empty(0, dtype=np.int64), *(_values(part, np.int64) for part in _parts(column))])


def nulls(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Return where a column says nothing."""
    parts = [np.broadcast_to(np.logical_not(_said(part)), len(part)) for part in _parts(column)]
    return np.concatenate([np.empty(0, dtype=np.bool_), *parts])


def _parts(column: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return [part for part in getattr(column, "chunks", [column]) if len(part)]


def _said(part: pa.Array) -> npt.NDArray[np.bool_] | bool:
    if not part.null_count:
        return True
    bits = np.unpackbits(np.frombuffer(part.buffers()[0], np.uint8), bitorder="little")
    return bits[part.offset : part.offset + len(part)].astype(np.bool_)


def _values(part: pa.Array, kind: type[Number]) -> npt.NDArray[Number]:
    return np.frombuffer(part.buffers()[1], kind, len(part), 8 * part.offset)


def texts(chunk: pa.StringArray) -> Grid | list[str]:
    """Return a copy of strings without nulls; as a grid where they are ASCII and of one length."""
    size = len(chunk)
    _, places, letters = chunk.buffers()
    starts = np.frombuffer(places, np.int32, size + 1, 4 * chunk.offset)
    width = int(starts[1] - starts[0]) if size else 0
    if not width or (np.diff(starts) != width).any():
        return list(chunk.to_pylist())
    matrix = np.frombuffer(letters, np.uint8, size * width, int(starts[0])).reshape(size, width)
    return Grid(matrix.copy()) if matrix.max() < 128 else list(chunk.to_pylist())


def joined(parts: list[Grid | list[str]]) -> Grid | list[str]:
    """Return texts one after the other, as one grid if they are grids of one width."""
    grids = [part.letters for part in parts if isinstance(part, Grid)]
    if len(grids) == len(parts) and len({letters.shape[1] for letters in grids}) == 1:
        return Grid(np.concatenate(grids))
    return [text for part in parts for text in part]
