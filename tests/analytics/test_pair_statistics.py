"""How two strategies did together, on curves that fit on a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestrate.analytics.compatibility import horizon, pair_statistics
from orchestrate.domain.books import Position, Trade
from orchestrate.domain.instruments.instrument import Instrument
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


HOUR = 3_600 * 10**9
DAY = 24 * HOUR


def horizon_of(result_of, hand_made, step, *, held=(), still_open=None):
    """The horizon of a strategy with five bars: trades as long as in `held`, a position since bar `still_open`."""
    result = result_of({"a": hand_made([1.0] * 5)})
    labels = np.arange(5) * step
    trades = tuple(Trade("a", "IBM", 1.0, 0, length, 1.0, 1.0, 0.0, 0.0) for length in held)
    positions = () if still_open is None else (Position(Instrument("IBM"), 1.0, 1.0, still_open * step),)
    strategy = replace(result.strategies["a"], trades=trades, open_positions=positions)
    return horizon(replace(result, labels=labels, strategies={"a": strategy}), "a")


@pytest.mark.parametrize(
    ("step", "held", "magnitude"),
    [
        (HOUR // 60, [HOUR // 2, HOUR], "minutes"),
        (HOUR, [0, 0], "hours"),  # in and out within a bar: an hour at most
        (HOUR, [HOUR, DAY], "hours"),
        (HOUR, [DAY, DAY], "days"),
        (DAY, [0, DAY], "days"),
        (DAY, [DAY, 20 * DAY], "weeks"),
        (DAY, [30 * DAY], "months"),
        (7 * DAY, [DAY], "weeks"),
        (DAY, [365 * DAY], "years"),
        (DAY, [], ""),
    ],
)
def test_a_horizon_is_the_average_time_of_its_trades(result_of, hand_made, step, held, magnitude):
    assert horizon_of(result_of, hand_made, step, held=held) == magnitude


def test_what_closes_nothing_holds_to_the_end_at_least(result_of, hand_made):
    assert horizon_of(result_of, hand_made, 10 * DAY, still_open=1) == "months"
    assert horizon_of(result_of, hand_made, DAY, held=[3 * DAY], still_open=0) == "days"
