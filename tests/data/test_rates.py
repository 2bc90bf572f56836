"""The rate of an instrument in another currency must be known at each of its bars."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.digests import data_hash
from tests.data.reading import Load
from tests.data.test_loading import FIVE, rows

EUROS = {"currency": "EUR", "fx": "R"}


def test_a_rate_that_begins_with_it_is_in_time(load: Load) -> None:
    market, _ = load({"A": FIVE, "R": rows("1.1", "1.2")}, {"A": EUROS})
    assert (market.instruments["A"].fx, market.instruments["A"].currency) == ("R", "EUR")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"A": FIVE}, "instruments.A.fx: there are no data of R"),
        (
            {"A": FIVE, "R": "\n".join([rows("1").splitlines()[0], *FIVE.splitlines()[2:]])},
            "A has no rate at its first bar",
        ),
    ],
)
def test_no_rate_yet(data: dict[str, str], message: str, load: Load) -> None:
    with pytest.raises(DataError, match=message):
        load(data, {"A": EUROS})


def test_a_price_below_zero_is_no_rate(load: Load) -> None:
    negative = {"R": {**EUROS, "asset_class": "future", "currency": None, "fx": None}, "A": EUROS}
    with pytest.raises(DataError, match="R is no rate: it has closes of zero or less"):
        load({"A": FIVE, "R": rows("1", "-1", "1")}, negative)


HOURS = "\n".join(
    [
        "timestamp,open,high,low,close",
        *(f"2020-01-0{day} {hour:02}:00,5,5,5,5" for day in (1, 2) for hour in range(8, 18, 3)),
    ]
)
DAYS = "\n".join(["timestamp,open,high,low,close", *(f"2020-01-0{day},1.1,1.1,1.1,1.1" for day in (1, 2, 3))])


def test_a_daily_rate_is_unknown_on_its_first_day(load: Load) -> None:
    """It is known when its day is over: the four bars of that day have none. The start that the hint names has one."""
    with pytest.raises(DataError, match=r"at its first bar, 2020-01-01 10:59:59\.999: R begins") as refused:
        load({"A": HOURS, "R": DAYS}, {"A": EUROS})
    assert refused.value.hint == "give the rate from before, or write 'start: 2020-01-02 08:00'"
    market, _ = load({"A": HOURS, "R": DAYS}, {"A": EUROS}, start="2020-01-02 08:00")
    assert (len(market.series["A"]), market.earlier_rates) == (4, {"R": 1.1})


@pytest.mark.parametrize(("start", "days"), [("2020-01-02", 2), ("2020-01-02 09:00", 1)])
def test_the_last_close_before_the_start_is_a_rate(start: str, days: int, load: Load) -> None:
    """It is no bar: strategies see the bars from the start on, as without it."""
    market, _ = load({"A": HOURS, "R": DAYS}, {"A": EUROS}, start=start)
    assert (market.earlier_rates, len(market.series["R"])) == ({"R": 1.1}, days)


def test_a_rate_on_holiday_at_the_start_has_one_from_before(load: Load) -> None:
    """A trades on the second day, R does not; without its first day there is none."""
    head, first, _, *later = rows("1.1", "1.2", "1.3", "1.4").splitlines()
    market, _ = load({"A": FIVE, "R": "\n".join([head, first, *later])}, {"A": EUROS}, start="2014-06-06")
    assert market.earlier_rates == {"R": 1.1}
    with pytest.raises(DataError, match="A has no rate at its first bar"):
        load({"A": FIVE, "R": "\n".join([head, *later])}, {"A": EUROS}, start="2014-06-06")


def test_a_rate_that_begins_in_time_needs_none_from_before(load: Load) -> None:
    """So nothing of a run changes, its hashes included."""
    market, _ = load({"A": FIVE, "R": FIVE}, {"A": EUROS}, start="2014-06-06")
    assert (market.earlier_rates, market.data_hash) == ({}, data_hash(market.series))


def test_hashes_have_the_rate_from_before(load: Load) -> None:
    market, _ = load({"A": HOURS, "R": DAYS}, {"A": EUROS}, start="2020-01-02")
    assert market.data_hash == data_hash(market.series, market.earlier_rates) != data_hash(market.series)
