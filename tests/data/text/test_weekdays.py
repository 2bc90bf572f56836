"""The series' own week is inferred from few weeks with many holidays as well as from years."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.data.calendar import DAY, trading_weekdays, weekdays
from orchestrate.domain.market.timeline import Stamps

WORKING = frozenset(range(5))
#: Mondays at that, three of six in this winter.
HOLIDAYS = ("2016-12-26", "2017-01-02", "2017-01-16", "2017-02-20")


def days(first: str, last: str, week: frozenset[int] = WORKING, without: tuple[str, ...] = HOLIDAYS) -> Stamps:
    """The dates from `first` to `last` that fall on the weekdays `week`."""
    all_days = np.arange(first, last, dtype="M8[D]").astype(np.int64) * DAY
    closed = np.array(without, dtype="M8[D]").astype(np.int64) * DAY
    return np.asarray(all_days[np.isin(weekdays(all_days), list(week)) & ~np.isin(all_days, closed)])


@pytest.mark.parametrize("first", ["2016-11-07", "2016-12-12", "2016-12-19", "2016-12-26", "2017-01-01"])
@pytest.mark.parametrize("last", ["2017-01-18", "2017-01-24", "2017-02-01", "2017-02-22"])
def test_mondays_on_holiday_are_still_trading_days(first: str, last: str) -> None:
    assert trading_weekdays(days(first, last)) == WORKING


def test_sundays_of_a_currency_on_holiday_are_still_trading_days() -> None:
    week = WORKING | {6}
    label = days("2016-12-20", "2017-02-01", week, ("2016-12-25", "2017-01-01"))
    assert trading_weekdays(label) == week


@pytest.mark.parametrize("last", ["2016-12-24", "2017-01-01", "2017-01-28", "2018-06-01"])
def test_a_stray_weekend_day_is_none_of_the_week(last: str) -> None:
    stray = np.array(["2016-12-17"], dtype="M8[D]").astype(np.int64) * DAY
    label = np.sort(np.concatenate([days("2016-12-05", last), stray]))
    assert trading_weekdays(label) == WORKING


def test_a_weekday_that_a_longer_history_hardly_has_is_none_of_its_week() -> None:
    three_days = frozenset({0, 2, 4})
    assert trading_weekdays(days("2016-01-01", "2016-12-01", three_days)) == three_days
    assert trading_weekdays(days("2016-01-01", "2016-12-01", frozenset(range(7)))) == frozenset(range(7))
    assert trading_weekdays(days("2016-01-04", "2016-01-07")) == WORKING
