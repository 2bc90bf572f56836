"""Metrics against empyrical and quantstats: the same where definitions coincide; otherwise why ours is another one."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from orchestrate.analytics import series
from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.tracks.track import Track
from tests.analytics.tracks import DAY, track_of

empyrical = pytest.importorskip("empyrical")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    quantstats = pytest.importorskip("quantstats.stats")

SEEDS = (1, 2, 3)


def random_track(seed: int, size: int = 750) -> Track:
    """A curve that moves from its first day on, and a benchmark that it follows a little."""
    random = np.random.default_rng(seed)
    market = random.normal(0.0004, 0.01, size) + random.standard_t(4, size) * 0.002
    own = 0.6 * market + random.normal(0.0002, 0.006, size)
    return track_of(
        1000.0 * np.cumprod(1.0 + own), initial=1000.0, benchmark=50.0 * np.cumprod(1.0 + market), periods=252.0
    )


def frame(track: Track) -> pd.Series:
    index = pd.to_datetime(track.stamps[-len(track.returns) :])
    return pd.Series(track.returns, index=index)


def benchmarks(track: Track) -> tuple[pd.Series, pd.Series]:
    own, held = track.against
    index = pd.to_datetime(track.stamps[-len(own) :])
    return pd.Series(own, index=index), pd.Series(held, index=index)


EMPYRICAL = {
    "total_return": empyrical.cum_returns_final,
    "volatility": empyrical.annual_volatility,
    "sharpe": empyrical.sharpe_ratio,
    "sortino": empyrical.sortino_ratio,
    "max_drawdown": empyrical.max_drawdown,
    "best_month": lambda returns: empyrical.aggregate_returns(returns, "monthly").max(),
    "worst_month": lambda returns: empyrical.aggregate_returns(returns, "monthly").min(),
    "var_95": empyrical.value_at_risk,
    "cvar_95": empyrical.conditional_value_at_risk,
    "tail_ratio": empyrical.tail_ratio,
}
QUANTSTATS = {
    "total_return": quantstats.comp,
    "volatility": quantstats.volatility,
    "sharpe": quantstats.sharpe,
    "sortino": quantstats.sortino,
    "max_drawdown": quantstats.max_drawdown,
    "best_day": quantstats.best,
    "worst_day": quantstats.worst,
    "best_month": lambda returns: quantstats.best(returns, aggregate="ME"),
    "worst_month": lambda returns: quantstats.worst(returns, aggregate="ME"),
    "skew": quantstats.skew,
    "kurtosis": quantstats.kurtosis,
    "cvar_95": lambda returns: quantstats.conditional_value_at_risk(returns, method="historical"),
    "tail_ratio": quantstats.tail_ratio,
}


@pytest.mark.parametrize("name", EMPYRICAL)
def test_empyrical_agrees(name: str) -> None:
    for seed in SEEDS:
        track = random_track(seed)
        assert METRICS[name].figure(track) == pytest.approx(EMPYRICAL[name](frame(track)), rel=1e-9)


@pytest.mark.parametrize("name", QUANTSTATS)
def test_quantstats_agrees(name: str) -> None:
    for seed in SEEDS:
        track = random_track(seed)
        assert METRICS[name].figure(track) == pytest.approx(QUANTSTATS[name](frame(track)), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_both_agree_about_the_benchmark(seed: int) -> None:
    track = random_track(seed)
    own, held = benchmarks(track)
    greeks = quantstats.greeks(own, held)
    assert METRICS["beta"].figure(track) == pytest.approx(greeks["beta"], rel=1e-9)
    assert METRICS["beta"].figure(track) == pytest.approx(empyrical.beta(own, held), rel=1e-9)
    assert METRICS["alpha"].figure(track) == pytest.approx(greeks["alpha"], rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_differs_by_how_it_is_annualised(seed: int) -> None:
    track = random_track(seed)
    own, held = benchmarks(track)
    a_bar = METRICS["alpha"].figure(track) / 252.0
    assert (1.0 + a_bar) ** 252 - 1.0 == pytest.approx(empyrical.alpha(own, held), rel=1e-9)
    ratio = METRICS["information_ratio"].figure(track) / math.sqrt(252.0)
    assert ratio == pytest.approx(quantstats.information_ratio(own, held), rel=1e-9)
    assert ratio == pytest.approx(empyrical.excess_sharpe(own, held), rel=1e-9)
    assert METRICS["tracking_error"].figure(track) == pytest.approx(empyrical.annual_volatility(own - held), rel=1e-9)
    mine, theirs = (series.mean_growth(one.to_numpy(), held.to_numpy() > 0.0) for one in (own, held))
    assert METRICS["capture_up"].figure(track) == pytest.approx(mine / theirs)
    a_year = ((1.0 + mine) ** 252 - 1.0) / ((1.0 + theirs) ** 252 - 1.0)
    assert empyrical.up_capture(own, held) == pytest.approx(a_year, rel=1e-9)


def test_twice_the_money_in_a_year_is_a_growth_of_one() -> None:
    """365 returns of a seven-day week: both libraries count them as 365 ÷ 252 years."""
    doubled = track_of(100.0 * 2.0 ** (np.arange(366) / 365.0))
    assert METRICS["cagr"].figure(doubled) == pytest.approx(2.0 ** (365.25 / 365.0) - 1.0)
    assert METRICS["cagr"].figure(doubled) == pytest.approx(1.0, abs=1e-3)
    assert quantstats.cagr(frame(doubled)) == pytest.approx(0.6137, abs=1e-4)
    assert empyrical.cagr(frame(doubled)) == pytest.approx(0.6137, abs=1e-4)


def test_calmar_differs_as_the_growth_does() -> None:
    track = random_track(1)
    years = (int(track.stamps[-1]) - int(track.stamps[0])) / DAY / 365.25
    assert years != pytest.approx(750 / 252, rel=0.1)
    depth = -METRICS["max_drawdown"].figure(track)
    assert METRICS["calmar"].figure(track) * depth == pytest.approx(METRICS["cagr"].figure(track))
    assert empyrical.calmar_ratio(frame(track)) * depth == pytest.approx(empyrical.cagr(frame(track)))
    assert quantstats.calmar(frame(track)) * depth == pytest.approx(quantstats.cagr(frame(track)))


def test_a_normal_distribution_misses_the_tail() -> None:
    """One loss of 30 % in 99 quiet days: the normal distribution of quantstats loses 5 % each twentieth day."""
    crash = track_of(100.0 * np.cumprod([1.001 if day != 50 else 0.7 for day in range(100)]))
    assert METRICS["var_95"].figure(crash) == pytest.approx(0.001)
    assert quantstats.value_at_risk(frame(crash)) == pytest.approx(-0.0517, abs=1e-3)


def test_the_longest_drawdown_counts_from_the_peak() -> None:
    """A peak on 2 January, reached again on the 5th: three days; quantstats lists the 3rd and the 4th."""
    track = track_of([100.0, 110.0, 99.0, 105.0, 110.0, 120.0])
    details = quantstats.drawdown_details(quantstats.to_drawdown_series(frame(track)))
    assert details["start"].tolist() == ["2020-01-03"]
    assert details["days"].tolist() == [2]
    assert METRICS["longest_drawdown"].figure(track) == 3.0


def test_quantstats_has_monthly_returns() -> None:
    track = random_track(1)
    table = quantstats.monthly_returns(frame(track), eoy=True)
    ours = series.period_table(track.stamps, track.equity, track.initial, "month")
    theirs = {f"{year}-{number:02}": row.iloc[number - 1] for year, row in table.iterrows() for number in range(1, 13)}
    assert ours == pytest.approx({name: theirs[name] for name in ours}, rel=1e-9)
    years = series.period_table(track.stamps, track.equity, track.initial, "year")
    assert years == pytest.approx(dict(table["EOY"]), rel=1e-9)


@pytest.mark.parametrize("window", [20, 126])
def test_quantstats_agrees_about_rolling_figures(window: int) -> None:
    track = random_track(1)
    own, held = benchmarks(track)
    ours, theirs = own.to_numpy(), held.to_numpy()
    pairs = [
        (series.rolling_volatility(ours, window, 252.0), quantstats.rolling_volatility(own, window)),
        (series.rolling_sharpe(ours, window, 252.0), quantstats.rolling_sharpe(own, rolling_period=window)),
        (series.rolling_beta(ours, theirs, window), quantstats.rolling_greeks(own, held, window)["beta"]),
        (series.rolling_correlation(ours, theirs, window), own.rolling(window).corr(held)),
    ]
    for mine, other in pairs:
        np.testing.assert_allclose(mine, other.to_numpy(), rtol=1e-8, atol=1e-12)
