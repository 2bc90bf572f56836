"""Dates and times as files write them → int64 nanoseconds UTC. One way of reading for the whole column, or an error.

Daily bars carry their exchange's date at 00:00 UTC: where every stamp is a local midnight, the local date is the label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from sys import intern
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.data.files.fields import NOTHING, Moments
from orchestrate.data.text.cells import BLOCK, DATE_HINT, Cells, Grid, Integers, Letters, Reading
from orchestrate.data.text.date_patterns import (
    COMPACT,
    COMPACT_TIME,
    DAY_FIRST,
    MONTH_FIRST,
    NAMED_DAY_FIRST,
    NAMED_MONTH_FIRST,
    NUMBER,
    SHORT_YEAR,
    YEAR_FIRST,
    from_strptime,
)
from orchestrate.data.text.zones import at_utc, dates_of_midnights, is_utc, to_utc
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.stamps import FIRST_YEAR, LAST_YEAR, LATEST
from orchestrate.domain.market.timeline import Flags, Stamps

_ZONE_NAME: Final = re.compile(r" ([A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_-]+){1,2})\s*$")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_stamps(cells: Cells, date_format: str = "") -> Reading:
    """Read the column as `date_format` says, or in the one way that fits all of it."""
    if not isinstance(cells.texts, Grid) and "" in cells.texts:
        _refuse_missing(cells, np.array([not text for text in cells.texts]))
    zoned = _without_zone_names(cells)
    if zoned is not None:
        reading = read_stamps(zoned, date_format)
        note = f"stamps are read in their own time zone, {zoned.timezone}"
        return Reading(reading.label, f"{reading.note}; {note}" if reading.note else note, zoned.timezone)
    if date_format:
        reader = NAMED_FORMATS.get(date_format)
        if reader:
            return reader(cells)
        given = from_strptime(date_format)
        if given is None:
            raise DataError(
                f"date_format {date_format!r} does not place year, month and day",
                where=cells.where,
                hint=f"write it like '%d/%m/%Y %H:%M', or one of {', '.join(NAMED_FORMATS)}",
            )
        return Reading(_calendar(cells, given, f"is not written as {date_format}"))
    sample = cells.texts[0].strip()
    if NUMBER.fullmatch(sample):
        return _numeric(cells)
    for pattern in (YEAR_FIRST, COMPACT, NAMED_DAY_FIRST, NAMED_MONTH_FIRST):
        if pattern.fullmatch(sample):
            return Reading(_calendar(cells, pattern, "is no date like those above it"))
    if DAY_FIRST.fullmatch(sample):
        return _day_or_month_first(cells)
    if SHORT_YEAR.fullmatch(sample):
        raise cells.refuse(
            0, "has a year of two digits: which part is the year?", "set date_format: '%d/%m/%y', or the actual one"
        )
    raise cells.refuse(0, "is not a date or time that can be read")


def read_moments(moments: Moments, cells: Cells) -> Reading:
    """Convert stamps that need no reading to UTC; if all are midnights of their zone they become its dates."""
    if moments.label.min() == NOTHING:
        _refuse_missing(cells, moments.label == NOTHING)
    if not moments.zone:
        return Reading(at_utc(cells, moments.label))
    utc = is_utc(moments.zone)
    return Reading(moments.label if utc else dates_of_midnights(moments.label, moments.zone, cells.where))


def _refuse_missing(cells: Cells, missing: Flags) -> None:
    if missing.any():
        count, place = int(missing.sum()), int(missing.argmax())
        rows = "1 row has" if count == 1 else f"{count} rows have"
        raise cells.refuse(place, f"is no date or time: {rows} no stamp", "remove these rows")


def _without_zone_names(cells: Cells) -> Cells | None:
    """Read `20230103 09:30:00 US/Eastern`, as Interactive Brokers writes it: the zone is in the cells."""
    named = _ZONE_NAME.search(cells.texts[0])
    if named is None:
        return None
    ending = named[1]
    for place, text in enumerate(cells.texts):
        if not text.strip().endswith(f" {ending}"):
            raise cells.refuse(place, f"does not name {ending} as the first does", "write all stamps in one zone")
    return replace(cells, texts=[text.strip().removesuffix(ending).strip() for text in cells.texts], timezone=ending)


def _numeric(cells: Cells) -> Reading:
    """Read digits only: a date without separators, seconds (or ms, µs, ns) since 1970, or a day of a spreadsheet."""
    digits = len(cells.texts[0].strip().split(".")[0])
    if digits in (8, 12, 14):
        pattern = COMPACT if digits == 8 else COMPACT_TIME
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
        narrow = _narrow(cells.texts)
        return _bytes(cells.texts).astype(np.float64) if narrow is None else narrow.astype(np.float64)
    for place, text in enumerate(cells.texts):
        if not NUMBER.fullmatch(text.strip()):
            raise cells.refuse(place, "is no number, as the stamps above it are")
    return np.array([float(text) for text in cells.texts])


def _epoch(cells: Cells, unit: int, note: str = "") -> Reading:
    _within(cells, _numbers(cells) * (unit / DAY), "is too great for that count since 1970")
    if _are_digits(cells.texts):
        return Reading(_integers(cells.texts) * unit, note)
    return Reading(np.array([_counted(cells, place, unit) for place in range(len(cells.texts))], dtype=np.int64), note)


def _counted(cells: Cells, place: int, unit: int) -> int:
    """Return nanoseconds of a count of `unit`, a power of ten, with a fraction."""
    whole, _, fraction = cells.texts[place].strip().partition(".")
    digits, fraction = len(str(unit)) - 1, fraction.rstrip("0")
    if len(fraction) > digits:
        raise cells.refuse(place, "is finer than a nanosecond", "write stamps with fewer decimals")
    return int(whole) * unit + int(fraction.ljust(digits, "0") or 0)


def _excel(cells: Cells) -> Reading:
    """Return days since 1899-12-30; the fraction is the time of day, exact to a millisecond."""
    days = _numbers(cells) - 25569.0
    _within(cells, days, "is too great for a day of a spreadsheet")
    local = np.rint(days * 86_400_000.0).astype(np.int64) * 1_000_000
    return Reading(to_utc(cells, local, None), "stamps are read as days of a spreadsheet (Excel serial dates)")


def _within(cells: Cells, days: npt.NDArray[np.float64], complaint: str) -> None:
    """Refuse stamps that lie beyond the years that can be counted."""
    late = days > LATEST // DAY
    if late.any():
        raise cells.refuse(int(late.argmax()), complaint)


def _are_digits(texts: Sequence[str]) -> bool:
    if isinstance(texts, Grid):
        return all((texts.letters[block] - np.uint8(48) <= 9).all() for block in texts.blocks())
    return all(text.isascii() and text.isdecimal() for text in texts)


def _day_or_month_first(cells: Cells) -> Reading:
    """Decide between day and month first in 01/02/2014 by any value over 12 elsewhere in the column."""
    first_over, second_over = -1, -1
    for place, text in enumerate(cells.texts):
        match = DAY_FIRST.fullmatch(text.strip())
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
        return Reading(_calendar(cells, MONTH_FIRST, "is no date"), f"dates are read as month/day/year: {evidence}")
    evidence = (
        f"line {cells.rows[first_over]} has {cells.texts[first_over]!r}" if first_over >= 0 else "written with dots"
    )
    return Reading(_calendar(cells, DAY_FIRST, "is no date"), f"dates are read as day/month/year: {evidence}")


NAMED_FORMATS: Final[dict[str, Callable[[Cells], Reading]]] = {
    "iso": lambda cells: Reading(_calendar(cells, YEAR_FIRST, "is not written year-month-day")),
    "day_first": lambda cells: Reading(_calendar(cells, DAY_FIRST, "is not written day/month/year")),
    "month_first": lambda cells: Reading(_calendar(cells, MONTH_FIRST, "is not written month/day/year")),
    "epoch_s": lambda cells: _epoch(cells, 10**9),
    "epoch_ms": lambda cells: _epoch(cells, 10**6),
    "epoch_us": lambda cells: _epoch(cells, 10**3),
    "epoch_ns": lambda cells: _epoch(cells, 1),
    "excel": _excel,
}


def _calendar(cells: Cells, pattern: re.Pattern[str], complaint: str) -> Stamps:
    """Return stamps of texts that all fit `pattern`."""
    first = pattern.fullmatch(cells.texts[0])
    if first and (uniform := _uniform(first, cells)):
        local, ahead = uniform
        if not first["z"]:
            return at_utc(cells, local)
        return local - ahead if (local % DAY).any() else local
    starts = range(0, len(cells.texts), BLOCK)
    blocks = [_matched(cells.part(slice(start, start + BLOCK)), pattern, complaint) for start in starts]
    numbers = {part: np.concatenate([block[part] for block, _ in blocks]) for part in "YmdHMSf"}
    zones = [zone for _, block in blocks for zone in block]
    return to_utc(cells, _local(cells, numbers), zones if any(zones) else None)


def _matched(cells: Cells, pattern: re.Pattern[str], complaint: str) -> tuple[dict[str, Integers], list[str]]:
    """Return the calendar fields of each text, unproved, and the offset that it names."""
    parts = [part for part in "YmbdHMSfpz" if part in pattern.groupindex]
    matches = []
    for place, text in enumerate(cells.texts):
        match = pattern.fullmatch(text.strip())
        if not match:
            raise cells.refuse(place, complaint)
        matches.append(match.group(*parts))
    texts = dict.fromkeys("YmbdHMSfpz", ("",) * len(matches)) | dict(
        zip(parts, zip(*matches, strict=True), strict=True)
    )
    numbers = {part: _integers([text or "0" for text in texts[part]]) for part in "YmdHMS"}
    if texts["b"][0]:
        months = [(text or "")[:3].lower() for text in texts["b"]]
        numbers["m"] = np.array([_MONTHS.index(month) + 1 if month in _MONTHS else 0 for month in months])
    year = numbers["Y"]
    numbers["Y"] = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    numbers["f"] = _integers([(text or "0").ljust(9, "0") for text in texts["f"]])
    halves = [(text or "").lower() for text in texts["p"]]
    if any(halves):
        afternoon = np.array([half == "pm" for half in halves])
        numbers["H"] = np.where(np.array(halves) == "", numbers["H"], numbers["H"] % 12 + 12 * afternoon)
    return numbers, [intern(text or "") for text in texts["z"]]


def _uniform(first: re.Match[str], cells: Cells) -> tuple[Integers, Integers] | None:
    """Return local nanoseconds and offsets from UTC of texts that are laid out exactly like `first`.

    None where a text has another length, or other letters than digits where `first` has them.
    """
    grid = None if first["p"] or "b" in first.re.groupindex else cells.grid()
    if grid is None or first.end("Y") - first.start("Y") != 4:
        return None
    # a text less the first one, whose digits count as 0, is 0..9 at digits and 0 where letters agree
    zero = np.array([48 if character.isdigit() else ord(character) for character in first.string], dtype=np.uint8)
    most = np.where(zero == 48, 9, 0)
    if not all((grid.letters[block] - zero <= most).all() for block in grid.blocks()):
        return None
    local, ahead = np.empty(len(grid), dtype=np.int64), np.zeros(len(grid), dtype=np.int64)
    for block in grid.blocks():
        digits = grid.letters[block] - zero
        numbers = {part: _number(digits[:, slice(*first.span(part))]) for part in "YmdHMSf"}
        numbers["f"] *= 10 ** (9 - (first.end("f") - first.start("f")))
        local[block] = _local(cells.part(block), numbers)
        ahead[block] = _ahead(first, digits)
    return local, ahead


def _ahead(first: re.Match[str], digits: Letters) -> Integers | int:
    """Return nanoseconds of offsets such as -05:00; 0 where `first` names none."""
    sign = {"+": 1, "-": -1}.get((first["z"] or "")[:1], 0)
    places = [place for place in range(*first.span("z")) if first.string[place].isdigit()] if sign else []
    if not places:
        return 0
    hours, minutes = _number(digits[:, places[:2]]), _number(digits[:, places[2:]])
    return sign * (hours * 60 + minutes) * 60 * SECOND


def _number(digits: Letters) -> Integers:
    """Return rows of digits as numbers; 0 where there is no digit."""
    number = np.zeros(len(digits), dtype=np.int64)
    for column in digits.T:
        number = number * 10 + column
    return number


def _narrow(texts: Sequence[str]) -> Integers | None:
    """Return digits in a grid as numbers; None where it is no grid, or numbers may be too great."""
    if not isinstance(texts, Grid) or texts.letters.shape[1] > 18:
        return None
    return np.concatenate([_number(texts.letters[block] - np.uint8(48)) for block in texts.blocks()])


def _integers(texts: Sequence[str]) -> Integers:
    narrow = _narrow(texts)
    return _bytes(texts).astype(np.int64) if narrow is None else narrow


def _bytes(texts: Sequence[str]) -> npt.NDArray[np.bytes_]:
    if isinstance(texts, Grid):
        return texts.letters.view(f"S{texts.letters.shape[1]}")[:, 0]
    return np.array(texts, dtype="S")


def _local(cells: Cells, numbers: dict[str, Integers]) -> Integers:
    """Return nanoseconds of calendar fields, every field proved first."""
    year, month, day = numbers["Y"], numbers["m"], numbers["d"]
    limits = (("H", 23), ("M", 59), ("S", 59))
    beyond = (year < FIRST_YEAR) | (year > LAST_YEAR)
    if beyond.any():
        raise cells.refuse(int(beyond.argmax()), f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}", DATE_HINT)
    wrong = (month < 1) | (month > 12) | (day < 1)
    for part, limit in limits:
        wrong |= numbers[part] > limit
    first_of_month = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first_day = first_of_month.astype("M8[M]").astype("M8[D]").astype(np.int64)
    next_first = (first_of_month + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    wrong |= day > next_first - first_day
    if wrong.any():
        raise cells.refuse(int(wrong.argmax()), "is no day or time that exists")
    moment = first_day + day - 1
    clock = (numbers["H"] * 60 + numbers["M"]) * 60 + numbers["S"]
    return np.asarray(moment * DAY + clock * SECOND + numbers["f"], dtype=np.int64)
