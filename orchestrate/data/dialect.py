"""What a text file looks like: its encoding, delimiter, header, and which column is which."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.errors import DataError
from orchestrate.domain.results import Severity

_DELIMITERS: Final = ("\t", ";", "|", ",", " ")
_SAMPLE: Final = 200
_ALIASES: Final = {
    "timestamp": (
        "timestamp",
        "datetime",
        "opentime",
        "date",
        "dateutc",
        "gmttime",
        "localtime",
        "unix",
        "datum",
        "ts",
    ),
    "open": ("open", "o", "openprice", "priceopen", "first", "opening", "eröffnung", "erster"),
    "high": ("high", "h", "max", "highprice", "pricehigh", "hoch"),
    "low": ("low", "l", "min", "lowprice", "pricelow", "tief"),
    "close": ("close", "c", "last", "closelast", "closeprice", "priceclose", "price", "schluss", "schlusskurs"),
    "volume": ("volume", "vol", "v", "tickvol", "tickvolume", "volumen"),
}
REQUIRED: Final = ("timestamp", "open", "high", "low", "close")
_DATES: Final = ("date", "dateutc", "datum")
_TIME_OF_DAY: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?|\d{4}|\d{6}")
_CLOCK: Final = ("time", "timeutc", "hour", "uhrzeit", "zeit")
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


def decode(raw: bytes, where: str) -> str:
    """The text of a file's bytes."""
    if not raw.strip():
        raise DataError("the file is empty", where=where, hint="point this data entry at a file with bars")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decoded(raw, "utf-16", where)
    if b"\0" in raw:
        raise DataError(
            "this is a binary file, not text", where=where, hint="CSV, CSV packed by gzip, or Parquet can be read"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decoded(raw, "cp1252", where)
    start = text[:200].lstrip().lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "{", "[")):
        kind = "JSON" if start[0] in "{[" else "a web page"
        raise DataError(f"this is {kind}, not CSV", where=where, hint="download the data again, as CSV")
    return text


def _decoded(raw: bytes, encoding: str, where: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is no text in {encoding}", where=where, hint="save the file as UTF-8 text"
        ) from None


