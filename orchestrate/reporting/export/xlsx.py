"""A table as a workbook, by openpyxl, which only this file knows. Texts that look like formulas stay texts.

Workbooks have no time zones: moments are those of UTC, to the microsecond; those before 1900 are texts.
"""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime
from typing import Any, Final

from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.market.stamps import label_text
from orchestrate.reporting.export.table import ExportTable

#: The rows of a sheet, the first one with the names included.
_MOST: Final = 1_048_576
_INSTALL: Final = "--format xlsx needs openpyxl: install it with the extra of that name, orchestrate[xlsx]"
_FIRST_YEAR: Final = 1900
_DATE: Final = "yyyy-mm-dd hh:mm:ss.000"
#: What a program may take for the beginning of a formula once the cell is edited.
_FORMULAS: Final = ("=", "+", "-", "@")


def xlsx(table: ExportTable) -> bytes:
    """Return the table as a workbook of one sheet; ConfigurationError without openpyxl, and for too many rows."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
    if len(table) >= _MOST:
        message = f"--format xlsx: a sheet holds {_MOST - 1:,} rows, there are {len(table):,}: export csv or parquet"
        raise ConfigurationError(message)
    book = Workbook(write_only=True)
    book.properties.creator = "orchestrate"
    sheet = book.create_sheet()
    sheet.append(list(table.names))
    for row in table.rows(_moment, _value):
        sheet.append([_cell(sheet, value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _moment(label: int) -> object:
    moment = datetime.fromtimestamp(label // 1000 / 1e6, UTC).replace(tzinfo=None)
    return moment if moment.year >= _FIRST_YEAR else label_text(label)


def _value(cell: Any) -> object:
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    return cell


def _cell(sheet: Any, value: object) -> object:
    """Return what a sheet takes: cells of their own for texts and moments."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, str):
        text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        if text.startswith(_FORMULAS):
            cell.quotePrefix = True
        return cell
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = _DATE
        return cell
    return value
