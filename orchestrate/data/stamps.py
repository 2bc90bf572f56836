"""Dates and times as files write them → int64 nanoseconds UTC. One way of reading for the whole column, or an error.

Daily bars carry their exchange's date at 00:00 UTC: where every stamp is a local midnight, the local date is the label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Flags, Stamps

Integers = npt.NDArray[np.int64]

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _ascii(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_TIME: Final = (
    r"(?:(?:\s*T|[ ,]+|:)(?P<H>\d{1,2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<p>[AaPp][Mm])?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_WEEKDAY: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[,. ]+)?"
_NAME: Final = r"(?P<b>[A-Za-z]{3,9})"
_YEAR_FIRST: Final = _ascii(r"(?P<Y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + _TIME)
_COMPACT: Final = _ascii(r"(?P<Y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})" + _TIME)
_COMPACT_TIME: Final = _ascii(
    r"(?P<Y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>\d{2})(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?(?P<f>)(?P<p>)(?P<z>)"
)
_DAY_FIRST: Final = _ascii(r"(?P<d>\d{1,2})([-/.])(?P<m>\d{1,2})\2(?P<Y>\d{4})" + _TIME)
_MONTH_FIRST: Final = _ascii(r"(?P<m>\d{1,2})([-/.])(?P<d>\d{1,2})\2(?P<Y>\d{4})" + _TIME)
_SHORT_YEAR: Final = _ascii(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d).*")
_NAMED_DAY_FIRST: Final = _ascii(_WEEKDAY + r"(?P<d>\d{1,2})[-/. ]*" + _NAME + r"[-/., ]*(?P<Y>\d{4}|\d{2})" + _TIME)
_NAMED_MONTH_FIRST: Final = _ascii(_WEEKDAY + _NAME + r"[-. ]+(?P<d>\d{1,2})[-, ]+(?P<Y>\d{4})" + _TIME)
_NUMBER: Final = _ascii(r"\d+(\.\d*)?")

FORMAT_HINT: Final = "set date_format: '%d/%m/%Y' (or the like), day_first, month_first, epoch_s, epoch_ms, excel …"


@dataclass(frozen=True, slots=True)
class Reading:
    """The stamps, and in words what had to be decided to read them (empty where nothing had)."""

    label: Stamps
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of stamps as text, where its rows stand in the file, and the settings that bear on it."""

    texts: Sequence[str]
    rows: Sequence[int]
    where: str
    timezone: str = "UTC"
    unit: str = "line"

    def refuse(self, place: int, why: str, hint: str = FORMAT_HINT) -> DataError:
        """The error about one cell."""
        return DataError(f"{self.unit} {self.rows[place]}: {self.texts[place]!r} {why}", where=self.where, hint=hint)


def read_stamps(cells: Cells, date_format: str = "") -> Reading:
    """Read the column as `date_format` says, or in the one way that fits all of it."""
    if date_format:
        reader = NAMED_FORMATS.get(date_format)
        if reader:
            return reader(cells)
        return Reading(_calendar(cells, _compiled(date_format, cells.where), f"is not written as {date_format}"))
    sample = cells.texts[0].strip()
    if _NUMBER.fullmatch(sample):
        return _numeric(cells)
    for pattern in (_YEAR_FIRST, _COMPACT, _NAMED_DAY_FIRST, _NAMED_MONTH_FIRST):
        if pattern.fullmatch(sample):
            return Reading(_calendar(cells, pattern, "is no date like those above it"))
    if _DAY_FIRST.fullmatch(sample):
        return _day_or_month_first(cells)
    if _SHORT_YEAR.fullmatch(sample):
        raise cells.refuse(
            0, "has a year of two digits: which part is the year?", "set date_format: '%d/%m/%y', or as it is"
        )
    raise cells.refuse(0, "is not a date or time that can be read")


def _numeric(cells: Cells) -> Reading:
    """Digits only: a date without separators, seconds (or ms, µs, ns) since 1970, or a day of a spreadsheet."""
    digits = len(cells.texts[0].strip().split(".")[0])
    if digits in (8, 12, 14):
        pattern = _COMPACT if digits == 8 else _COMPACT_TIME
        if all(pattern.fullmatch(text.strip()) for text in cells.texts):
            return Reading(_calendar(cells, pattern, "is no date like those above it"))
    numbers = _numbers(cells)
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 20_000 and high < 80_000:
        return _excel(cells)
    for name, unit, least in (("s", 10**9, 1e8), ("ms", 10**6, 1e11), ("us", 10**3, 1e14), ("ns", 1, 1e17)):
        if least <= low and high < least * 1000:
            return _epoch(cells, unit, f"stamps are read as {name} since 1970")
    raise cells.refuse(int(numbers.argmin()), "is neither a date nor a count of s, ms, us or ns since 1970 after 1973")


