"""The users' examples of configurations run word for word; data and capital are said on the command line.

The library has no options strategies yet: theirs are stood in for by strategies that take the same parameters.
"""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Portfolio

STAND_INS = '''\
"""Strategies with the parameters of the users' options strategies, which buy once."""


class Hedge:
    def __init__(self, num_lots: int = 1, max_positions: int = 1) -> None:
        self.num_lots, self.max_positions = num_lots, max_positions

    def should_enter(self, bars):
        return len(bars) == 2

    def should_exit(self, position, bars):
        return False


class Scalping(Hedge):
    def __init__(self, tick_resolution: str = "") -> None:
        self.tick_resolution = tick_resolution
'''
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
HEDGE, SCALPING = "stand_ins.py:Hedge", "stand_ins.py:Scalping"


@pytest.mark.parametrize(
    ("text", "name", "frameworks"),
    [
        (SELECTED, f"strategy={HEDGE}", {"Hedge": "backtrader"}),
        (SINGLE, f"strategy.name={HEDGE}", {"Hedge": "nautilus"}),
        (
            ACROSS,
            f"strategies.high_freq_options.name={SCALPING}",
            {"high_freq_options": "nautilus", "swing_equity": "backtrader", "mean_reversion": "nautilus"},
        ),
        (
            CONCURRENT,
            f"strategies.OPTIONS_MONTHLY_WEEKLY_HEDGE.name={HEDGE}",
            dict.fromkeys(("OPTIONS_MONTHLY_WEEKLY_HEDGE", "MOMENTUM_FUTURES", "MEAN_REVERSION_EQUITY"), "backtrader"),
        ),
    ],
    ids=["selected", "single", "across frameworks", "concurrent"],
)
def test_an_example_runs(portfolio: Portfolio, text: str, name: str, frameworks: dict[str, str]) -> None:
    portfolio.prompt.write("stand_ins.py", STAND_INS)
    data = "data={A: {synthetic: {bars: 300, seed: 7, frequency: 1d}}}"
    done = portfolio.backtest(text, *(word for each in (name, data, "capital=100000") for word in ("--set", each)))
    assert done.code == 0, done.err
    strategies = done.document["strategies"]
    assert {own: one["framework"] for own, one in strategies.items()} == frameworks
    assert [one["status"] for one in strategies.values()] == ["completed"] * len(frameworks)
