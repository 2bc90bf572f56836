"""The greatest value of small programs, against every whole point of theirs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.options.margin import integer_program
from orchestrate.domain.options.margin.integer_program import greatest

NUMBERS = st.integers(-6, 9)


@given(st.data(), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=40)
def test_no_whole_point_is_better(data, width, height):
    gains = np.array(data.draw(st.lists(NUMBERS, min_size=width, max_size=width)), dtype=float)
    rows = np.array(
        data.draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=height, max_size=height))
    )
    rows = np.vstack([rows, np.eye(width)])
    limits = np.array(
        [*data.draw(st.lists(st.integers(0, 20), min_size=height, max_size=height)), *[5] * width], dtype=float
    )
    points = np.array(list(product(range(6), repeat=width)))
    possible = points[(points @ rows.T <= limits).all(axis=1)]
    x = greatest(gains, rows, limits, width)
    assert np.allclose(x, np.rint(x), atol=1e-6)
    assert (rows @ np.rint(x) <= limits).all()
    assert gains @ x == pytest.approx((possible @ gains).max(), abs=1e-6)


def test_numbers_after_the_whole_ones_may_be_broken():
    gains, rows, limits = np.array([1.0, 1.0]), np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([3.0, 3.0])
    assert greatest(gains, rows, limits, 2).tolist() == [1.0, 1.0]
    assert greatest(gains, rows, limits, 1).tolist() == [1.0, 1.5]
    assert greatest(gains, rows, limits, 0).tolist() == [1.5, 1.5]


@pytest.mark.parametrize("turns", [0, 500])
def test_a_program_that_could_go_in_circles_ends(monkeypatch, turns):
    """Beale's, on which the steepest number of each turn may come back to where it was."""
    monkeypatch.setattr(integer_program, "_STEEP_TURNS", turns)
    gains = np.array([0.75, -150.0, 0.02, -6.0])
    rows = np.array([[0.25, -60.0, -0.04, 9.0], [0.5, -90.0, -0.02, 3.0], [0.0, 0.0, 1.0, 0.0]])
    x = greatest(gains, rows, np.array([0.0, 0.0, 1.0]), 0)
    assert gains @ x == pytest.approx(0.05)


def test_a_search_that_takes_too_long_returns_the_best_so_far(monkeypatch):
    gains = np.array([5.0, 4.0, 3.0])
    rows = np.vstack([[[2.0, 3.0, 1.0], [4.0, 1.0, 2.0], [3.0, 4.0, 2.0]]])
    limits = np.array([5.0, 11.0, 8.0])
    best = greatest(gains, rows, limits, 3)
    monkeypatch.setattr(integer_program, "_MOST_SPLITS", 0)
    assert greatest(gains, np.vstack([rows, [2.0, 2.0, 2.0]]), np.array([*limits, 3.0]), 3).tolist() == [0.0, 0.0, 0.0]
    assert gains @ best == 13.0
