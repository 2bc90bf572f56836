"""Which points samplers propose: every one, none twice, evenly, near good ones; always the same for the same seed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.sweeps import Axis, Objective
from orchestrate.sweep.samplers.registry import SAMPLERS
from orchestrate.sweep.space import Space

LIST = Axis("a", ("a",), (1, 2, 3, 4))
WORDS = Axis("b", ("b",), ("x", "y", "z"))
RANGE = Axis("c", ("c",), bounds=(-1.0, 3.0))


def points(method, space, first=0, score=lambda point: (0.0,)):
    """All points of a method, whose batches are scored."""
    batches, every = SAMPLERS[method].batches(space, first), []
    batch = next(batches, None)
    while batch is not None:
        every += batch
        try:
            batch = batches.send([score(point) for point in batch])
        except StopIteration:
            batch = None
    return every


def test_a_grid_has_every_point_the_last_parameter_varies_fastest():
    found = points("grid", Space((LIST, WORDS), trials=1, seed=0))
    assert [(point["a"], point["b"]) for point in found] == [(a, b) for a in (1, 2, 3, 4) for b in "xyz"]


def test_random_points_of_lists_are_never_drawn_twice():
    every = points("random", Space((LIST, WORDS), trials=100, seed=3))
    assert len(every) == 12
    assert sorted(map(str, every)) == sorted(map(str, points("grid", Space((LIST, WORDS), trials=1, seed=0))))
    assert points("random", Space((LIST, WORDS), trials=5, seed=3)) == every[:5]


@pytest.mark.parametrize("method", ["random", "halton", "tpe"])
def test_the_same_seed_draws_the_same_points(method):
    space = Space((LIST, RANGE), trials=9, seed=5, batch=4)
    once = points(method, space)
    assert once == points(method, space)
    assert once != points(method, Space((LIST, RANGE), trials=9, seed=6, batch=4))
    assert len(once) == 9
    assert all(point["a"] in LIST.values and -1.0 <= point["c"] <= 3.0 for point in once)


def test_more_random_trials_begin_with_the_same_ones():
    few, many = (points("random", Space((LIST, RANGE), trials=n, seed=5)) for n in (4, 9))
    assert many[:4] == few


def test_halton_points_fill_a_range_evenly():
    found = [point["c"] for point in points("halton", Space((LIST, RANGE), trials=64, seed=1))]
    counts, _ = np.histogram(found, bins=8, range=(-1.0, 3.0))
    assert counts.min() >= 6


def test_tpe_comes_nearer_to_the_best_point():
    space = Space((LIST, WORDS, RANGE), trials=60, seed=2, batch=10)

    def score(point):
        return None if point["b"] == "z" else (-((point["c"] - 1.5) ** 2) - abs(point["a"] - 3),)

    found = points("tpe", space, score=score)
    first, last = (np.mean([abs(point["c"] - 1.5) for point in some]) for some in (found[:20], found[-20:]))
    assert last < first
    assert sum(point["b"] == "z" for point in found[-20:]) < sum(point["b"] == "z" for point in found[:20])


def test_tpe_takes_several_objectives():
    objectives = (Objective("sharpe"), Objective("volatility", maximize=False))
    space = Space((LIST, RANGE), trials=6, seed=2, batch=3, objectives=objectives)
    assert len(points("tpe", space, score=lambda point: None if point["a"] == 1 else (point["c"], 1.0))) == 6


def test_tpe_without_optuna_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'orchestrate-portfolio\[tpe\]'"):
        points("tpe", Space((LIST,), trials=1, seed=0))
