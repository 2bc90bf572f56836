"""What is left of long series shows their extremes, at the places where they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.reporting.page.sampling import MOST, extremes_of, note, shown


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
def test_extremes_and_ends_are_shown(seed, count, holes):
    random = np.random.default_rng(seed)
    curves = [np.cumsum(random.normal(size=3000)) for _ in range(count)]
    for curve in curves:
        curve[random.integers(3000)] += 500
        curve[random.integers(3000)] -= 500
        if holes:
            curve[:100] = np.nan
    places = shown(curves, 600)
    assert list(places) == sorted(set(places))
    assert {0, 2999} <= set(places)
    for curve in curves:
        assert {int(np.nanargmin(curve)), int(np.nanargmax(curve))} <= set(places)
    assert len(places) <= 600 + 2 + 2 * count


def test_extremes_of_half_a_million_values_are_shown():
    """One value each, the highest and the lowest, among neighbours that hide neither."""
    curve = np.cumsum(np.random.default_rng(1).normal(size=500_000))
    high, low = curve.max() + 0.001, curve.min() - 0.001
    curve[123_457], curve[345_679] = high, low
    places = shown([curve], MOST)
    assert {0, 123_457, 345_679, 499_999} <= set(places.tolist())
    assert len(places) <= MOST + 4


def test_short_series_are_shown_whole():
    assert list(shown([np.arange(600.0)], 600)) == list(range(600))
    assert note(600, 600) == ""
    assert note(600, 500_000) == "600 of 500,000 points shown"


def test_a_series_without_a_number_is_no_trouble():
    places = shown([np.full(3000, np.nan), np.arange(3000.0)], 100)
    assert {0, 2999} <= set(places)


def test_extremes_of_several():
    assert list(extremes_of([np.array([1.0, 5.0, 2.0]), np.array([3.0, 2.0, 1.0])])) == [0, 1, 2]
