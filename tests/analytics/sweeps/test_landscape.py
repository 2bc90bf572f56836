"""Neighbours, plateaus, modes, edges and heatmaps of small landscapes worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps import neighbours
from orchestrate.analytics.sweeps.heatmaps import REDUCTIONS, heatmap
from orchestrate.analytics.sweeps.landscape import PARTS, WORST, Landscape, Scale, landscape, score
from orchestrate.analytics.sweeps.neighbours import Edge, Neighbourhoods, best, edges
from orchestrate.domain.sweeps import Axis
from tests.analytics.sweeps.reference import slow_heatmap

FAST = Axis("trend.fast", ("strategies", "trend", "config", "fast"), (5, 10, 15, 20))
SLOW = Axis("trend.slow", ("strategies", "trend", "config", "slow"), (200, 50, 100))
KIND = Axis("trend.kind", ("strategies", "trend", "config", "kind"), ("sma", "ema", True))
WIDTH = Axis("width", ("portfolio", "width"), bounds=(0.05, 0.25))


def grid(scores):
    """A grid of four values of `fast` and three of `slow`; scores have a row for each value of `slow`, rising."""
    points = [{"trend.fast": fast, "trend.slow": slow} for slow in (50, 100, 200) for fast in (5, 10, 15, 20)]
    return landscape((FAST, SLOW), points, np.ravel(scores), grid=True)


LONE_PEAK = [
    [0.0, 0.0, 0.1, 9.0],
    [2.0, 2.1, 0.2, 0.0],
    [2.2, 2.3, 2.0, 0.1],
]


def test_values_are_placed_in_their_order():
    assert Scale.of(SLOW).values == (50, 100, 200)
    assert list(Scale.of(SLOW).places([100, 200.0, 50])) == [1.0, 2.0, 0.0]
    assert list(Scale.of(KIND).places(["ema", True, "sma"])) == [1.0, 2.0, 0.0]
    assert list(Scale.of(WIDTH).places([0.05, 0.15, 0.25])) == pytest.approx([0.0, 0.5, 1.0])
    assert (Scale.of(FAST).kind, Scale.of(KIND).kind, Scale.of(WIDTH).kind) == ("ordered", "unordered", "range")
    assert len(Scale.of(WIDTH).edges) == PARTS + 1


def test_a_lone_peak_is_best_and_no_plateau():
    found = grid(LONE_PEAK)
    around = Neighbourhoods(found)
    assert best(found) == 3
    assert around.plateau() == 8  # slow 200, fast 5: the median of 2.0, 2.1, 2.2, 2.3
    assert around.medians[3] == pytest.approx(0.15)
    assert around.stability(3) == pytest.approx((0.15 - 1.1) / (9.0 - 1.1))
    assert around.stability(8) == pytest.approx((2.15 - 1.1) / (2.2 - 1.1))


def test_what_may_not_be_chosen_counts_as_a_neighbour():
    around = Neighbourhoods(grid(LONE_PEAK))
    eligible = np.ones(12, dtype=bool)
    eligible[8] = False
    assert around.plateau(eligible) == 9
    with pytest.raises(NoFigureError, match="no trial can be chosen"):
        around.plateau(np.zeros(12, dtype=bool))


def test_equal_medians_are_settled_by_the_score_then_by_the_first():
    flat = Neighbourhoods(grid(np.ones((3, 4))))
    assert flat.plateau() == 0
    scores = np.ones((3, 4))
    scores[1, 2] = 1.5
    assert Neighbourhoods(grid(scores)).plateau() == 6


def test_a_point_without_a_figure_is_the_worst_neighbour():
    scores = np.array([[1.0, 1.1, np.nan, 5.0], [1.0, 1.0, np.nan, np.nan], [1.0, 1.0, 1.0, 1.0]])
    around = Neighbourhoods(grid(scores))
    assert around.medians[3] == -math.inf
    assert around.plateau() == 1
    with pytest.raises(NoFigureError, match="most of its neighbours have no figure"):
        around.stability(3)
    with pytest.raises(NoFigureError, match="no better than the middle"):
        around.stability(4)


def test_forbidden_points_are_no_neighbours():
    points = [{"trend.fast": fast, "trend.slow": slow} for fast, slow in ((5, 50), (15, 50), (20, 200))]
    around = Neighbourhoods(landscape((FAST, SLOW), points, [1.0, 2.0, 3.0], grid=True))
    assert [list(one) for one in around.members] == [[0], [1], [2]]
    with pytest.raises(NoFigureError, match="no neighbour"):
        around.stability(2)


def test_values_without_an_order_are_no_neighbours():
    points = [{"trend.fast": fast, "trend.kind": kind} for fast in (5, 10) for kind in ("sma", "ema")]
    around = Neighbourhoods(landscape((FAST, KIND), points, [1.0, 2.0, 3.0, 4.0], grid=True))
    assert [list(one) for one in around.members] == [[0, 2], [1, 3], [0, 2], [1, 3]]


def test_elsewhere_the_nearest_are_neighbours():
    points = [{"width": 0.05 + 0.02 * step, "trend.fast": 5} for step in range(11)]
    around = Neighbourhoods(landscape((WIDTH, FAST), points, np.arange(11.0)))
    assert list(around.members[5]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert list(around.members[0]) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    kinds = [{"width": 0.05, "trend.kind": kind} for kind in ("sma", "ema", "sma")]
    assert list(Neighbourhoods(landscape((WIDTH, KIND), kinds, [1.0, 2.0, 3.0])).members[0]) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(4))
def test_neighbours_in_a_grid_are_those_of_all_pairs(seed):
    random = np.random.default_rng(seed)
    third = Axis("third", ("third",), (0.5, 1, 1.0, 7))  # two values are one
    points = [
        {"trend.fast": fast, "trend.kind": kind, "third": last}
        for fast in FAST.values
        for kind in KIND.values
        for last in third.values
    ]
    allowed = [point for point in points if random.random() < 0.7]
    found = landscape((FAST, KIND, third), allowed, random.normal(size=len(allowed)), grid=True)
    apart = np.abs(found.places[:, np.newaxis] - found.places)
    beside = (apart <= [1.0, 0.0, 1.0]).all(axis=2)
    for point, members in enumerate(Neighbourhoods(found).members):
        assert list(members) == list(np.flatnonzero(beside[point]))


def test_neighbours_in_parts_are_those_at_once(monkeypatch):
    random = np.random.default_rng(2)
    points = [{"width": float(width)} for width in random.uniform(0.05, 0.25, 40)]
    found = landscape((WIDTH,), points, random.normal(size=40))
    whole = Neighbourhoods(found).medians
    monkeypatch.setattr(neighbours, "_AT_ONCE", 100)
    assert np.array_equal(Neighbourhoods(found).medians, whole)


def test_local_modes_are_named_once_and_the_best_first():
    scores = [[3.0, 1.0, 0.0, 5.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 4.0, 4.0]]
    assert list(Neighbourhoods(grid(scores)).modes()) == [3, 10, 0]
    assert list(Neighbourhoods(grid(np.ones((3, 4)))).modes()) == []


def test_edges():
    found = grid(LONE_PEAK)
    assert edges(found, 3) == (Edge("trend.fast", "highest"), Edge("trend.slow", "lowest"))
    assert edges(found, 5) == ()
    points = [{"width": width, "trend.kind": "sma"} for width in (0.052, 0.06, 0.249)]
    ranged = landscape((WIDTH, KIND), points, [1.0, 2.0, 3.0])
    assert [edges(ranged, point) for point in range(3)] == [(Edge("width", "lowest"),), (), (Edge("width", "highest"),)]
    two = Axis("x", ("x",), (1, 2))
    assert edges(landscape((two,), [{"x": 1}, {"x": 2}], [1.0, 2.0]), 0) == ()


def test_heatmaps_equal_a_slow_computation():
    random = np.random.default_rng(4)
    points = [
        {"trend.fast": FAST.values[fast], "trend.kind": KIND.values[kind], "width": float(width)}
        for fast, kind, width in zip(
            random.integers(4, size=90), random.integers(3, size=90), random.uniform(0.05, 0.25, 90), strict=True
        )
    ]
    found = landscape((FAST, KIND, WIDTH), points, random.normal(size=90))
    figures = np.where(random.random(90) < 0.1, np.nan, found.scores)
    for x, y in ((0, 1), (2, 0), (1, 2)):
        for reduction in REDUCTIONS:
            drawn = heatmap(found, x, y, figures, reduction, at=17)
            expected, counts = slow_heatmap(found, x, y, figures, reduction, 17)
            assert drawn.figures == pytest.approx(expected, nan_ok=True, rel=1e-12)
            assert np.array_equal(drawn.counts, counts)


def test_a_heatmap_of_nothing_is_empty():
    drawn = heatmap(grid(LONE_PEAK), 0, 1, np.full(12, np.nan), "mean")
    assert np.isnan(drawn.figures).all()
    assert drawn.figures.shape == (3, 4)
    assert not drawn.counts.any()


def test_a_score_is_higher_where_it_is_better():
    assert score({"max_drawdown": -0.2}, "max_drawdown") == -0.2
    assert score({"volatility": 0.2}, "volatility", maximize=False) == -0.2
    assert score({"sharpe": None}, "sharpe") == score({}, "sharpe", maximize=False) == WORST


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 points on 1 axes"):
        Landscape((Scale.of(FAST),), np.zeros((2, 1)), np.zeros(3))
    with pytest.raises(ValueError, match="not a number"):
        Landscape((Scale.of(FAST),), np.zeros((1, 1)), np.array([np.nan]))
    assert math.isnan(landscape((FAST,), [{"trend.fast": 5}], [np.nan]).middle)
