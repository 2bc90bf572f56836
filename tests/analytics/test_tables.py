"""The tables beside metrics: drawdowns, months, years."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.series import drawdowns
from orchestrate.analytics.tracks.tables import tables
from tests.analytics.tracks import DAY, track_of


def of(track):
    return tables(track, track.stamps)


def test_a_drawdown_has_its_peak_trough_and_recovery():
    found = of(track_of([100.0, 110.0, 110.0, 99.0, 104.5, 110.0, 121.0, 108.9]))["drawdowns"]
    assert [one["depth"] for one in found] == pytest.approx([-0.1, -0.1])
    first, last = ({name: one[name] for name in one if name != "depth"} for one in found)
    assert first == {"peak": "2020-01-03", "trough": "2020-01-04", "recovery": "2020-01-06", "days": 3.0}
    assert last == {"peak": "2020-01-07", "trough": "2020-01-08", "recovery": None, "days": 1.0}


def test_a_fall_of_the_first_bar_begins_with_it():
    (found,) = of(track_of([90.0, 80.0, 100.0], initial=100.0))["drawdowns"]
    assert found == {
        "depth": pytest.approx(-0.2),
        "peak": "2020-01-01",
        "trough": "2020-01-02",
        "recovery": "2020-01-03",
        "days": 2.0,
    }


def test_there_are_the_five_deepest():
    equity = [100.0]
    for depth in (3, 8, 1, 7, 5, 2, 6):
        equity += [100.0 - depth, 100.0]
    assert [round(one["depth"], 2) for one in of(track_of(equity))["drawdowns"]] == [-0.08, -0.07, -0.06, -0.05, -0.03]


def test_months_and_years_multiply_up_to_the_return():
    track = track_of(np.linspace(100.0, 150.0, 500), initial=80.0)
    months, years = of(track)["monthly"], of(track)["yearly"]
    assert list(months)[:2] == ["2020-01", "2020-02"]
    assert (len(months), list(years)) == (17, ["2020", "2021"])
    for returns in (months, years):
        assert math.prod(1.0 + one for one in returns.values()) == pytest.approx(150.0 / 80.0)


def test_a_month_without_bars_is_left_out():
    assert list(of(track_of([100.0, 101.0, 102.0], step=62 * DAY))["monthly"]) == ["2020-01", "2020-03", "2020-05"]


@pytest.mark.parametrize("equity", [[], [100.0], [100.0, -1.0, 5.0], [0.0, 0.0]], ids=str)
def test_without_returns_they_are_empty(equity):
    assert of(track_of(equity, initial=100.0 if len(equity) == 1 else None)) == {
        "drawdowns": [],
        "monthly": {},
        "yearly": {},
    }


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_drawdowns_cover_every_value_below_the_peak(values):
    curve = np.array(values, dtype=np.float64)
    depths = curve / np.maximum.accumulate(curve) - 1.0
    found = drawdowns(depths)
    covered = np.zeros(len(curve), dtype=np.bool_)
    for depth, peak, end, is_over in zip(found.depths, found.peaks, found.ends, found.is_over, strict=True):
        stop = end if is_over else len(curve)
        covered[peak + 1 : stop] = True
        assert curve[peak] == curve[:stop].max()
        assert depth == depths[peak:stop].min()
        assert (curve[end] >= curve[peak]) == is_over
        assert is_over or end == len(curve) - 1
    assert covered.tolist() == (curve < np.maximum.accumulate(curve)).tolist()
