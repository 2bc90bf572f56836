"""`exposure.parquet`, of which only a part is in memory at a time: it may have many times more rows than the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.analytics.exposure import FIGURES, Rows, rows
from orchestrate.domain.results import RunResult
from orchestrate.runs.tables.arrow import column, types

#: The rows that are written at once.
_ROWS_AT_ONCE: Final = 100_000


def exposure_bytes(result: RunResult) -> bytes:
    """Return the file. Its compression is a faster one than that of the others."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, texts = pa.BufferOutputStream(), ["scope", "id"]
    stamps = dict.fromkeys(("t", "label"), "DELTA_BINARY_PACKED")
    schema = _exposure_of(result, []).schema
    with pq.ParquetWriter(
        sink,
        schema,
        compression="lz4",
        use_dictionary=texts,
        column_encoding=stamps,
        write_statistics=texts,
        store_schema=False,
    ) as writer:
        for part in _parts(rows(result)):
            writer.write_table(_exposure_of(result, part))
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _parts(all_rows: Iterable[Rows]) -> Iterator[list[Rows]]:
    """Return rows of some groups at a time."""
    part: list[Rows] = []
    for one in all_rows:
        part.append(one)
        if sum(len(own.steps) for own in part) >= _ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _exposure_of(result: RunResult, part: Sequence[Rows]) -> Any:
    """Return the rows of these groups, one group after another, each in the order of time."""
    import pyarrow as pa

    kinds = types()
    steps = np.concatenate([np.zeros(0, dtype=np.int64), *(own.steps for own in part)])
    lengths = [len(own.steps) for own in part]
    columns = {
        "t": column(result.stamps[steps], kinds["stamp"]),
        "label": column(result.labels[steps], kinds["stamp"]),
        "scope": _repeated([own.group.scope for own in part], lengths),
        "id": _repeated([own.group.id for own in part], lengths),
    }
    for name in FIGURES:
        figures = np.concatenate([np.zeros(0), *(own.columns[name] for own in part)])
        columns[name] = column(figures, kinds["number"])
    return pa.table(columns)


def _repeated(texts: Sequence[str], lengths: Sequence[int]) -> Any:
    """Return each text as often as it is to be there. The dictionary has it once: others leave memory unwritten."""
    import pyarrow as pa

    known = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    places = np.repeat(np.array([known[text] for text in texts], dtype=np.int32), lengths)
    indices = pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, column(list(known), pa.string()))
