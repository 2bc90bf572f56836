"""Headline metrics against figures worked out by hand, and all metrics at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.metrics import METRICS, NoFigureError, costs, drawdowns, figures, returns, risk, trades
from orchestrate.analytics.returns import growth
from orchestrate.analytics.tracks import track
from orchestrate.domain.results import Transfers
from tests.analytics.tracks import DAY, track_of

# 100 → 110 → 99 → 108.9: returns +0.1, −0.1, +0.1
ZIGZAG = track_of(
    [100.0, 110.0, 99.0, 108.9], profits=[10.0, -11.0, 9.9, 0.0], exposed=[True, True, False, False], fees=1.5
)


def test_worked_out_by_hand():
    assert returns.total_return(ZIGZAG) == pytest.approx(0.089)
    assert returns.cagr(ZIGZAG) == pytest.approx(1.089 ** (365.25 / 3) - 1.0)
    deviation = math.sqrt((2 * (0.1 - 0.1 / 3) ** 2 + (-0.1 - 0.1 / 3) ** 2) / 2)
    assert risk.volatility(ZIGZAG) == pytest.approx(deviation * math.sqrt(252.0))
    assert risk.sharpe(ZIGZAG) == pytest.approx(0.1 / 3 / deviation * math.sqrt(252.0))
    assert risk.sortino(ZIGZAG) == pytest.approx(0.1 / 3 / math.sqrt(0.01 / 3) * math.sqrt(252.0))
    assert drawdowns.max_drawdown(ZIGZAG) == pytest.approx(-0.1)
    assert drawdowns.calmar(ZIGZAG) == pytest.approx((1.089 ** (365.25 / 3) - 1.0) / 0.1)
    assert trades.win_rate(ZIGZAG) == 0.5
    assert trades.profit_factor(ZIGZAG) == pytest.approx(19.9 / 11.0)
    assert costs.exposure(ZIGZAG) == 0.5
    assert trades.trades(ZIGZAG) == 4
    assert costs.fees(ZIGZAG) == 1.5


def test_the_curve_begins_with_the_capital_where_the_first_bar_moved_it():
    bought_at_first_close = track_of([101.0, 103.02], initial=100.0)
    assert returns.total_return(bought_at_first_close) == pytest.approx(0.0302)
    assert bought_at_first_close.returns == pytest.approx([0.01, 0.02])
    assert risk.volatility(bought_at_first_close) == pytest.approx(0.005 * math.sqrt(2.0) * math.sqrt(252.0))
    assert drawdowns.max_drawdown(track_of([90.0, 99.0], initial=100.0)) == pytest.approx(-0.1)
    assert risk.sortino(track_of([90.0, 99.0], initial=100.0)) == pytest.approx(0.0)
    assert drawdowns.max_drawdown(track_of([85.0], initial=100.0)) == pytest.approx(-0.15)


def test_a_first_bar_that_moved_nothing_gives_no_return():
    assert track_of([100.0, 102.0, 101.0], initial=100.0).returns == pytest.approx([0.02, 101.0 / 102.0 - 1.0])
    one_by_one, at_once = 0.0, 1.0
    for _ in range(10):
        one_by_one += 0.1
    assert one_by_one != at_once  # books added up differ from the capital by rounding alone
    assert len(track_of([one_by_one, 1.1], initial=at_once).returns) == 1
    assert len(track_of([1e9 - 0.01, 1e9], initial=1e9).returns) == 2


def test_calendar_days_not_bars_make_the_year():
    year_in_two_bars = track_of([100.0, 110.0], step=int(365.25 * DAY))
    assert returns.cagr(year_in_two_bars) == pytest.approx(0.1)


EDGES = {
    "no bar": (track_of([], initial=100.0), {"trades": 0, "fees": 0.0}),
    "one bar": (track_of([105.0], initial=100.0), {"total_return": 0.05, "max_drawdown": 0.0, "exposure": 0.0}),
    "one bar that lost": (track_of([95.0], initial=100.0), {"max_drawdown": -0.05, "volatility": None}),
    "two bars": (track_of([100.0, 110.0]), {"sharpe": None, "volatility": None, "sortino": None, "calmar": None}),
    "flat": (
        track_of([100.0] * 50),
        {"total_return": 0.0, "cagr": 0.0, "volatility": 0.0, "sharpe": None, "sortino": None, "calmar": None},
    ),
    "steady growth": (track_of(100.0 * 1.01 ** np.arange(100)), {"sharpe": None, "sortino": None, "calmar": None}),
    "ruin": (
        track_of([100.0, 50.0, -20.0, 10.0]),
        {"total_return": -0.9, "sharpe": None, "volatility": None, "max_drawdown": -1.2},
    ),
    "in debt": (track_of([100.0, -20.0]), {"total_return": -1.2, "cagr": None, "calmar": None}),
    "in debt at once": (track_of([-20.0, 10.0], initial=100.0), {"max_drawdown": -1.2, "sharpe": None}),
    "never had anything": (track_of([-1.0, -2.0], initial=0.0), {"total_return": None, "max_drawdown": None}),
    "no trade": (track_of([100.0, 101.0, 99.0]), {"win_rate": None, "profit_factor": None, "trades": 0}),
    "no loser": (track_of([100.0, 101.0, 99.0], profits=[1.0, 2.0]), {"win_rate": 1.0, "profit_factor": None}),
    "no winner": (track_of([100.0, 101.0, 99.0], profits=[-1.0]), {"win_rate": 0.0, "profit_factor": 0.0}),
    "unknown calendar": (
        track_of([100.0, 101.0, 99.0], periods=None),
        {"volatility": None, "sharpe": None, "sortino": None},
    ),
    "a minute": (track_of([100.0, 150.0], step=1_000_000_000), {"cagr": None}),
    "no benchmark": (track_of([100.0, 101.0, 99.0]), {"alpha": None, "capture_down": None}),
    "a benchmark that stands still": (
        track_of([100.0, 101.0, 99.0], benchmark=[5.0, 5.0, 5.0]),
        {"alpha": None, "beta": None, "capture_up": None, "capture_down": None},
    ),
    "a benchmark of a single bar": (
        track_of([100.0, 101.0, 99.0], benchmark=[math.nan, math.nan, 5.0]),
        {"beta": None, "tracking_error": None},
    ),
    "a benchmark below zero": (track_of([100.0, 101.0, 99.0], benchmark=[5.0, -1.0, 5.0]), {"beta": None}),
    "the benchmark itself": (
        track_of([100.0, 101.0, 99.0], benchmark=[200.0, 202.0, 198.0]),
        {"beta": 1.0, "alpha": 0.0, "tracking_error": 0.0, "information_ratio": None, "capture_up": 1.0},
    ),
    "nothing but losers": (track_of([100.0, 99.0], profits=[-1.0]), {"average_win": None, "payoff": None}),
    "three bars": (track_of([100.0, 101.0, 99.0]), {"skew": None, "kurtosis": None}),
    "hardly a return": (track_of([100.0] * 50 + [101.0, 100.0]), {"tail_ratio": None, "var_95": 0.0}),
    "no equity at any close": (track_of([0.0, 0.0], initial=100.0), {"turnover": None, "idle_cash": None}),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_give_null_and_say_why(edge):
    track, expected = EDGES[edge]
    values, findings = figures(track, "portfolio")
    for name, value in expected.items():
        assert values[name] == (value if value is None else pytest.approx(value)), name
    nulls = {name for name, value in values.items() if value is None}
    messages = {
        name for finding in findings for name in finding.message.partition(": ")[0][len("no value for ") :].split(", ")
    }
    assert messages == nulls
    assert all(finding.severity == "info" for finding in findings)
    assert all((finding.where == "") == ("no benchmark is named" in finding.message) for finding in findings)
    assert sum(finding.count for finding in findings) == len(nulls)


OF_TRADES = (
    "win_rate",
    "profit_factor",
    "average_win",
    "average_loss",
    "payoff",
    "expectancy",
    "best_trade",
    "worst_trade",
    "longest_losing_run",
    "holding_days",
    "mae",
    "mfe",
)


def test_a_cause_is_reported_once_for_all_its_figures():
    _, findings = figures(track_of([100.0, 99.0, 101.0]), "strategies.trend")
    causes = [finding.message.partition(": ")[2] for finding in findings]
    assert sorted(causes) == sorted(set(causes))
    assert "no value for " + ", ".join(OF_TRADES) + ": no trade was closed" in [one.message for one in findings]


def test_a_metric_alone_refuses():
    with pytest.raises(NoFigureError, match="no trade was closed"):
        trades.win_rate(track_of([100.0, 101.0]))


extreme = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(extreme, max_size=8), extreme, st.lists(extreme, max_size=4), st.floats(0.0, 1e9))
def test_never_infinite_never_not_a_number(equity, initial, profits, periods):
    track = track_of(equity, initial=initial, profits=profits, periods=periods)
    values, findings = figures(track, "x")
    assert all(value is None or math.isfinite(value) for value in values.values())
    assert (None in values.values()) == bool(findings)
    for name, value in values.items():
        low, high = METRICS[name].range
        assert value is None or low <= value <= high, name


def test_a_debt_loses_on_what_it_owes() -> None:
    """110 are owed from step 1 on, then 121: a tenth is lost; a return on negative capital would be a gain."""
    transfers = Transfers(np.array([0.0, -110.0, 0.0]), np.array([0.0, 0.0, -11.0]))
    assert growth(0.0, transfers).tolist() == pytest.approx([1.0, 1.0, 0.9])


def test_long_returns_are_added_up_in_less_memory_to_the_same_bits(monkeypatch):
    equity = 100.0 * np.cumprod(1.0 + np.random.default_rng(5).standard_normal(1_001) * 0.01)
    at_once = track_of(equity).metrics
    monkeypatch.setattr(track, "_LONG", 0)
    assert repr(track_of(equity).metrics) == repr(at_once)