def _numbers(cells: Cells) -> npt.NDArray[np.float64]:
    if _are_digits(cells.texts):
        return np.array(cells.texts, dtype="S").astype(np.float64)
    for place, text in enumerate(cells.texts):
        if not _NUMBER.fullmatch(text.strip()):
            raise cells.refuse(place, "is no number, as the stamps above it are")
    return np.array([float(text) for text in cells.texts])


def _epoch(cells: Cells, unit: int, note: str = "") -> Reading:
    _within(cells, _numbers(cells) * (unit / DAY), "is too great for that count since 1970")
    if _are_digits(cells.texts):
        return Reading(_integers(cells.texts) * unit, note)
    stamps = []
    for text in cells.texts:
        whole, _, fraction = text.strip().partition(".")
        stamps.append(int(whole) * unit + (int(float(f"0.{fraction}") * unit) if fraction.strip("0") else 0))
    return Reading(np.array(stamps, dtype=np.int64), note)


def _excel(cells: Cells) -> Reading:
    """Days since 1899-12-30; the fraction is the time of day, exact to a millisecond."""
    days = _numbers(cells) - 25569.0
    _within(cells, days, "is too great for a day of a spreadsheet")
    local = np.rint(days * 86_400_000.0).astype(np.int64) * 1_000_000
    return Reading(_to_utc(cells, local, None), "stamps are read as days of a spreadsheet (Excel serial dates)")


def _within(cells: Cells, days: npt.NDArray[np.float64], complaint: str) -> None:
    """Refuse stamps after the year 2200."""
    if (days > 84_000).any():
        raise cells.refuse(int((days > 84_000).argmax()), complaint)


def _are_digits(texts: Sequence[str]) -> bool:
    return all(text.isascii() and text.isdecimal() for text in texts)


def _day_or_month_first(cells: Cells) -> Reading:
    """01/02/2014 is decided by any value over 12 elsewhere in the column."""
    first_over, second_over = -1, -1
    for place, text in enumerate(cells.texts):
        match = _DAY_FIRST.fullmatch(text.strip())
        if not match:
            raise cells.refuse(place, "is no date like those above it")
        if first_over < 0 and int(match["d"]) > 12:
            first_over = place
        if second_over < 0 and int(match["m"]) > 12:
            second_over = place
    if first_over >= 0 and second_over >= 0:
        one, other = sorted((first_over, second_over))
        raise cells.refuse(
            other,
            f"and {cells.unit} {cells.rows[one]}: {cells.texts[one]!r} put day and month in different orders",
            "write all dates in one way",
        )
    if first_over < 0 and second_over < 0:
        dotted = "." in cells.texts[0]
        if not dotted:
            raise cells.refuse(
                0,
                f"may be day/month or month/day, and no line decides it (last: {cells.texts[-1]!r})",
                "set date_format: day_first or date_format: month_first",
            )
    if second_over >= 0:
        evidence = f"{cells.unit} {cells.rows[second_over]} has {cells.texts[second_over]!r}"
        return Reading(_calendar(cells, _MONTH_FIRST, "is no date"), f"dates are read as month/day/year: {evidence}")
    evidence = (
        f"line {cells.rows[first_over]} has {cells.texts[first_over]!r}" if first_over >= 0 else "written with dots"
    )
    return Reading(_calendar(cells, _DAY_FIRST, "is no date"), f"dates are read as day/month/year: {evidence}")


NAMED_FORMATS: Final[dict[str, Callable[[Cells], Reading]]] = {
    "iso": lambda cells: Reading(_calendar(cells, _YEAR_FIRST, "is not written year-month-day")),
    "day_first": lambda cells: Reading(_calendar(cells, _DAY_FIRST, "is not written day/month/year")),
    "month_first": lambda cells: Reading(_calendar(cells, _MONTH_FIRST, "is not written month/day/year")),
    "epoch_s": lambda cells: _epoch(cells, 10**9),
    "epoch_ms": lambda cells: _epoch(cells, 10**6),
    "epoch_us": lambda cells: _epoch(cells, 10**3),
    "epoch_ns": lambda cells: _epoch(cells, 1),
    "excel": _excel,
}