def unpack(raw: bytes, where: str) -> bytes:
    """The bytes of a file, or of the one file in a gzip or zip file."""
    if raw[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(raw)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(
                f"the gzip file is damaged or cut off ({error})", where=where, hint="download or pack it again"
            ) from None
    if raw[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                names = archive.namelist()
                if len(names) == 1:
                    return archive.read(names[0])
        except (zipfile.BadZipFile, OSError, zlib.error, RuntimeError, NotImplementedError) as error:
            raise DataError(f"the zip file is damaged ({error})", where=where, hint="download it again") from None
        kind = "an Excel workbook" if "xl/workbook.xml" in names else f"a zip file with {len(names)} files"
        raise DataError(f"this is {kind}", where=where, hint="save the bars as one CSV file")
    return raw


def split(text: str, delimiter: str, where: str) -> Table:
    """Cut the text into rows of equal width. What surrounds the table (titles, a total line) is left out and told."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbers = [number for number, line in enumerate(lines, 1) if line and not line.isspace()]
    full = [lines[number - 1] for number in numbers]
    if full[0].lower().startswith("sep="):
        delimiter = delimiter or full[0][4:5]
        full, numbers = full[1:], numbers[1:]
    if full and full[0].startswith("#") and not full[0].startswith("#N/A"):
        kept = [place for place, line in enumerate(full) if not line.startswith("#")]
        full, numbers = [full[place] for place in kept], [numbers[place] for place in kept]
    if not delimiter:
        delimiter = _delimiter(full[:_SAMPLE], where)
    rows: list[Sequence[str]]
    if '"' in text:
        rows = _quoted(full, delimiter)
    else:
        rows = [line.split(delimiter) for line in full] if delimiter != " " else [line.split() for line in full]
    return _squared(rows, numbers, delimiter, where)


def _quoted(lines: Sequence[str], delimiter: str) -> list[Sequence[str]]:
    return [next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), []) for line in lines]


def _delimiter(sample: Sequence[str], where: str) -> str:
    """The mark that cuts most lines into equally many cells: five or more as bars have, or else as many as there are."""
    for least in (5, 2):
        for delimiter in _DELIMITERS:
            rows = _quoted(sample, delimiter) if delimiter != " " else [line.split() for line in sample]
            width, count = max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]))
            if width >= least and count >= 0.5 * len(sample):
                return delimiter
    raise DataError(
        f"no table of bars is seen in it (it begins with {sample[0][:60]!r})" if sample else "the file is empty",
        where=where,
        hint="a bar needs a time and open, high, low, close; set delimiter: if the columns are parted in another way",
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
            hint="mend that line; numbers with thousands separators must be quoted",
        )
    return Table(header, body, lines, delimiter, tuple(notes))


def _is_footer(row: Sequence[str], width: int, *, named: bool) -> bool:
    """A row that begins with a word (where bars do not), or has neither a stamp nor prices."""
    if _FOOTER.match(row[0]):
        return not named or _numbers_in(row) < 4
    return not row[0].strip() and len(row) in (1, width) and _numbers_in(row) < 4


def _numbers_in(row: Sequence[str]) -> int:
    return sum(cell.strip().lstrip("+-$.")[:1].isdigit() for cell in row)


def _header_place(rows: Sequence[Sequence[str]]) -> int | None:
    known = {alias for aliases in _ALIASES.values() for alias in aliases}
    for place, row in enumerate(rows):
        names = [normal(cell) for cell in row]
        if sum(name in known for name in names) >= 3 and not row[0].strip()[:1].isdigit():
            return place
    first = rows[0]
    return 0 if not any(cell.strip()[:1].isdigit() for cell in first) else None


def normal(name: str) -> str:
    """A header for comparison: `<DATE>`, `1. open` and `Adj Close` become date, open, adjclose."""
    return re.sub(r"[\W_]", "", name.lower().lstrip("0123456789. "))


def which_columns(header: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, int]:
    """Our names (timestamp, time, open …) → places. What `given` says goes first; DataError when one is missing."""
    names = [normal(name) for name in header]
    found = {ours: _named(theirs, header, ours, where) for ours, theirs in given.items()}
    for ours, aliases in _ALIASES.items():
        if ours not in found and (alias := next((alias for alias in aliases if alias in names), None)):
            if names.count(alias) > 1:
                raise DataError(
                    f"{names.count(alias)} columns are called {alias!r}",
                    where=where,
                    hint=f"say which one is meant with columns: {{{ours}: NUMBER}}, counted from 1",
                )
            found[ours] = names.index(alias)
    if "volume" not in found:
        place = next((place for place, name in enumerate(names) if name.startswith("volume")), None)
        found |= {} if place is None else {"volume": place}
    _find_clock(found, names, given)
    if "timestamp" not in found and 0 not in found.values():
        found["timestamp"] = 0
    missing = [ours for ours in REQUIRED if ours not in found]
    if missing:
        raise DataError(
            f"no column for {', '.join(missing)} among {', '.join(header)[:200]}",
            where=where,
            hint=f"name it with columns: {{{missing[0]}: NAME}}, if it is there at all",
        )
    return found


def _find_clock(found: dict[str, int], names: Sequence[str], given: Mapping[str, str]) -> None:
    """A time of day beside the date; a lone `time` column is the whole stamp."""
    clock = next((alias for alias in _CLOCK if alias in names), None)
    if clock is None or "time" in given or "timestamp" in given:
        return
    if "timestamp" not in found:
        found["timestamp"] = names.index(clock)
    elif names[found["timestamp"]] in _DATES:
        found["time"] = names.index(clock)


def _named(name: str, header: Sequence[str], ours: str, where: str) -> int:
    for same in (lambda theirs: theirs == name, lambda theirs: bool(theirs) and normal(theirs) == normal(name)):
        places = [place for place, theirs in enumerate(header) if same(theirs)]
        if len(places) == 1:
            return places[0]
    if name.isdigit() and 1 <= int(name) <= len(header):
        return int(name) - 1
    raise DataError(
        f"columns says that {ours} is {name!r}, but the columns are {', '.join(header).strip(', ') or 'without names'}",
        where=where,
        hint="use a name of the header, or a column's number, counted from 1",
    )


def columns_by_place(row: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, int]:
    """Without a header: date, perhaps a time of day, then open, high, low, close and perhaps a volume."""
    if given:
        found = {ours: _named(theirs, [""] * len(row), ours, where) for ours, theirs in given.items()}
    else:
        clock = ["time"] if len(row) > 5 and _TIME_OF_DAY.fullmatch(row[1].strip()) else []
        names = ["timestamp", *clock, "open", "high", "low", "close", "volume"]
        found = dict(zip(names, range(len(row)), strict=False))
        if len(row) > len(names) and not _is_kline(row):
            found = {}
    missing = [ours for ours in REQUIRED if ours not in found]
    if missing:
        raise DataError(
            f"there is no header, and it is not known which of the {len(row)} columns is {', '.join(missing)}",
            where=where,
            hint="say columns: {timestamp: 1, open: 2, high: 3, low: 4, close: 5}, as it is",
        )
    return found


def _is_kline(row: Sequence[str]) -> bool:
    """Binance's layout: open time, prices, volume, close time, and five more."""
    opened, closed = row[0].strip(), row[6].strip() if len(row) == 12 else ""
    return opened.isdecimal() and closed.isdecimal() and len(opened) == len(closed) >= 13 and opened < closed
