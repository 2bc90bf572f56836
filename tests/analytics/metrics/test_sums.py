"""Sums in an order of their own: exact enough, and the one that is stated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrate.analytics.sums import deviation, mean, product_sum, total, totals

SIZES = (1, 2, 3, 7, 64, 501)


def by_halves(values: list[float]) -> float:
    while len(values) > 1:
        half = len(values) // 2
        rest = values[2 * half :]
        values = [one + other for one, other in zip(values[:half], values[half:], strict=False)]
        values[0] += sum(rest)
    return values[0]


@pytest.mark.parametrize("size", SIZES)
def test_a_sum_is_that_of_halves_to_the_last_bit(size: int) -> None:
    values = np.random.default_rng(size).standard_normal(size) * 1e3 + 0.1
    before = values.copy()
    assert total(values) == by_halves(values.tolist())
    assert total(values) == pytest.approx(math.fsum(values), rel=1e-15 * 12, abs=1e-11)
    assert np.array_equal(values, before)


@pytest.mark.parametrize("size", SIZES)
def test_sums_of_rows_are_those_of_each_to_the_last_bit(size: int) -> None:
    rows = np.random.default_rng(size).standard_normal((4, size)) * 1e3 + 0.1
    assert totals(rows) == [total(row) for row in rows]


def test_small_values_beside_large_ones_are_not_lost() -> None:
    values = np.full(100_000, 0.1)
    assert total(values) == pytest.approx(math.fsum(values), rel=1e-15)
    assert total(np.zeros(0)) == 0.0


@pytest.mark.parametrize("size", SIZES[1:])
def test_means_and_deviations_are_those_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).standard_normal(size)
    others = np.random.default_rng(size + 1).standard_normal(size)
    assert mean(values) == pytest.approx(values.mean(), abs=1e-15)
    assert deviation(values) == pytest.approx(values.std(ddof=1), rel=1e-14)
    assert product_sum(values, others) == pytest.approx(np.dot(values, others), abs=1e-12)
