"""The tables of a run as Parquet files, and their columns read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrate.domain.results import RunResult
from orchestrate.runs.tables.arrow import column_names, first_unlike_row, parquet_bytes, read_columns
from orchestrate.runs.tables.books import equity_table, flows_table, positions_table, trades_table
from orchestrate.runs.tables.exposure import exposure_bytes
from orchestrate.runs.tables.orders import decisions_table, fills_table
from orchestrate.runs.tables.structures import structures_table

__all__ = ["TABLES", "column_names", "first_unlike_row", "parquet_files", "read_columns"]

#: Each table that is small enough to be made at once.
TABLES: Final[Mapping[str, Callable[[RunResult], Any]]] = {
    "equity": equity_table,
    "trades": trades_table,
    "decisions": decisions_table,
    "fills": fills_table,
    "positions": positions_table,
    "flows": flows_table,
}


def parquet_files(result: RunResult) -> dict[str, bytes]:
    """Return the Parquet files of a run by name."""
    files = {f"{name}.parquet": parquet_bytes(table(result)) for name, table in TABLES.items()}
    files["exposure.parquet"] = exposure_bytes(result)
    if result.plan.chains:
        files["structures.parquet"] = parquet_bytes(structures_table(result))
    return files
