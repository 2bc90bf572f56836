"""The rate of an instrument in another currency must be known at each of its bars."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import DataError
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


def test_bars_before_the_first_longer_bar_of_the_rate_are_left_out(load: Load) -> None:
    """A daily rate is known when its day is over: the four bars of that day have none."""
    market, findings = load({"A": HOURS, "R": DAYS}, {"A": EUROS})
    assert len(market.series["A"]) == 4
    [finding] = [finding for finding in findings if "left out" in finding.message]
    assert (finding.where, finding.count) == ("data.A", 4)
    assert finding.message == "bars before its rate is known, at 2020-01-01 23:59:59.999, are left out"