_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<Y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": _NAME,
    "B": _NAME,
    "a": "[A-Za-z]+",
    "A": "[A-Za-z]+",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,9})",
    "p": "(?P<p>[AaPp][Mm])",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2}|[+-]\d{2})",
    "T": r"(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2})",
    "F": r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})",
    "%": "%",
}


def _compiled(date_format: str, where: str) -> re.Pattern[str]:
    """A strptime format as a pattern; parts that the format lacks match as nothing."""
    pieces, rest = [], date_format
    try:
        while rest:
            if rest[0] == "%":
                pieces.append(_DIRECTIVES[rest[1]])
                rest = rest[2:]
            else:
                pieces.append(re.escape(rest[0]))
                rest = rest[1:]
        pattern = "".join(pieces)
        lacking = [part for part in "YmbdHMSfpz" if f"(?P<{part}>" not in pattern]
        compiled = re.compile(pattern + "".join(f"(?P<{part}>)" for part in lacking), re.ASCII)
    except (KeyError, IndexError, re.error):
        compiled = None
        lacking = []
    if compiled is None or "Y" in lacking or "d" in lacking or {"m", "b"} <= set(lacking):
        names = ", ".join(NAMED_FORMATS)
        raise DataError(
            f"date_format {date_format!r} does not say where year, month and day are",
            where=where,
            hint=f"write it like '%d/%m/%Y %H:%M', or one of {names}",
        )
    return compiled


def _calendar(cells: Cells, pattern: re.Pattern[str], complaint: str) -> Stamps:
    """Stamps of texts that all fit `pattern`."""
    first = pattern.fullmatch(cells.texts[0])
    if first and (uniform := _uniform(first, cells)) is not None:
        return at_utc(cells, uniform) if not first["z"] else uniform
    found = []
    for place, text in enumerate(cells.texts):
        match = pattern.fullmatch(text.strip())
        if not match:
            raise cells.refuse(place, complaint)
        found.append(match.groupdict())
    numbers = {part: _integers([match.get(part) or "0" for match in found]) for part in "YdHMS"}
    if found[0].get("b"):
        months = [(match["b"] or "")[:3].lower() for match in found]
        numbers["m"] = np.array([_MONTHS.index(month) + 1 if month in _MONTHS else 0 for month in months])
    else:
        numbers["m"] = _integers([match["m"] or "0" for match in found])
    year = numbers["Y"]
    numbers["Y"] = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    numbers["f"] = _integers([(match.get("f") or "0").ljust(9, "0") for match in found])
    halves = [(match.get("p") or "").lower() for match in found]
    if any(halves):
        afternoon = np.array([half == "pm" for half in halves])
        numbers["H"] = np.where(np.array(halves) == "", numbers["H"], numbers["H"] % 12 + 12 * afternoon)
    local = _local(cells, numbers)
    zones = [match.get("z") or "" for match in found]
    return _to_utc(cells, local, zones if any(zones) else None)


def _uniform(first: re.Match[str], cells: Cells) -> Integers | None:
    """Local nanoseconds where all texts have the letters of the first one in the same places; None where not."""
    if first["z"] not in (None, "", "Z", "UTC", "GMT") or first["p"] or "b" in first.re.groupindex:
        return None
    width = len(first.string)
    joined = "".join(cells.texts)
    if not joined.isascii() or set(map(len, cells.texts)) != {width}:
        return None
    characters = np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, width)
    digit = np.array([character.isdigit() for character in first.string])
    values = characters[:, digit]
    if not (characters[:, ~digit] == characters[0, ~digit]).all() or values.min() < 48 or values.max() > 57:
        return None
    numbers = {}
    for part in "YmdHMSf":
        start, end = first.span(part)
        numbers[part] = np.zeros(len(characters), dtype=np.int64)
        for place in range(start, end):
            numbers[part] = numbers[part] * 10 + (characters[:, place] - 48)
    start, end = first.span("f")
    numbers["f"] = numbers["f"] * 10 ** (9 - (end - start))
    if first.end("Y") - first.start("Y") != 4:
        return None
    return _local(cells, numbers)


def _integers(texts: Sequence[str]) -> Integers:
    return np.array(texts, dtype="S").astype(np.int64)


