"""The one way from the columns of a file to bars, whatever kind of file they come from.

A reader of a format says which columns a file has (`places_of` finds the ones that matter) and hands them over as
`Fields`; what they mean, how numbers and stamps are read and what is left out is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.data.columns import PRICES, Columns, Parsed, counted
from orchestrate.data.files.fields import Fields, Moments, days
from orchestrate.data.files.headers import columns_by_place, which_columns
from orchestrate.data.files.vendors import adjusted_close, one_symbol, tick_volume, vendor_columns, without_header
from orchestrate.data.text.cells import Cells, Reading, beside
from orchestrate.data.text.numbers import decimal_mark, read_numbers
from orchestrate.data.text.stamps import read_moments, read_stamps
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

NUMBERS: Final = (*PRICES, "volume")


def places_of(header: Sequence[str], first: Sequence[str], plan: DataPlan, where: str) -> dict[str, int]:
    """Return which column holds what: by the header, or by the cells of the first row where there is no header."""
    if not header:
        return columns_by_place(first, plan.columns, where)
    return vendor_columns(header) | which_columns(header, plan.columns, where)


def assemble(fields: Fields, plan: DataPlan, where: str) -> Parsed:
    """Return the bars that the columns hold, and what was done to read them."""
    findings = [Finding(severity, where, note) for severity, note in fields.notes]
    fields, chosen = one_symbol(fields, plan.symbol, where)
    numbers, notes = _numbers(fields, plan, where)
    findings += [*notes, *chosen, *adjusted_close(fields, where)]
    findings += tick_volume(fields, numbers, where) + without_header(fields, numbers, where)
    empty = _empty(numbers)
    if empty.any():
        findings.append(_dropped(fields, fields.rows[empty], where))
        kept = np.flatnonzero(~empty)
        fields, numbers = fields.take(kept), {name: column[kept] for name, column in numbers.items()}
    reading = _stamps(fields, plan, where)
    if reading.note:
        findings.append(Finding("info", where, reading.note))
    opened, high, low, close, volume = (numbers[name] for name in NUMBERS)
    columns = Columns(reading.label, opened, high, low, close, volume, fields.rows, fields.unit)
    return Parsed(columns, tuple(findings), reading.zone or plan.timezone)


def _numbers(fields: Fields, plan: DataPlan, where: str) -> tuple[dict[str, Floats], list[Finding]]:
    """Return prices and volumes, NaN where a cell says nothing; DataError where one is no number."""
    texts = [column for name in PRICES if not isinstance(column := fields.columns[name], np.ndarray)]
    mark = plan.decimal or decimal_mark(texts, fields.rows, where, fields.unit)
    numbers = {name: _number(fields, name, mark, where) for name in NUMBERS if name in fields.columns}
    if "volume" in numbers:
        return numbers, []
    volume = np.zeros(len(fields.rows))
    return numbers | {"volume": volume}, [Finding("warning", where, "no volume column: volume is 0")]


def _number(fields: Fields, name: str, mark: str, where: str) -> Floats:
    column = fields.columns[name]
    if isinstance(column, np.ndarray):
        return column
    numbers, unreadable = read_numbers(column, "," if mark == "," else ".")
    if unreadable:
        place = unreadable[0]
        more = f" (and {len(unreadable) - 1} more like it)" if len(unreadable) > 1 else ""
        raise DataError(
            f"{fields.unit} {fields.rows[place]}: {name} {column[place]!r} is no number{more}",
            where=where,
            hint="correct or remove the row",
        )
    return numbers


def _empty(numbers: dict[str, Floats]) -> Flags:
    """Return which rows have not one price."""
    empty = np.isnan(numbers["open"])
    for name in PRICES[1:] if empty.any() else ():
        empty &= np.isnan(numbers[name])
    return empty


def _dropped(fields: Fields, rows: Stamps, where: str) -> Finding:
    if len(rows) == len(fields.rows):
        raise DataError("not one row has prices", where=where, hint="download the data again")
    first = tuple(f"{fields.unit} {row}" for row in rows[:5])
    return counted("warning", where, "rows without prices", len(rows), first, "they are left out")


def _stamps(fields: Fields, plan: DataPlan, where: str) -> Reading:
    """Return the stamps of a column, or of a column of dates with one of times of day beside it."""
    stamps, clock = fields.columns["timestamp"], fields.columns.get("time")
    assert not isinstance(stamps, np.ndarray)
    assert not isinstance(clock, np.ndarray)
    cells = Cells(stamps, fields.rows, where, plan.timezone, fields.unit)
    if clock is None:
        return read_moments(stamps, cells) if isinstance(stamps, Moments) else read_stamps(cells, plan.date_format)
    named = "time" in plan.columns
    if isinstance(stamps, Moments):
        local = read_moments(stamps, replace(cells, timezone="UTC")).label
        if (local % DAY).any() and not named:
            return read_moments(stamps, cells)
        stamps = days(local)
    if named or ":" not in stamps[0]:
        stamps = beside(stamps, _clock(clock))
    return read_stamps(replace(cells, texts=stamps), plan.date_format)


def _clock(times: Sequence[str]) -> Sequence[str]:
    """Return times of day as 12:30, or of digits: 9 is an hour, 1230 has minutes, 93000 seconds."""
    if ":" in times[0]:
        return times
    plain = [time.strip() for time in times]
    if not all(time.isdigit() for time in plain):
        return plain
    most = max(map(len, plain))
    if most <= 2:
        return [f"{time:0>2}:00" for time in plain]
    width = 6 if most > 4 else 4
    padded = [time.zfill(width) for time in plain]
    return [f"{time[:2]}:{time[2:4]}{':' + time[4:] if width == 6 else ''}" for time in padded]
