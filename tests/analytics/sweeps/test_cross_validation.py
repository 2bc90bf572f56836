"""The probability of backtest overfitting against published figures, a slow second computation, and at its edges."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.overfitting import backtest_overfitting, combinatorial_splits
from orchestrate.analytics.sweeps import columns, cross_validation
from orchestrate.analytics.sweeps.cross_validation import cross_validate
from tests.analytics.sweeps.reference import slow_ranks


def noise(days=480, trials=24, seed=0):
    return np.random.default_rng(seed).standard_normal((days, trials)) * 0.01


@pytest.mark.parametrize(("blocks", "expected"), [(4, 0.83333333), (8, 0.5857142857), (16, 0.6064491064)])
def test_noise_is_overfitted(blocks, expected):
    assert backtest_overfitting(noise(), blocks) == pytest.approx(expected, abs=5e-9)


def test_a_trial_with_an_edge_is_not():
    returns = noise()
    returns[:, 3] += 0.01
    validation = cross_validate(returns, 8)
    assert validation.overfitting == 0.0
    assert set(validation.best) == {3}
    assert validation.loss == 0.0


@pytest.mark.parametrize(("days", "trials", "blocks"), [(67, 5, 4), (80, 2, 8), (100, 7, 6), (4, 3, 2)])
def test_each_split_equals_a_slow_computation(days, trials, blocks):
    returns = noise(days, trials, seed=days)
    validation = cross_validate(returns, blocks)
    expected = slow_ranks(returns, blocks)
    assert list(validation.best) == [row[0] for row in expected]
    for place, column in enumerate((validation.in_sample, validation.out_of_sample, validation.ranks), 1):
        assert column == pytest.approx([row[place] for row in expected], rel=1e-12)


def test_splits_in_many_parts_are_those_of_one(monkeypatch):
    whole = cross_validate(noise(), 8)
    monkeypatch.setattr(columns, "TRIALS", 7)
    monkeypatch.setattr(cross_validation, "_RATIOS", 7 * 9)
    parts = cross_validate(noise(), 8)
    assert np.array_equal(whole.best, parts.best)
    assert np.array_equal(whole.out_of_sample, parts.out_of_sample)
    assert np.array_equal(whole.ranks, parts.ranks)


def test_the_first_days_that_fill_no_block_are_left_out():
    returns = noise(487)
    assert backtest_overfitting(returns, 8) == backtest_overfitting(returns[7:], 8)
    assert backtest_overfitting(returns, 8) != backtest_overfitting(returns[:480], 8)


def test_equal_trials_share_their_ranks():
    twins = np.repeat(noise(trials=7), 3, axis=1)
    ranks = cross_validate(twins, 8).ranks * (21 + 1)
    assert set(ranks) <= {2.0, 5.0, 8.0, 11.0, 14.0, 17.0, 20.0}


def test_a_half_without_movement_counts_as_zero():
    returns = noise(160, 4)
    returns[:80, 0] = 0.0
    validation = cross_validate(returns, 2)
    assert validation.overfitting in (0.0, 0.5, 1.0)
    first = cross_validate(np.column_stack([returns[:, 0], returns[:, 0] - 1e-4]), 2)
    assert list(first.best) == [0, 0]
    assert (first.in_sample[0], first.out_of_sample[1]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (noise(480, 1), "it takes two trials"),
        (noise(15, 4), "it takes 16 daily returns"),
        (np.full((64, 3), 0.001), "returns never change"),
        (np.tile([0.001, 0.002], (64, 1)), "returns never change"),
        (np.repeat(noise(64, 1), 4, axis=1), "all trials have the same returns"),
        (np.where(np.eye(64, 5) > 0, np.nan, 0.01), "a return is not a number"),
    ],
)
def test_what_can_not_be_compared_is_none_and_has_a_reason(returns, reason):
    assert backtest_overfitting(returns) is None
    with pytest.raises(NoFigureError, match=reason):
        cross_validation.backtest_overfitting(returns)


@pytest.mark.parametrize(("returns", "blocks"), [(noise(), 7), (noise(), 0), (noise()[:, 0], 8)])
def test_wrong_arguments_are_refused(returns, blocks):
    with pytest.raises(ValueError, match=r"blocks: |a row a day"):
        backtest_overfitting(returns, blocks)


def test_combinatorial_splits():
    splits = combinatorial_splits(5, 2)
    assert (len(splits.tests), len(splits.paths)) == (10, 4)
    used = [(split, group) for path in splits.paths for group, split in enumerate(path)]
    assert sorted(used) == [(split, group) for split, chosen in enumerate(splits.tests) for group in chosen]
    assert list(splits.tests) == list(combinations(range(5), 2))
    assert len(combinatorial_splits(6, 2).paths) == 5
    with pytest.raises(ValueError, match="at least one"):
        combinatorial_splits(3, 3)
