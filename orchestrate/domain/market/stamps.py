"""Moments as int64 nanoseconds since 1970, UTC: their range, and how people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: The whole years that int64 nanoseconds can count.
FIRST_YEAR: Final = 1678
LAST_YEAR: Final = 2261
_UP_TO_DAYS: Final = len("2020-01-31")
_UP_TO_SECONDS: Final = len("2020-01-31T09:30:00")
_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
#: What `datetime` would cut to microseconds.
_FRACTION: Final = re.compile(r"(.+:[0-9]{2})\.([0-9]{1,9})Z?")


def label_text(label: int) -> str:
    """Return a label (int nanoseconds, UTC) as `2020-01-31` at midnight, else `2020-01-31T09:30:00Z`."""
    seconds, fraction = divmod(label, _SECOND)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:_UP_TO_SECONDS]
    if label % DAY == 0:
        return text[:_UP_TO_DAYS]
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{digits}Z"


def moment_of(text: str, *, last: bool = False) -> int:
    """Return nanoseconds of an ISO date or moment of any year, UTC unless it names an offset.

    A bare date is its first nanosecond, or its `last`.
    """
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    nanoseconds = (aware - _EPOCH) // timedelta(microseconds=1) * 1000
    return nanoseconds + DAY - 1 if last and len(text) == _UP_TO_DAYS else nanoseconds


def last_of_day(moment: int) -> int:
    """Return the last nanosecond of the UTC date of `moment`."""
    return moment - moment % DAY + DAY - 1


def span_of(text: str) -> tuple[int, int]:
    """Return the first and last nanosecond of the span in `text`: a year, month, day, or a moment as labels have it.

    ValueError for anything else.
    """
    if part := _DATE.fullmatch(text):
        year, month = int(part[1]), int(part[2] or 0)
        if part[3]:
            return saturated(moment_of(text)), saturated(moment_of(text, last=True))
        next_year, next_month = (year + month // 12, month % 12 + 1) if month else (year + 1, 1)
        first, after = moment_of(f"{year:04}-{month or 1:02}-01"), moment_of(f"{next_year:04}-{next_month:02}-01")
        return saturated(first), saturated(after - 1)
    fraction = _FRACTION.fullmatch(text)
    moment = moment_of(fraction[1]) + int(fraction[2].ljust(9, "0")) if fraction else moment_of(text)
    return saturated(moment), saturated(moment)


EARLIEST: Final = moment_of(f"{FIRST_YEAR}-01-01")
LATEST: Final = moment_of(f"{LAST_YEAR}-12-31", last=True)


def saturated(moment: int) -> int:
    """Return `moment`, or the end of the range that it lies beyond."""
    return min(max(moment, EARLIEST), LATEST)
