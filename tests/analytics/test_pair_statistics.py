"""How two strategies did together, on curves that fit on a line."""

from __future__ import annotations

from orchestrate.analytics.compatibility import pair_statistics
from orchestrate.domain.strategies.compatibility import PairStatistics


def statistics(result_of, hand_made, first, second, **more):
    result = result_of({"a": hand_made(first, **more), "b": hand_made(second, exposed=[True] * len(second))})
    return pair_statistics(result, {"a": {"b": 0.5}, "b": {"a": 0.5}})


def test_deep_drawdowns_and_overlap(result_of, hand_made):
    """Half of the deepest drawdown or more: `a` at bars 2, 3 (−10%, −20%), `b` at 3, 4 (−10%, −10%)."""
    pairs = statistics(
        result_of,
        hand_made,
        [100.0, 100.0, 90.0, 80.0, 100.0, 120.0],
        [100.0, 110.0, 110.0, 99.0, 99.0, 110.0],
        exposed=[False, False, True, True, True, False],
    )
    assert pairs == {("a", "b"): PairStatistics(0.5, 1 / 3, 3 / 6)}


def test_curves_that_never_fall_have_no_joint_drawdowns(result_of, hand_made):
    pairs = statistics(result_of, hand_made, [100.0, 101.0], [100.0, 90.0])
    assert pairs["a", "b"].joint_drawdowns is None
    assert pairs["a", "b"].overlap == 0.0


def test_what_never_holds_anything_has_no_overlap(result_of, hand_made):
    result = result_of({"a": hand_made([1.0, 1.0]), "b": hand_made([1.0, 1.0])})
    assert pair_statistics(result, {"a": {"b": None}, "b": {"a": None}}) == {("a", "b"): PairStatistics()}


def test_a_strategy_without_any_money_has_no_drawdowns(result_of, hand_made):
    """It waits to be added until the run is over."""
    result = result_of({"a": hand_made([0.0, 0.0]), "b": hand_made([10.0, 9.0])})
    assert pair_statistics(result, {"a": {"b": None}, "b": {"a": None}}) == {("a", "b"): PairStatistics()}
