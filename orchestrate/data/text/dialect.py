"""The table in a text: its delimiter, its header, its rows, and the lines around them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrate.data.files.headers import ALIASES, normal
from orchestrate.domain.errors import DataError
from orchestrate.domain.results import Severity

_DELIMITERS: Final = ("\t", ";", "|", ",", " ")
_SAMPLE: Final = 200
_FOOTER: Final = re.compile(
    r"\s*(?!(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun))[a-z]", re.I
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, their `lines` in the file, and in `notes` what was left out. No header: `header` is empty."""

    header: tuple[str, ...]
    rows: list[Sequence[str]]
    lines: list[int]
    delimiter: str
    notes: tuple[tuple[Severity, str], ...] = ()


def split(text: str, delimiter: str, where: str) -> Table:
    """Cut the text into rows of equal width. Lines around the table (titles, a total) are left out and reported."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbers = [number for number, line in enumerate(lines, 1) if line and not line.isspace()]
    if numbers and lines[numbers[0] - 1].lower().startswith("sep="):
        delimiter = delimiter or lines[numbers[0] - 1][4:5]
        numbers = numbers[1:]
    if numbers and lines[numbers[0] - 1].startswith("#"):
        numbers = [number for number in numbers if not lines[number - 1].startswith("#")]
    if not numbers:
        raise DataError("the file is empty", where=where, hint="point this data entry at a file with bars")
    full = [lines[number - 1] for number in numbers]
    delimiter = delimiter or _delimiter(full[:_SAMPLE], where)
    return _squared(_cut(full, delimiter, where), numbers, delimiter, where)


def _cut(lines: Sequence[str], delimiter: str, where: str) -> list[Sequence[str]]:
    if delimiter == " ":
        return [line.split() for line in lines]
    if not any('"' in line for line in lines):
        return [line.split(delimiter) for line in lines]
    try:
        return [next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [""]) for line in lines]
    except (csv.Error, TypeError) as error:
        raise DataError(
            f"the file cannot be cut into cells ({error})", where=where, hint="correct its quotes, or set delimiter:"
        ) from None


def _delimiter(sample: Sequence[str], where: str) -> str:
    """Return the mark that cuts most lines into equally many cells: five or more, as bars have, or else any number."""
    for least in (5, 2):
        for delimiter in _DELIMITERS:
            widths = Counter(map(len, _cut(sample, delimiter, where)))
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            if width >= (least if delimiter != " " else 5) and count >= 0.5 * len(sample):
                return delimiter
    raise DataError(
        f"no table of bars was recognised (it begins with {sample[0][:60]!r})",
        where=where,
        hint="a bar needs a time and open, high, low, close; set delimiter: if something else separates them",
    )


def _squared(rows: list[Sequence[str]], numbers: list[int], delimiter: str, where: str) -> Table:
    notes: list[tuple[Severity, str]] = []
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    start = _header_place(rows[:20])
    header = tuple(cell.strip() for cell in rows[start]) if start is not None else ()
    first = 0 if start is None else start + 1
    while first < len(rows) and header and not _numbers_in(rows[first]):
        first += 1
    if start is not None and first > 1:
        notes.append(("info", f"{first - 1} line(s) of titles around the header are not bars"))
    last = len(rows)
    named = first < last and _FOOTER.match(rows[first][0])
    while last > first and _is_footer(rows[last - 1], width, named=bool(named)):
        last -= 1
    dropped = len(rows) - last
    if dropped:
        notes.append(("warning", f"line {numbers[last]}: {delimiter.join(rows[last])[:60]!r} is no bar (a total?)"))
    body, lines = rows[first:last], numbers[first:last]
    if not body:
        raise DataError("there is a header but not one bar", where=where, hint="download the data again")
    if len(body) > 1 and len(body[-1]) < width:
        notes.append(("warning", f"line {lines[-1]}: the last line is cut off: it is left out"))
        body, lines = body[:-1], lines[:-1]
    if header and len(header) + 1 == width and all(not row[-1].strip() for row in body if len(row) == width):
        header = (*header, "")
    torn = [place for place, row in enumerate(body) if len(row) != width]
    if torn or (header and len(header) != width):
        place = torn[0] if torn else 0
        raise DataError(
            f"line {lines[place]} has {len(body[place])} cells, "
            + (f"most lines have {width}" if torn else f"the header has {len(header)}"),
            where=where,
            hint="correct that line; numbers with thousands separators must be quoted",
        )
    return Table(header, body, lines, delimiter, tuple(notes))


def _is_footer(row: Sequence[str], width: int, *, named: bool) -> bool:
    """Return a row that begins with a word (where bars do not), or has neither a stamp nor prices."""
    if _FOOTER.match(row[0]):
        return not named or _numbers_in(row) < 4
    return not row[0].strip() and len(row) in (1, width) and _numbers_in(row) < 4


def _numbers_in(row: Sequence[str]) -> int:
    return sum(cell.strip().lstrip("+-$.")[:1].isdigit() for cell in row)


def _header_place(rows: Sequence[Sequence[str]]) -> int | None:
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    for place, row in enumerate(rows):
        names = [normal(cell) for cell in row]
        if sum(name in known for name in names) >= 3 and not row[0].strip()[:1].isdigit():
            return place
    first = rows[0]
    return 0 if not any(cell.strip()[:1].isdigit() for cell in first) else None
