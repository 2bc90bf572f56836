"""Windows of a walk-forward: where each training and test begins and ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.errors import ConfigurationError, DataError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.sweeps import Span, WalkForwardPlan
from orchestrate.sweep.walk_forward import Window, windows

WEEKDAYS = np.arange("2010-01-04", "2016-01-01", dtype="datetime64[D]")
WEEKDAYS = WEEKDAYS[np.is_busday(WEEKDAYS)].astype("datetime64[ns]").astype(np.int64)
HOURS = np.arange("2020-01-01T14", "2020-02-01T00", dtype="datetime64[h]").astype("datetime64[ns]").astype(np.int64)


def plan(train: str, test: str, step: str = "", **more: Any) -> WalkForwardPlan:
    return WalkForwardPlan(train, test, step or test, **more)


def dates(made: tuple[Window, ...], stamps: np.ndarray) -> list[tuple[str, str, str, str]]:
    spans = ((window.train, window.test) for window in made)
    return [
        tuple(label_text(int(stamps[at])) for span in both for at in (span.start, span.stop - 1))  # type: ignore[misc]
        for both in spans
    ]


def test_calendar_spans_end_where_the_next_begins() -> None:
    made = windows(plan("2y", "1y"), WEEKDAYS)
    assert dates(made, WEEKDAYS) == [
        ("2010-01-04", "2012-01-03", "2012-01-04", "2013-01-03"),
        ("2011-01-04", "2013-01-03", "2013-01-04", "2014-01-03"),
        ("2012-01-04", "2014-01-03", "2014-01-06", "2015-01-02"),
        ("2013-01-04", "2015-01-02", "2015-01-05", "2015-12-31"),
    ]
    assert [window.is_short for window in made] == [False, False, False, True]  # it lacks 1 January


def test_bars_count_steps() -> None:
    made = windows(plan("10 bars", "4 bars"), WEEKDAYS[:20])
    assert made == (
        Window(range(10), range(10, 14)),
        Window(range(4, 14), range(14, 18)),
        Window(range(8, 18), range(18, 20), is_short=True),
    )
    assert windows(plan("10 bars", "5 bars"), WEEKDAYS[:20])[-1] == Window(range(5, 15), range(15, 20))


def test_anchored_trainings_begin_with_the_data() -> None:
    made = windows(plan("10 bars", "5 bars", anchored=True), WEEKDAYS[:25])
    assert [window.train for window in made] == [range(10), range(15), range(20)]


@pytest.mark.parametrize(("embargo", "end"), [("", 10), ("3 bars", 7), ("4d", 8), ("1w", 5)])
def test_an_embargo_is_taken_from_the_end_of_the_training(embargo: str, end: int) -> None:
    (made,) = windows(plan("10 bars", "5 bars", embargo=embargo), WEEKDAYS[:15])
    assert made == Window(range(end), range(10, 15))


def test_a_step_longer_than_the_test_leaves_bars_out() -> None:
    made = windows(plan("10 bars", "5 bars", "7 bars"), WEEKDAYS[:24])
    assert [window.test for window in made] == [range(10, 15), range(17, 22)]


def test_months_end_with_their_last_day() -> None:
    days = np.arange("2011-01-31", "2011-07-01", dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64)
    made = windows(plan("1m", "1m"), days)
    assert [label_text(int(days[window.test.start])) for window in made] == [
        "2011-02-28",
        "2011-03-31",
        "2011-04-30",
        "2011-05-31",
        "2011-06-30",
    ]
    assert all(one.test.stop == other.test.start for one, other in pairwise(made))


def test_days_of_hours_begin_at_midnight() -> None:
    made = windows(plan("2d", "1d"), HOURS)
    assert label_text(int(HOURS[made[0].test.start])) == "2020-01-03"
    assert len(made[0].train) == 34
    assert {len(window.test) for window in made} == {24}


def test_a_last_test_is_short_where_the_data_end_early() -> None:
    made = windows(plan("2y", "1y"), WEEKDAYS[:-40])
    assert [window.is_short for window in made] == [False, False, False, True]
    assert made[-1].test.stop == len(WEEKDAYS) - 40


@pytest.mark.parametrize("more", [{}, {"embargo": "2y"}])
def test_too_little_data(more: dict[str, str]) -> None:
    wanted = plan("2y", "1y", **more)
    with pytest.raises(DataError, match=r"sweep.walk_forward: .* bars are too few for a training of 2y") as caught:
        windows(wanted, WEEKDAYS[: 1000 if more else 200])
    assert ("2y left out" in str(caught.value)) == bool(more)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (plan("2y", "1y", "6m"), "tests of 1y overlap with a step of 6m"),
        (plan("2y", "6m", "1y", positions="carry"), "no position can be carried from a test of 6m to the next one"),
    ],
)
def test_one_account_must_be_able_to_go_through_all_tests(wrong: WalkForwardPlan, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        windows(wrong, WEEKDAYS)


@pytest.mark.parametrize(
    ("step", "test", "shorter"),
    [
        ("6m", "1y", True),
        ("20 bars", "50 bars", True),
        ("4w", "90d", True),
        ("27d", "1m", True),
        ("2m", "63d", True),
        ("1y", "12m", False),
        ("2y", "1y", False),
        ("30d", "1m", False),  # not in February
        ("2m", "60d", False),
        ("5 bars", "1y", False),
        ("5d", "50 bars", False),
    ],
)
def test_what_is_shorter_whatever_the_data_are(step: str, test: str, shorter: bool) -> None:
    assert Span.of(step).is_shorter(Span.of(test)) == shorter


SPANS = st.builds("{}{}".format, st.integers(1, 400), st.sampled_from(["d", "w", "m", "y", " bars"]))


@given(
    train=SPANS, test=SPANS, embargo=st.one_of(st.just(""), SPANS), anchored=st.booleans(), size=st.integers(2, 1565)
)
def test_no_test_bar_is_in_a_training_before_it(train: str, test: str, embargo: str, anchored: bool, size: int) -> None:
    try:
        made = windows(plan(train, test, embargo=embargo, anchored=anchored), WEEKDAYS[:size])
    except DataError:
        return
    for window in made:
        assert 0 <= window.train.start < window.train.stop <= window.test.start < window.test.stop <= size
    assert all(one.test.stop == other.test.start for one, other in pairwise(made))
    assert [window.is_short for window in made[:-1]] == [False] * (len(made) - 1)
