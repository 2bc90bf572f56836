"""The sessions of US options exchanges: holidays, half days, and the instants at which a session opens and closes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

NEW_YORK: Final = "America/New_York"
_OPEN: Final = time(9, 30)
_CLOSE: Final = time(16)
_HALF: Final = time(13)
_SATURDAY: Final = 5
_SUNDAY: Final = 6
#: Days of mourning, of attacks and of storms.
_SHUT: Final = frozenset(
    {
        *(date(2001, 9, day) for day in (11, 12, 13, 14)),
        date(2004, 6, 11),
        date(2007, 1, 2),
        date(2012, 10, 29),
        date(2012, 10, 30),
        date(2018, 12, 5),
        date(2025, 1, 9),
    }
)


def day_of(number: int) -> date:
    """Return a day that is counted from 1970."""
    return date(1970, 1, 1) + timedelta(days=number)


def last_session(day: date) -> date:
    """Return the last day of trading up to `day`: the Friday before a Saturday, the Thursday before Good Friday."""
    while day.weekday() >= _SATURDAY or day in _holidays(day.year) or day in _SHUT:
        day -= timedelta(days=1)
    return day


def opening(day: date) -> int:
    """Return the instant at which the session of `day` opens."""
    return _instant(day, _OPEN)


def closing(day: date) -> int:
    """Return the instant at which the session of `day` closes: early on half days."""
    return _instant(day, _HALF if day in _half_days(day.year) else _CLOSE)


def _instant(day: date, clock: time) -> int:
    return int(datetime.combine(day, clock, ZoneInfo(NEW_YORK)).timestamp()) * 10**9


@cache
def _holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year; one on a Saturday is kept on Friday, one on a Sunday on Monday."""
    days = {_observed(date(year, 7, 4)), _observed(date(year, 12, 25)), _easter(year) - timedelta(days=2)}
    days |= {_weekday(year, 2, 0, 3), _weekday(year, 9, 0, 1), _weekday(year, 11, 3, 4)}
    days.add(_last_monday(year, 5))
    if date(year, 1, 1).weekday() != _SATURDAY:  # the last day of a year closes its books
        days.add(_observed(date(year, 1, 1)))
    if year >= 1998:
        days.add(_weekday(year, 1, 0, 3))
    if year >= 2022:
        days.add(_observed(date(year, 6, 19)))
    return frozenset(days)


@cache
def _half_days(year: int) -> frozenset[date]:
    """Return the days that close at 13:00: before Independence Day and Christmas, after Thanksgiving."""
    return frozenset(day for day in _eves(year) if day.weekday() < _SATURDAY and day not in _holidays(year))


def _eves(year: int) -> Iterator[date]:
    yield _weekday(year, 11, 3, 4) + timedelta(days=1)
    yield date(year, 12, 24)
    if date(year, 7, 4).weekday() not in (_SATURDAY, _SUNDAY, 0):
        yield date(year, 7, 3)


def _observed(day: date) -> date:
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Return the first, second … such weekday of a month, Monday 0."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last_monday(year: int, month: int) -> date:
    after = _weekday(year, month + 1, 0, 1)
    return after - timedelta(days=7)


def _easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, by the golden number, the epact and the Sunday letter."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    sunday = moon - (year + year // 4 + moon + 2 - century + century // 4) % 7
    month = 3 + (sunday + 40) // 44
    return date(year, month, sunday + 28 - 31 * (month // 4))
