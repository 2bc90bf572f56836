"""A contract counts as worth the mid of now, else of lately, else what exercise is worth."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from orchestrate.domain.options.marks import Mark, QuoteHistory
from orchestrate.domain.options.quote import Quote

NONE = float("nan")
#: Two-sided at 10 and 40 alone.
HISTORY = QuoteHistory(
    memoryview(array("q", [10, 20, 30, 40])),
    memoryview(array("d", [1.0, 0.0, NONE, 4.0])),
    memoryview(array("d", [2.0, 2.0, 3.0, 6.0])),
)


@pytest.mark.parametrize(
    ("moment", "max_age", "mark"),
    [
        (10, 0, Mark(1.5, "fresh")),
        (20, 10, Mark(1.5, "last")),
        (20, 9, Mark(7.0, "intrinsic")),
        (30, 10, Mark(7.0, "intrinsic")),
        (35, 100, Mark(1.5, "last")),
        (9, 100, Mark(7.0, "intrinsic")),
        (40, 0, Mark(5.0, "fresh")),
    ],
)
def test_a_mark_is_a_mid_of_now_or_of_lately_or_the_intrinsic(moment, max_age, mark):
    series = HISTORY.marks(np.array([moment]), np.array([7.0]), max_age)
    assert (len(series), series.at(0)) == (1, mark)


def test_marks_are_counted_by_their_source():
    series = HISTORY.marks(np.array([9, 10, 20, 25, 40]), np.full(5, 7.0), 10)
    assert series.counts == {"fresh": 2, "last": 1, "intrinsic": 2}
    bare = QuoteHistory(HISTORY.made[:0], HISTORY.bid[:0], HISTORY.ask[:0]).marks(
        np.array([1, 2]), np.array([3.0, 4.0]), 9
    )
    assert (bare.prices.tolist(), bare.counts["intrinsic"]) == ([3.0, 4.0], 2)


def test_the_newest_quote_counts_from_its_own_moment_on():
    assert HISTORY.newest(9) is None
    assert HISTORY.newest(25) == Quote(0.0, 2.0, 5)
    assert (HISTORY.newest(25).is_stale(5), HISTORY.newest(25).is_stale(4)) == (False, True)
