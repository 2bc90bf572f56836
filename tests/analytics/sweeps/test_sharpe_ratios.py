"""Probabilistic and deflated Sharpe ratios against the figures of the papers, and at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrate.analytics import overfitting
from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps import sharpe_ratios
from orchestrate.analytics.sweeps.sharpe_ratios import expected_maximum, sharpe_sample

#: An annual Sharpe ratio of 2.5 over five years of 250 days; the trials' annual ratios have a variance of 0.5.
EXAMPLE = {"sharpe": 2.5 / math.sqrt(250), "periods": 1250, "skew": -3.0, "kurtosis": 10.0}
DAILY_VARIANCE = 0.5 / 250


@pytest.mark.parametrize(("trials", "published"), [(100, 0.9003968), (46, 0.9505017)])
def test_the_deflated_ratio_of_the_paper(trials, published):
    value = overfitting.deflated_sharpe(**EXAMPLE, trials=trials, variance=DAILY_VARIANCE)
    assert value == pytest.approx(published, abs=5e-8)


def test_the_probabilistic_ratio_of_the_paper():
    # 24 months of a fund, with its moments and as if they were normal
    assert overfitting.probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)
    assert overfitting.probabilistic_sharpe(0.458, 24, 0.0, 3.0) == pytest.approx(0.982, abs=5e-4)


@pytest.mark.parametrize(("year", "published"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_the_minimum_track_record_of_the_paper(year, published):
    two, one = (annual / math.sqrt(year) for annual in (2.0, 1.0))
    assert overfitting.minimum_track_record(two, 0.0, 3.0, one) / year == pytest.approx(published, abs=5e-3)


def test_a_track_record_of_that_length_has_that_confidence():
    least = overfitting.minimum_track_record(0.1, -1.0, 6.0, 0.02, confidence=0.9)
    assert overfitting.probabilistic_sharpe(0.1, least, -1.0, 6.0, 0.02) == pytest.approx(0.9, abs=1e-12)


def test_one_trial_is_not_deflated():
    alone = overfitting.deflated_sharpe(**EXAMPLE, trials=1, variance=math.nan)
    assert alone == overfitting.probabilistic_sharpe(**EXAMPLE)
    assert overfitting.deflated_sharpe(**EXAMPLE, trials=50, variance=0.0) == alone


def test_more_trials_expect_a_higher_maximum():
    expected = [expected_maximum(trials, 1.0) for trials in (2, 10, 1000, 10**9)]
    assert expected == sorted(expected)
    exact = 3.2414  # of the largest of 1,000 normal numbers, by integration; the paper's formula approximates it
    assert expected_maximum(1000, 1.0) == pytest.approx(exact, abs=0.015)


def test_moments_are_those_of_the_population():
    sample = sharpe_sample(np.array([0.01, -0.02, 0.03, 0.01]))
    deviations = np.array([0.0025, -0.0275, 0.0225, 0.0025])
    variance = (deviations**2).mean()
    assert sample.sharpe == pytest.approx(0.0075 / math.sqrt((deviations**2).sum() / 3), rel=1e-14)
    assert sample.skew == pytest.approx((deviations**3).mean() / variance**1.5, rel=1e-12)
    assert sample.kurtosis == pytest.approx((deviations**4).mean() / variance**2, rel=1e-12)
    assert sample.periods == 4


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        ([0.1], "it takes two returns"),
        ([0.0, 0.0, 0.0], "returns never change"),
        ([0.001] * 100, "returns never change"),
        ([0.1, math.nan, 0.2], "a return is not a number"),
        ([0.1, math.inf, 0.2], "a return is not a number"),
    ],
)
def test_returns_without_a_ratio(returns, reason):
    with pytest.raises(NoFigureError, match=reason), np.errstate(all="ignore"):
        sharpe_sample(np.array(returns))


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("probabilistic_sharpe", (0.1, 1, 0.0, 3.0), "it takes two returns"),
        ("probabilistic_sharpe", (math.nan, 100, 0.0, 3.0), "not a number"),
        ("probabilistic_sharpe", (0.5, 100, 4.0, 1.0), "no returns have"),
        ("deflated_sharpe", (0.1, 100, 0.0, 3.0, 0, 0.1), "no trial was evaluated"),
        ("deflated_sharpe", (0.1, 100, 0.0, 3.0, 5, math.nan), "not a number"),
        ("deflated_sharpe", (0.1, 100, 0.0, 3.0, 5, -0.1), "negative"),
        ("minimum_track_record", (0.1, 0.0, 3.0, 0.1), "no track record is long enough"),
        ("minimum_track_record", (0.1, 0.0, 3.0, 0.0, 1.0), "between 0 and 1"),
    ],
)
def test_a_figure_without_a_meaning_is_none_and_has_a_reason(name, given, reason):
    assert getattr(overfitting, name)(*given) is None
    with pytest.raises(NoFigureError, match=reason):
        getattr(sharpe_ratios, name)(*given)
