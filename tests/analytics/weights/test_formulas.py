"""Weights against computations made another way, a published case, and what holds for any returns."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.analytics.weights.formulas import UndefinedWeightsError, hrp, inverse_volatility, risk_parity
from orchestrate.domain.market.timeline import Floats

Formula = Callable[[Floats], Floats]
FORMULAS: list[Formula] = [inverse_volatility, risk_parity, hrp]


def returns_with(covariance: Any, bars: int = 252) -> Floats:
    """Make returns whose sample covariance is exactly this one."""
    size = len(covariance)
    draws = np.random.default_rng(0).normal(size=(bars, size))
    draws -= draws.mean(axis=0)
    white = draws @ np.linalg.inv(np.linalg.cholesky(np.cov(draws, rowvar=False))).T
    return np.asarray(white @ np.linalg.cholesky(np.asarray(covariance)).T)


def random_returns(seed: int, strategies: int, bars: int = 120) -> Floats:
    """Make correlated returns of different volatilities."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(bars, 2)) @ rng.normal(size=(2, strategies))
    own = rng.normal(size=(bars, strategies))
    return np.asarray((common + own) * rng.uniform(0.002, 0.03, size=strategies))


# ---- the same another way


def risk_parity_by_descent(covariance: Floats) -> Floats:
    """Solve one coordinate after the other for its share of the risk, again and again."""
    size = len(covariance)
    weights = 1.0 / np.sqrt(np.diag(covariance))
    for _ in range(500):
        for one in range(size):
            others = covariance[one] @ weights - covariance[one, one] * weights[one]
            weights[one] = (np.sqrt(others**2 + 4.0 * covariance[one, one] / size) - others) / 2 / covariance[one, one]
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize("strategies", [2, 3, 5, 12])
def test_risk_parity_is_what_coordinate_descent_finds(strategies: int) -> None:
    for seed in range(5):
        returns = random_returns(seed, strategies)
        weights, covariance = risk_parity(returns), np.cov(returns, rowvar=False)
        assert weights == pytest.approx(risk_parity_by_descent(covariance), abs=1e-5)
        contributions = weights * (covariance @ weights)
        assert contributions / contributions.sum() == pytest.approx(np.full(strategies, 1 / strategies), abs=1e-5)


def test_risk_parity_of_the_published_case() -> None:
    volatility = np.array([0.1, 0.2, 0.3, 0.4])
    correlation = np.array([[1.0, 0.8, 0, 0], [0.8, 1.0, 0, 0], [0, 0, 1.0, -0.5], [0, 0, -0.5, 1.0]])
    returns = returns_with(correlation * np.outer(volatility, volatility))
    assert risk_parity(returns) == pytest.approx([0.384, 0.192, 0.243, 0.182], abs=5e-4)
    assert inverse_volatility(returns) == pytest.approx([0.48, 0.24, 0.16, 0.12], abs=1e-9)


def ward_tree(distance: Floats) -> Any:
    """Join the two nearest clusters again and again; a tree is a number or a pair of trees."""
    trees: list[Any] = list(range(len(distance)))
    sizes = [1] * len(trees)
    table = {(a, b): distance[a, b] for a in range(len(trees)) for b in range(len(trees)) if a != b}
    alive = list(range(len(trees)))
    while len(alive) > 1:
        a, b = min(((a, b) for a in alive for b in alive if a < b), key=lambda pair: table[pair])
        alive = [one for one in alive if one not in (a, b)]
        new = len(trees)
        trees.append((trees[a], trees[b]))
        sizes.append(sizes[a] + sizes[b])
        for other in alive:
            total = sizes[a] + sizes[b] + sizes[other]
            squared = (sizes[a] + sizes[other]) * table[a, other] ** 2 + (sizes[b] + sizes[other]) * table[
                b, other
            ] ** 2
            table[new, other] = table[other, new] = np.sqrt((squared - sizes[other] * table[a, b] ** 2) / total)
        alive.append(new)
    return trees[-1]


def orders(tree: Any) -> list[list[int]]:
    """List every order of the leaves that turning branches round can give."""
    if isinstance(tree, int):
        return [[tree]]
    left, right = (orders(branch) for branch in tree)
    return [order for a, b in product(left, right) for order in (a + b, b + a)]


