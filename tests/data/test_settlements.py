"""A future's series ends at its settlement."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import DataError
from tests.data.reading import Load, kinds
from tests.data.test_loading import FIVE, HEADER

FUTURE = {"asset_class": "future"}
HOURS = HEADER + "".join(f"2014-06-05T{hour:02}:00:00Z,1,2,1,2,10\n" for hour in range(24))


@pytest.mark.parametrize(
    ("expiry", "bars", "settles"),
    [("2014-06-09", 3, True), ("2014-06-08", 2, True), ("2014-06-11", 5, True), ("2014-06-12", 5, False)],
)
def test_later_bars_are_left_out(expiry: str, bars: int, settles: bool, load: Load) -> None:
    """A day without a bar is one, too; a day that the data do not reach is not."""
    market, findings = load({"F": FIVE}, {"F": {**FUTURE, "expiry": expiry}})
    assert len(market.series["F"]) == bars
    assert market.settlements == ({"F": expiry} if settles else {})
    late = [(finding.where, finding.count) for finding in findings if "settlement" in finding.message]
    assert late == ([("F (F.csv)", 5 - bars)] if bars < 5 else [])


def test_the_whole_day_counts(load: Load) -> None:
    market, _ = load({"F": HOURS}, {"F": {**FUTURE, "expiry": "2014-06-05"}})
    assert (len(market.series["F"]), market.settlements) == (24, {"F": "2014-06-05"})


def test_other_data_show_that_the_day_has_come(load: Load) -> None:
    short = "\n".join(FIVE.splitlines()[:3])
    market, findings = load({"F": short, "A": FIVE}, {"F": {**FUTURE, "expiry": "2014-06-10"}})
    assert market.settlements == {"F": "2014-06-10"}
    assert not [message for _, message in kinds(findings) if "settlement" in message]


def test_end_may_come_first(load: Load) -> None:
    market, _ = load({"F": FIVE}, {"F": {**FUTURE, "expiry": "2014-06-10"}}, end="2014-06-09")
    assert (len(market.series["F"]), market.settlements) == (3, {})


def test_expired_before_the_data(load: Load) -> None:
    with pytest.raises(DataError, match="it expired on 2014-06-01, before its first bar, 2014-06-05"):
        load({"F": FIVE}, {"F": {**FUTURE, "expiry": "2014-06-01"}})
