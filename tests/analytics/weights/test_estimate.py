"""From returns to exact weights: their sum, their order, what is done without an answer, and what users may answer."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.analytics.weights.estimate import (
    StrategyReturns,
    WrongWeightsError,
    equal_weights,
    estimate,
    require_weights,
)
from orchestrate.analytics.weights.methods import ALLOCATIONS
from orchestrate.domain.market.timeline import Floats

ESTIMATED = [name for name, method in ALLOCATIONS.items() if method.source == "returns"]
NAMES = ("trend", "dips", "hold", "carry", "value", "gap", "pairs", "odd")


def returns_of(values: Floats, names: tuple[str, ...] = NAMES) -> StrategyReturns:
    """Return `values` as the returns of strategies with those names."""
    return StrategyReturns(names[: values.shape[1]], np.arange(len(values)), values)


def random_values(seed: int, strategies: int, bars: int = 60) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(bars, strategies)) @ rng.normal(size=(strategies, strategies)) * 0.01)


def test_the_estimated_methods() -> None:
    assert ESTIMATED == ["inverse_volatility", "risk_parity", "hrp"]
    assert all(method.description for method in ALLOCATIONS.values())


@pytest.mark.parametrize("method", ESTIMATED)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(2, 60), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_weights_are_exact_and_follow_their_strategy(
    method: str, seed: int, strategies: int, bars: int, shuffle: Any
) -> None:
    values = random_values(seed, strategies, bars)
    weights = estimate(method, returns_of(values)).weights
    assert list(weights) == list(NAMES[:strategies])
    assert sum(weights.values()) == 1
    assert all(weight >= 0 for weight in weights.values())
    order = list(range(strategies))
    shuffle.shuffle(order)
    moved = estimate(method, returns_of(values[:, order], tuple(NAMES[place] for place in order))).weights
    assert all(abs(moved[name] - weights[name]) <= Decimal("1e-12") for name in weights)


@pytest.mark.parametrize("method", ESTIMATED)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_returns_whatsoever_give_a_weight_that_is_none(method: str, data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(0, 6)), data.draw(st.integers(1, 5))
    cell = st.sampled_from([0.0, 0.01, -0.01, 0.01, 1e-200, 1e200, np.nan, np.inf, -1.0])
    values = np.array(data.draw(st.lists(cell, min_size=rows * columns, max_size=rows * columns)))
    estimated = estimate(method, returns_of(values.reshape(rows, columns)))
    assert sum(estimated.weights.values()) == 1
    assert all(0 <= weight <= 1 for weight in estimated.weights.values())


@pytest.mark.parametrize("method", ESTIMATED)
def test_without_an_answer_weights_are_equal_and_the_note_names_who(method: str) -> None:
    values = random_values(1, 3)
    values[:, 1] = 0.0
    estimated = estimate(method, returns_of(values))
    assert estimated.weights == equal_weights(NAMES[:3])
    assert estimated.note == "the returns of dips do not vary"
    assert estimate(method, returns_of(values[:1])).note == "fewer than two returns have no variance"


def test_methods_that_need_no_returns() -> None:
    values = random_values(1, 3)
    thirds = {"trend": "0.333333333334", "dips": "0.333333333333", "hold": "0.333333333333"}
    assert estimate("equal", returns_of(values)).weights == {name: Decimal(part) for name, part in thirds.items()}
    assert estimate("hrp", returns_of(values[:, :1] * np.nan)).weights == {"trend": 1}
    with pytest.raises(ValueError, match="custom is not estimated: its weights stand in the configuration"):
        estimate("custom", returns_of(values))


def test_a_matrix_has_a_column_a_strategy() -> None:
    with pytest.raises(ValueError, match=r"3 stamps and 2 strategies, but a matrix of \(3, 3\)"):
        StrategyReturns(("a", "b"), np.arange(3), np.zeros((3, 3)))


# ---- what a user's function may answer


@pytest.mark.parametrize(
    ("answer", "weights"),
    [
        ({"a": 0.25, "b": 0.5}, {"a": "0.25", "b": "0.5"}),
        ({"b": 1, "a": 0}, {"a": "0", "b": "1"}),
        ({"a": Decimal("0.1"), "b": Fraction(1, 4)}, {"a": "0.1", "b": "0.25"}),
        ({"a": np.float32(0.5), "b": np.int64(0)}, {"a": "0.5", "b": "0"}),
        (pd.Series({"a": 0.3, "b": 0.7}), {"a": "0.3", "b": "0.7"}),
        ({"a": 1 / 3, "b": 2 / 3}, {"a": "0.333333333333", "b": "0.666666666667"}),
        ({"a": 0.5 + 4e-10, "b": 0.5 + 4e-10}, {"a": "0.5", "b": "0.5"}),
    ],
)
def test_answers_that_are_weights(answer: object, weights: dict[str, str]) -> None:
    assert require_weights(answer, ["a", "b"]) == {name: Decimal(weight) for name, weight in weights.items()}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "expected a mapping from ids to weights, got NoneType"),
        ([0.5, 0.5], "expected a mapping from ids to weights, got list"),
        ({"a": 0.5}, "no weight for b"),
        ({}, "no weight for a, b"),
        ({"a": 0.1, "b": 0.1, "c": 0.1}, "a weight for c, which takes no part"),
        ({"a": 0.5, "b": "0.5"}, "the weight of b is no number, but str"),
        ({"a": 0.5, "b": None}, "the weight of b is no number, but NoneType"),
        ({"a": -0.25, "b": 0.5}, "the weight of a is -0.25, expected 0 or more"),
        ({"a": float("nan"), "b": 0.5}, "the weight of a is NaN, expected 0 or more"),
        ({"a": 0.5, "b": float("inf")}, "the weight of b is Infinity, expected 0 or more"),
        ({"a": 0.5, "b": 0.75}, "weights add up to 1.25, more than 1"),
        ({"a": 0.5, "b": 0.500000002}, "weights add up to 1.000000002, more than 1"),
    ],
)
def test_answers_that_are_not(answer: object, message: str) -> None:
    with pytest.raises(WrongWeightsError) as caught:
        require_weights(answer, ["a", "b"])
    assert str(caught.value) == message
