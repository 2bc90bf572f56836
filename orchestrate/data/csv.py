"""Bars from text: CSV and its cousins, plain or packed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.cells import Cells
from orchestrate.data.columns import PRICES, Columns, counted
from orchestrate.data.decoding import decode, unpack
from orchestrate.data.dialect import Table, split
from orchestrate.data.headers import columns_by_place, which_columns
from orchestrate.data.numbers import decimal_mark, read_numbers
from orchestrate.data.stamps import read_stamps
from orchestrate.data.vendors import adjusted_close, is_special, one_symbol, tick_volume, without_header
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Floats
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

if TYPE_CHECKING:
    import pyarrow as pa

_LARGE: Final = 4_000_000  # bytes from which Arrow is worth its import
_HEAD: Final = 65536


def read_csv(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    """The bars of a text file and what was done to read them."""
    raw = unpack(path.read_bytes(), where)
    if len(raw) > _LARGE and (read := _fast(raw, plan, where)):
        return read
    return _careful(decode(raw, where), plan, where)


def _fast(raw: bytes, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]] | None:
    """A large plain file by Arrow; None where anything about it is out of the ordinary."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    layout = _plain_layout(raw, plan, where)
    cells = _arrow_cells(raw, *layout) if layout else None
    if not cells:
        return None
    texts = cells.pop("timestamp").to_pylist()
    numbers = {name: np.array(column.to_numpy()) for name, column in cells.items()}
    if not all(texts) or not all(np.isfinite(column).all() for column in numbers.values()):
        return None
    reading = read_stamps(Cells(texts, range(2, len(texts) + 2), where, plan.timezone), plan.date_format)
    findings = [Finding("info", where, reading.note)] if reading.note else []
    opened, high, low, close, volume = (numbers[name] for name in (*PRICES, "volume"))
    return Columns(reading.label, opened, high, low, close, volume, np.arange(2, len(texts) + 2), "line"), findings


def _plain_layout(raw: bytes, plan: DataPlan, where: str) -> tuple[Table, dict[str, int]] | None:
    """What the head of the file shows, if it is a header in the first line and rows in all others."""
    head = raw[: raw.rfind(b"\n", 0, _HEAD) + 1]
    try:
        table = split(decode(head, where), plan.delimiter, where)
        places = which_columns(table.header, plan.columns, where)
    except DataError:
        return None
    odd = (
        bool(table.notes)
        or not table.header
        or is_special(table.header)
        or table.lines[0] != 2
        or table.delimiter == " "
    )
    return None if odd or "time" in places or "volume" not in places or plan.decimal == "," else (table, places)


def _arrow_cells(raw: bytes, table: Table, places: dict[str, int]) -> dict[str, pa.ChunkedArray] | None:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    names = [str(place) for place in range(len(table.header))]
    types = {names[place]: pa.string() if ours == "timestamp" else pa.float64() for ours, place in places.items()}
    try:
        read = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(delimiter=table.delimiter, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=[]),
        )
    except pa.ArrowException:
        return None
    return {ours: read.column(names[place]) for ours, place in places.items()}


def _careful(text: str, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
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
    return Columns(reading.label, opened, high, low, close, volume, lines[kept], "line"), findings


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
