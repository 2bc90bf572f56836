"""Read the bars of a Nautilus catalog, a folder in which users of Nautilus keep their data.

Its encoding is Nautilus's own, so Nautilus's own class reads it; `_bars_of` alone imports it, when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from orchestrate.data.columns import Columns
from orchestrate.data.files.bounds import require_memory, require_regular, require_unpacked, unpacked_size
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

_BAR: Final = 400  # bytes that a bar takes as an object
FIELDS: Final = ("open", "high", "low", "close", "volume")


def read_catalog(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    """Return the bars of one bar type; `ts_event` is the label.

    Which type: `bar_type`, else the symbol, else the only one.
    """
    bar_type = _chosen(path, plan, where)
    _refuse_too_much(path / "data" / "bar" / bar_type, plan, where)
    bars = _bars_of(path, bar_type, where)
    if not bars:
        raise DataError(f"the catalog has no bars of {bar_type}", where=where, hint="write them to the catalog first")
    label = np.fromiter((bar.ts_event for bar in bars), dtype=np.int64, count=len(bars))
    opened, high, low, close, volume = (_column([getattr(bar, name) for bar in bars]) for name in FIELDS)
    findings = [Finding("info", where, f"bars of {bar_type}")]
    if plan.stamp == "start":
        message = "bars are assumed to be stamped at their start; Nautilus mostly stamps the end: if so, set stamp: end"
        findings.append(Finding("info", where, message))
    return Columns(label, opened, high, low, close, volume), findings


def _bars_of(path: Path, bar_type: str, where: str) -> list[Any]:
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    try:
        return list(ParquetDataCatalog(str(path.absolute())).bars(bar_types=[bar_type]))
    except Exception as error:  # the class lets through whatever pyarrow and its Rust part raise
        raise DataError(
            f"Nautilus cannot read {bar_type} ({error})", where=where, hint="write the catalog again"
        ) from error


def _refuse_too_much(folder: Path, plan: DataPlan, where: str) -> None:
    """Raise DataError if the bars unpack to more than the entry allows, or than memory can hold as objects."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    unpacked = rows = 0
    for path in sorted(folder.glob("*.parquet")):
        require_regular(path, where)
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowException, OSError):
            continue  # Nautilus says what is wrong with it
        rows += metadata.num_rows
        unpacked += unpacked_size(metadata, metadata.schema.names)
    require_unpacked(unpacked, plan.max_unpacked, where)
    require_memory(rows * _BAR, where)


def _column(values: Sequence[Any]) -> Floats:
    """Return Nautilus's fixed-point numbers as the floats nearest to their decimals."""
    numbers = np.fromiter((value.as_double() for value in values), dtype=np.float64, count=len(values))
    return np.round(numbers, max(value.precision for value in values))


def _chosen(path: Path, plan: DataPlan, where: str) -> str:
    folder = path / "data" / "bar"
    if not folder.is_dir():
        raise DataError(
            "this folder is not a Nautilus catalog: it has no data/bar", where=where, hint="name a file, or a catalog"
        )
    stored = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    if plan.bar_type:
        fitting = [name for name in stored if name == plan.bar_type.replace("/", "")]
    else:
        symbol = plan.symbol.replace("/", "")
        fitting = [name for name in stored if symbol in (name.split("-")[0], name.split(".")[0])] or stored
    if len(fitting) != 1:
        named = plan.bar_type or f"{len(fitting)} bar types"
        raise DataError(
            f"{named}: which bars? The catalog has {', '.join(stored) or 'none'}",
            where=where,
            hint="name one with bar_type:",
        )
    return fitting[0]
