"""The users' examples of configurations run word for word; data and capital are said on the command line.

Chains of options are made on the data. What trades options gets the chains, all else what is traded.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.acceptance.conftest import Portfolio

SELECTED = """\
strategy: "OPTIONS_MONTHLY_WEEKLY_HEDGE"
config:
  num_lots: 4
  max_positions: 3
"""
SINGLE = """\
# Single strategy on optimal framework
mode: single
strategy:
  name: "OPTIONS_MONTHLY_WEEKLY_HEDGE"
  framework: "nautilus"  # Framework assignment
  allocation: 100.0
  config:
    num_lots: 4
    max_positions: 3
"""
ACROSS = """\
# Multiple strategies across frameworks
mode: multi
strategies:
  high_freq_options:
    name: "OPTIONS_SCALPING"
    framework: "nautilus"     # High-performance framework
    allocation: 40.0
    config:
      tick_resolution: "1ms"

  swing_equity:
    name: "MOMENTUM_EQUITY"
    framework: "backtrader"   # Strategy-friendly framework
    allocation: 35.0
    config:
      rebalance_frequency: "daily"

  mean_reversion:
    name: "MEAN_REVERSION_FUTURES"
    framework: "nautilus"     # Performance-critical
    allocation: 25.0
    config:
      lookback_window: 20
"""
CONCURRENT = """\
strategies:
  OPTIONS_MONTHLY_WEEKLY_HEDGE:
    enabled: true
    allocation_pct: 60.0
    config: {"num_lots": 4}
  MOMENTUM_FUTURES:
    enabled: true
    allocation_pct: 30.0
    config: {"leverage": 2.0}
  MEAN_REVERSION_EQUITY:
    enabled: true
    allocation_pct: 10.0
    config: {"position_size_pct": 3.0}
"""
HEDGE = "OPTIONS_MONTHLY_WEEKLY_HEDGE"
OPTIONS = {HEDGE, "high_freq_options"}
DAYS = "{A: {synthetic: {bars: 300, seed: 7, frequency: 1d}}, AO: {synthetic: {underlying: A, seed: 3}}}"
MINUTES = "{A: {synthetic: {bars: 900, seed: 7, frequency: 1min}}, AO: {synthetic: {underlying: A, strikes: 12}}}"


@pytest.mark.parametrize(
    ("text", "data", "frameworks"),
    [
        (SELECTED, DAYS, {HEDGE: "backtrader"}),
        (SINGLE, DAYS, {HEDGE: "nautilus"}),
        (
            ACROSS,
            MINUTES,
            {"high_freq_options": "nautilus", "swing_equity": "backtrader", "mean_reversion": "nautilus"},
        ),
        (CONCURRENT, DAYS, dict.fromkeys((HEDGE, "MOMENTUM_FUTURES", "MEAN_REVERSION_EQUITY"), "backtrader")),
    ],
    ids=["selected", "single", "across frameworks", "concurrent"],
)
def test_an_example_runs(portfolio: Portfolio, text: str, data: str, frameworks: dict[str, str]) -> None:
    done = portfolio.backtest(text, "--set", f"data={data}", "--set", "capital=100000")
    assert done.code == 0, done.err
    strategies = done.document["strategies"]
    assert {own: one["framework"] for own, one in strategies.items()} == frameworks
    assert [one["status"] for one in strategies.values()] == ["completed"] * len(frameworks)
    assert all(
        fill["symbol"].startswith("AO ") == (fill["strategy_id"] in OPTIONS) for fill in portfolio.stored("fills")
    )
    assert {fill["strategy_id"] for fill in portfolio.stored("fills")} >= OPTIONS & strategies.keys()


def test_no_more_is_sold_than_lots_and_positions_allow(portfolio: Portfolio) -> None:
    """`num_lots: 4, max_positions: 3`: twelve puts are short at most, and four are sold at once."""
    assert portfolio.backtest(SINGLE, "--set", f"data={DAYS}", "--set", "capital=100000").code == 0
    short, least = Counter[str](), 0.0
    for fill in portfolio.stored("fills"):
        short[fill["symbol"]] += fill["quantity"]
        least = min(least, sum(held for symbol, held in short.items() if held < 0 and " P " in symbol))
    assert least == -12


def test_what_trades_options_needs_a_chain(portfolio: Portfolio) -> None:
    done = portfolio.backtest(SINGLE, "--set", "data={A: {path: A.csv}}")
    assert done.code == 2
    assert "trades options, and there is no chain of options among its symbols" in done.err
