"""Bars from text: CSV and its cousins, plain or packed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.bounds import read_regular, require_memory
from orchestrate.data.cache import WORTH, ColumnCache
from orchestrate.data.cells import Cells
from orchestrate.data.columns import PRICES, Columns, Parsed, counted
from orchestrate.data.decoding import decode, unpack
from orchestrate.data.dialect import Table, split
from orchestrate.data.headers import columns_by_place, which_columns
from orchestrate.data.large_csv import LARGE, read_large
from orchestrate.data.numbers import decimal_mark, read_numbers
from orchestrate.data.stamps import read_stamps
from orchestrate.data.vendors import adjusted_close, one_symbol, tick_volume, without_header
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

#: So many times a text's size is the memory that cells and columns take where Python cuts it, and where Arrow does.
_CAREFUL: Final = 16


def read_csv(path: Path, plan: DataPlan, where: str, cache: ColumnCache | None = None) -> tuple[Columns, list[Finding]]:
    """The bars of a text file and what was done to read them, from `cache` if they were read before."""
    raw = read_regular(path, where)
    if cache is None or len(raw) < WORTH:
        return _parse(raw, plan, where).at(where)
    key = cache.key(raw, plan)
    parsed = cache.load(key)
    if parsed is None:
        parsed = _parse(raw, plan, where)
        cache.keep(key, parsed)
    return parsed.at(where)


def _parse(raw: bytes, plan: DataPlan, where: str) -> Parsed:
    raw = unpack(raw, plan.max_unpacked, where)
    if len(raw) > LARGE and (read := read_large(raw, plan, where)):
        return read
    require_memory(_CAREFUL * len(raw), where)
    return _careful(decode(raw, where), plan, where)


def _careful(text: str, plan: DataPlan, where: str) -> Parsed:
    table = split(text, plan.delimiter, where)
    findings = [Finding(severity, where, note) for severity, note in table.notes]
    if table.header:
        places = which_columns(table.header, plan.columns, where)
    else:
        places = columns_by_place(table.rows[0], plan.columns, where)
    table, told = one_symbol(table, plan.symbol, where)
    cells: dict[str, list[str]] = {name: [row[place] for row in table.rows] for name, place in places.items()}
    numbers = _numbers(cells, table, plan, where, findings)
    findings += told + adjusted_close(table, places, where)
    findings += tick_volume(table, numbers, where) + without_header(table, places, numbers, where)
    empty = np.isnan(np.vstack([numbers[name] for name in PRICES])).all(axis=0)
    lines = np.array(table.lines, dtype=np.int64)
    if empty.any():
        findings.append(_dropped(lines[empty], where))
    kept = np.flatnonzero(~empty)
    if not len(kept):
        raise DataError("not one row has prices", where=where, hint="download the data again")
    stamps = [cells["timestamp"][place] for place in kept]
    if "time" in cells:
        stamps = [f"{day} {clock}" for day, clock in zip(stamps, _clock([cells["time"][p] for p in kept]), strict=True)]
    reading = read_stamps(Cells(stamps, lines[kept].tolist(), where, plan.timezone), plan.date_format)
    if reading.note:
        findings.append(Finding("info", where, reading.note))
    opened, high, low, close, volume = (numbers[name][kept] for name in (*PRICES, "volume"))
    columns = Columns(reading.label, opened, high, low, close, volume, lines[kept], "line")
    return Parsed(columns, tuple(findings), reading.zone or plan.timezone)


def _numbers(
    cells: dict[str, list[str]], table: Table, plan: DataPlan, where: str, findings: list[Finding]
) -> dict[str, Floats]:
    mark = plan.decimal or decimal_mark([cells[name] for name in PRICES], table.lines, where)
    numbers = {}
    for name in (*PRICES, "volume"):
        if name not in cells:
            findings.append(Finding("warning", where, "there is no volume column: volume is 0"))
            numbers[name] = np.zeros(len(table.rows))
            continue
        numbers[name], unreadable = read_numbers(cells[name], "," if mark == "," else ".")
        if unreadable:
            place = unreadable[0]
            more = f" (and {len(unreadable) - 1} more like it)" if len(unreadable) > 1 else ""
            raise DataError(
                f"line {table.lines[place]}: {name} {cells[name][place]!r} is no number{more}",
                where=where,
                hint="mend or remove the row",
            )
    return numbers


def _clock(times: list[str]) -> list[str]:
    """Times of day as 12:30 or as 1230, 93000."""
    plain = [time.strip() for time in times]
    if not all(time.isdigit() for time in plain):
        return plain
    width = 6 if max(map(len, plain)) > 4 else 4
    padded = [time.zfill(width) for time in plain]
    return [f"{time[:2]}:{time[2:4]}{':' + time[4:] if width == 6 else ''}" for time in padded]


def _dropped(lines: np.typing.NDArray[np.int64], where: str) -> Finding:
    first = tuple(f"line {line}" for line in lines[:5])
    return counted("warning", where, "rows without prices", len(lines), first, "they are left out")
