"""Roots of many functions at once."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.options.roots import roots


def test_each_function_has_its_root():
    goal = np.array([0.0, 1e-30, 1e-3, 1.0, 8.0, 27.0])
    turns = []

    def error(place, rows):
        turns.append(len(rows))
        return place**3 - goal[rows]

    found = roots(error, np.zeros(6), np.full(6, 3.0), 1e-12)
    assert found[[0, 2, 3, 4, 5]] == pytest.approx([0.0, 0.1, 1.0, 2.0, 3.0], rel=1e-11)
    assert found[1] == pytest.approx(1e-10, rel=1e-11)
    assert turns[:2] == [6, 6]
    assert len(turns) < 120
    assert turns[-1] == 1  # what is known is not computed again


def test_a_step_is_found_by_halving():
    found = roots(lambda place, rows: np.where(place < 0.3, -1.0, 1.0), np.zeros(1), np.ones(1), 1e-12)
    assert found == pytest.approx([0.3], rel=1e-11)


def test_without_a_change_of_sign_there_is_none():
    found = roots(lambda place, rows: place + 1.0, np.zeros(2), np.ones(2), 1e-12)
    assert np.isnan(found).all()


def test_a_smooth_curve_takes_a_few_turns():
    turns = []

    def error(place, rows):
        turns.append(1)
        return np.exp(place) - 2.0

    assert roots(error, np.array([-1.0]), np.array([4.0]), 1e-12) == pytest.approx([np.log(2.0)], rel=1e-11)
    assert len(turns) < 16
