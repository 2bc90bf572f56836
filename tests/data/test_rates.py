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