def _local(cells: Cells, numbers: dict[str, Integers]) -> Integers:
    """Nanoseconds of calendar fields, every field proved first."""
    year, month, day = numbers["Y"], numbers["m"], numbers["d"]
    limits = (("H", 23), ("M", 59), ("S", 59))
    wrong = (month < 1) | (month > 12) | (day < 1) | (year < 1800) | (year > 2200)
    for part, limit in limits:
        wrong |= numbers[part] > limit
    first_of_month = (np.clip(year, 1800, 2200) - 1970) * 12 + np.clip(month, 1, 12) - 1
    first_day = first_of_month.astype("M8[M]").astype("M8[D]").astype(np.int64)
    next_first = (first_of_month + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    wrong |= day > next_first - first_day
    if wrong.any():
        raise cells.refuse(int(wrong.argmax()), "is no day or time that exists")
    moment = first_day + day - 1
    clock = (numbers["H"] * 60 + numbers["M"]) * 60 + numbers["S"]
    return np.asarray(moment * DAY + clock * SECOND + numbers["f"], dtype=np.int64)


def _to_utc(cells: Cells, local: Integers, zones: Sequence[str] | None) -> Stamps:
    if zones is not None:
        bare = next((place for place, zone in enumerate(zones) if not zone), None)
        if bare is not None:
            raise cells.refuse(bare, "has no offset from UTC, other lines have", "write all stamps in one way")
        offsets = {zone: _offset(zone) for zone in dict.fromkeys(zones)}
        if set(offsets.values()) == {0}:
            return local
        if not (local % DAY).any():
            return local
        return np.asarray(local - np.array([offsets[zone] for zone in zones], dtype=np.int64), dtype=np.int64)
    return at_utc(cells, local)


def at_utc(cells: Cells, local: Integers) -> Stamps:
    """Wall clock of the cells' time zone → UTC; dates without a time of day stay what they are."""
    if cells.timezone in ("UTC", "Z", "") or not (local % DAY).any():
        return local
    return _from_zone(cells, local)


def dates_of_midnights(utc: Stamps, zone: str, where: str) -> Stamps:
    """Moments that are all midnight in `zone` become that zone's dates; others stay."""
    if zone[0] in "+-":
        local = utc + _offset(zone)
    else:
        moments, place = np.unique(utc, return_inverse=True)
        found = _zone(zone, where)
        offsets = (datetime.fromtimestamp(int(moment) // SECOND, found).utcoffset() for moment in moments)
        local = utc + np.array([_nanoseconds(offset) for offset in offsets], dtype=np.int64)[place]
    return utc if (local % DAY).any() else local


def _offset(zone: str) -> int:
    if zone in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return (-seconds if zone[0] == "-" else seconds) * SECOND


def _from_zone(cells: Cells, local: Integers) -> Stamps:
    """Wall clock of a time zone → UTC. An hour that happens twice in autumn is told apart by the order of the rows."""
    zone = _zone(cells.timezone, cells.where)
    quarter = 900 * SECOND
    quarters, place = np.unique(local // quarter, return_inverse=True)
    early, late = (_offsets(quarters * quarter, zone, fold)[place] for fold in (0, 1))
    if (early < late).any():
        raise cells.refuse(
            int((early < late).argmax()),
            f"does not exist in {cells.timezone}: clocks were put forward",
            "set timezone: to the zone that the file is written in",
        )
    return np.asarray(local - np.where(_second_time(cells, local, early > late), late, early), dtype=np.int64)


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"no time zone is called {name!r}", where=where, hint="for example America/New_York") from None


def _nanoseconds(offset: timedelta | None) -> int:
    return int(offset.total_seconds()) * SECOND if offset else 0


def _offsets(local: Integers, zone: ZoneInfo, fold: int) -> Integers:
    moments = (datetime.fromtimestamp(int(moment) // SECOND, UTC) for moment in local)
    offsets = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for moment in moments)
    return np.array([_nanoseconds(offset) for offset in offsets], dtype=np.int64)


def _second_time(cells: Cells, local: Integers, twice: Flags) -> Flags:
    """Which rows of an hour that happens twice belong to its second time: those after the clock went back."""
    second = np.zeros(len(local), dtype=np.bool_)
    forward = 1 if local[0] <= local[-1] else -1
    unsure = np.flatnonzero(twice)[::forward]
    for day in np.unique(local[unsure] // DAY):
        rows = unsure[local[unsure] // DAY == day]
        back = np.flatnonzero(np.diff(local[rows]) <= 0)
        if len(back) != 1:
            raise cells.refuse(
                int(rows[0]),
                f"may be either of two moments in {cells.timezone}: clocks were put back",
                "write the stamps in UTC or with their offsets",
            )
        second[rows[back[0] + 1 :]] = True
    return second
