"""The formats of `export`: each makes bytes of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.market.stamps import label_text
from orchestrate.reporting.export.table import ExportTable
from orchestrate.reporting.export.xlsx import xlsx


def text(table: ExportTable) -> bytes:
    """Return a table as CSV: moments as reports show them, numbers in full, nothing where a value is missing."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows(table.rows(label_text, _plain))
    return lines.getvalue().encode()


def _plain(cell: object) -> object:
    return str(cell).lower() if isinstance(cell, bool) else cell


def stored(table: ExportTable) -> bytes:
    """Return the table's file as it is stored."""
    return table.stored


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: what makes it, and whether it can be printed."""

    make: Callable[[ExportTable], bytes]
    printable: bool = False


FORMATS: Final[dict[str, ExportFormat]] = {
    "csv": ExportFormat(text, printable=True),
    "parquet": ExportFormat(stored),
    "xlsx": ExportFormat(xlsx),
}
