"""Wall clocks → UTC: offsets, time zones with their daylight saving, and the dates of local midnights."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.data.text.cells import Cells, Integers
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Flags, Stamps


def is_utc(zone: str) -> bool:
    """Return True for the names of UTC itself."""
    return zone in ("UTC", "Z", "Etc/UTC", "+00:00", "")


def to_utc(cells: Cells, local: Integers, zones: Sequence[str] | None) -> Stamps:
    """Convert wall clock times to UTC, by the offset that each row names, else by the cells' time zone.

    Local midnights → dates.
    """
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
    """Convert wall clock times of the cells' time zone to UTC; dates without a time of day stay as they are."""
    if is_utc(cells.timezone) or not (local % DAY).any():
        return local
    return _from_zone(cells, local)


def dates_of_midnights(utc: Stamps, zone: str, where: str) -> Stamps:
    """Turn moments that are all midnight in `zone` into that zone's dates; others stay."""
    if zone[0] in "+-":
        local = utc + _offset(zone)
    else:
        rules = _zone(zone, where)
        if (int(utc[0]) + _offset_at(int(utc[0]), rules)) % DAY:
            return utc  # the first bar decides: an intraday series is spared the rest
        local = utc + np.array([_offset_at(moment, rules) for moment in utc.tolist()], dtype=np.int64)
    return utc if (local % DAY).any() else local


def rules(zone: str) -> bytes:
    """Return the compiled rules of a time zone as Python finds them now.

    Nothing for UTC and for names without rules.
    """
    if zone == "UTC":
        return b""
    try:
        ZoneInfo(zone)  # refuses what is no name of a zone
        files = [Path(folder, zone) for folder in zoneinfo.TZPATH]
        file = next((path for path in files if path.is_file()), None)
        return file.read_bytes() if file else _packaged(zone)
    except (ZoneInfoNotFoundError, ModuleNotFoundError, ValueError, OSError):
        return b""


def _packaged(zone: str) -> bytes:
    from importlib import resources  # the package tzdata stands in where a system has no rules

    return (resources.files("tzdata") / "zoneinfo" / zone).read_bytes()


def _offset_at(moment: int, zone: ZoneInfo) -> int:
    return _nanoseconds(datetime.fromtimestamp(moment // SECOND, zone).utcoffset())


def _offset(zone: str) -> int:
    if zone in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return (-seconds if zone[0] == "-" else seconds) * SECOND


def _from_zone(cells: Cells, local: Integers) -> Stamps:
    """Convert wall clock times of a time zone to UTC.

    An hour that happens twice in autumn is distinguished by the order of the rows.
    """
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
        raise DataError(f"unknown time zone {name!r}", where=where, hint="for example America/New_York") from None


def _nanoseconds(offset: timedelta | None) -> int:
    return int(offset.total_seconds()) * SECOND if offset else 0


def _offsets(local: Integers, zone: ZoneInfo, fold: int) -> Integers:
    moments = (datetime.fromtimestamp(int(moment) // SECOND, UTC) for moment in local)
    offsets = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for moment in moments)
    return np.array([_nanoseconds(offset) for offset in offsets], dtype=np.int64)


def _second_time(cells: Cells, local: Integers, twice: Flags) -> Flags:
    """Return which rows of an hour that happens twice belong to its second time: those after the clock went back."""
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