def hrp_by_hand(returns: Floats, order: list[int]) -> Floats:
    """Share 1 among the ordered strategies, half by half."""
    covariance = np.cov(returns, rowvar=False)
    weights = np.zeros(len(covariance))

    def variance(members: list[int]) -> float:
        inverse = {one: 1 / covariance[one, one] for one in members}
        parts = {one: inverse[one] / sum(inverse.values()) for one in members}
        return float(sum(parts[a] * parts[b] * covariance[a, b] for a in members for b in members))

    def share(members: list[int], whole: float) -> None:
        if len(members) == 1:
            weights[members[0]] = whole
            return
        left, right = members[: len(members) // 2], members[len(members) // 2 :]
        first, second = 1 / variance(left), 1 / variance(right)
        share(left, whole * first / (first + second))
        share(right, whole * second / (first + second))

    share(order, 1.0)
    return weights


def distances(returns: Floats) -> Floats:
    """Return √(½(1−ρ)) of each pair."""
    return np.asarray(np.sqrt(np.clip(0.5 * (1 - np.corrcoef(returns, rowvar=False)), 0, 1)))


@pytest.mark.parametrize("strategies", [2, 3, 4, 5, 7])
def test_hrp_is_what_a_recursion_by_hand_finds(strategies: int) -> None:
    for seed in range(5):
        returns = random_returns(seed, strategies)
        allowed = orders(ward_tree(distances(returns)))
        off = [float(np.abs(hrp(returns) - hrp_by_hand(returns, order)).max()) for order in allowed]
        assert min(off) < 1e-9  # one of the orders that the tree allows; scipy says which


@pytest.mark.parametrize("seed", range(8))
def test_hrp_halves_the_shortest_order_of_the_leaves(seed: int) -> None:
    returns = random_returns(seed, 3)
    far = distances(returns)
    shortest = min(orders(ward_tree(far)), key=lambda order: sum(far[a, b] for a, b in pairwise(order)))
    either_way = [hrp_by_hand(returns, order) for order in (shortest, shortest[::-1])]
    assert min(float(np.abs(hrp(returns) - one).max()) for one in either_way) < 1e-9


# ---- what holds for any returns


@pytest.mark.parametrize("formula", FORMULAS)
@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from([1e-4, 0.1, 1.0, 250.0]))
@settings(max_examples=25, deadline=None)
def test_weights_add_up_and_know_no_scale(formula: Formula, seed: int, strategies: int, scale: float) -> None:
    returns = random_returns(seed, strategies)
    weights = formula(returns)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights > 0.0).all()
    assert formula(scale * returns) == pytest.approx(weights, abs=1e-6)
    assert formula(returns + 0.01) == pytest.approx(weights, abs=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
def test_two_strategies_share_by_their_volatilities(formula: Formula) -> None:
    for correlation in (-1.0, -0.5, 0.0, 0.9, 1.0):
        wave = returns_with(np.eye(2))
        second = correlation * wave[:, 0] + np.sqrt(1 - correlation**2) * wave[:, 1]
        weights = formula(np.column_stack([wave[:, 0], 3.0 * second]))
        expected = [0.9, 0.1] if formula is hrp else [0.75, 0.25]
        assert weights == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
def test_one_strategy_gets_all(formula: Formula) -> None:
    assert formula(random_returns(1, 1)).tolist() == [1.0]


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_same_strategy_several_times_gets_equal_shares(formula: Formula) -> None:
    same = np.tile(random_returns(3, 1), 4)
    assert formula(same) == pytest.approx([0.25] * 4, abs=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("bars", "strategies"), [(2, 6), (3, 40), (10, 60)])
def test_fewer_returns_than_strategies_still_weigh(formula: Formula, bars: int, strategies: int) -> None:
    weights = formula(random_returns(5, strategies, bars))
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights >= 0.0).all()


def test_a_hedge_without_risk_is_weighed_by_its_risks() -> None:
    wave = random_returns(6, 3)
    returns = np.column_stack([wave, -wave.sum(axis=1)])
    assert risk_parity(returns) == pytest.approx([0.25] * 4, abs=1e-4)


# ---- where there is no answer

STILL = np.column_stack([random_returns(2, 2), np.full(120, 0.001)])
GAPS = random_returns(2, 3)
GAPS[5, 1] = np.nan


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(
    ("returns", "reason", "columns"),
    [
        (STILL, "the returns do not vary", (2,)),
        (GAPS, "not every return is a finite number", (1,)),
        (np.where(np.isnan(GAPS), np.inf, GAPS), "not every return is a finite number", (1,)),
        (np.full((9, 2), 1e200) * [[1.0, -1.0]] * np.arange(9)[:, None], "not every return is a finite number", (0, 1)),
        (GAPS[:1], "fewer than two returns have no variance", ()),
        (GAPS[:0], "fewer than two returns have no variance", ()),
    ],
)
def test_returns_that_decide_nothing(formula: Formula, returns: Floats, reason: str, columns: tuple[int, ...]) -> None:
    with pytest.raises(UndefinedWeightsError) as caught:
        formula(returns)
    assert (caught.value.reason, caught.value.columns) == (reason, columns)
