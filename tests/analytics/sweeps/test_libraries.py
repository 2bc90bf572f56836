"""Statistics of sweeps against ffn and arch: equal where definitions coincide, otherwise why ours is another one."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from orchestrate.analytics import overfitting
from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.predictive_ability import superior_predictive_ability
from orchestrate.analytics.sweeps.sharpe_ratios import expected_maximum, sharpe_sample
from orchestrate.domain.errors import ConfigurationError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ffn = pytest.importorskip("ffn.core")
    pytest.importorskip("arch.bootstrap")

RETURNS = np.random.default_rng(11).standard_t(4, (403, 12)) * 0.008 + 0.0005


def test_ffn_expects_the_same_maximum():
    for trials in (1, 2, 46, 10_000):
        assert expected_maximum(trials, 0.3**2) == pytest.approx(ffn.calc_expected_max_sharpe(trials, 0.3), rel=1e-12)


def test_ffn_deflates_equally_given_its_moments():
    """Its skew and kurtosis are without the bias of small samples; the paper's and ours are population moments."""
    best = RETURNS[:, 4]
    sharpes = RETURNS.mean(axis=0) / RETURNS.std(axis=0, ddof=1)
    series = pd.Series(best)
    sample = sharpe_sample(best)
    theirs = ffn.calc_deflated_sharpe_ratio(series, sharpes, nperiods=1, annualized_trials=False)
    given = (sample.sharpe, sample.periods, series.skew(), series.kurt() + 3.0, 12, sharpes.var(ddof=1))
    assert overfitting.deflated_sharpe(*given) == pytest.approx(theirs, rel=1e-12)
    ours = overfitting.deflated_sharpe(*given[:2], sample.skew, sample.kurtosis, *given[4:])
    assert ours == pytest.approx(theirs, rel=0.01)
    assert not math.isclose(ours, theirs, rel_tol=1e-6)


def test_ffn_finds_the_same_overfitting_of_whole_blocks():
    """Where days are left over it drops the last ones; ours, the oldest."""
    whole = pd.DataFrame(RETURNS[403 % 8 :])
    theirs = ffn.calc_prob_backtest_overfitting(whole, n_blocks=8)
    assert overfitting.backtest_overfitting(RETURNS, 8) == pytest.approx(theirs, rel=1e-12)


def test_noise_has_no_superior_ability_and_an_edge_has():
    noise = np.random.default_rng(3).standard_normal((250, 8)) * 0.01
    assert overfitting.superior_predictive_ability(noise, repetitions=200) > 0.2
    noise[:, 5] += 0.004
    assert overfitting.superior_predictive_ability(noise, repetitions=200) < 0.01
    against_itself = overfitting.superior_predictive_ability(noise, noise[:, 5], repetitions=200)
    assert against_itself > 0.5
    assert against_itself == overfitting.superior_predictive_ability(noise, noise[:, 5], repetitions=200)


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (np.zeros((3, 2)), "it takes 4 daily returns"),
        (np.zeros((50, 2)), "no trial's returns differ"),
        (np.full((50, 2), np.nan), "not a number"),
    ],
)
def test_no_superior_ability_without_figures(returns, reason):
    assert overfitting.superior_predictive_ability(returns) is None
    with pytest.raises(NoFigureError, match=reason):
        superior_predictive_ability(returns)


def test_a_missing_arch_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'orchestrate-portfolio\[spa\]'"):
        overfitting.superior_predictive_ability(RETURNS)
