"""The live runner's file, with the keys that its users write, backtests with its `risk_config`."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Portfolio

ONCE = '''\
from orchestrate import Signal


class Once:
    """Buys at its sixteenth bar, as much as the file says."""

    def __init__(self, model_path: str, threshold: float) -> None:
        self.bars = 0

    def on_bar(self, context):
        self.bars += 1
        return [Signal.enter(context.symbols[0])] if self.bars == 16 else []
'''
FILE = """\
strategies:
  - name: first_v1
    strategy: once.py:Once
    symbol: A
    model_path: models/first.json
    enabled: true
    threshold: 0.55
    risk_config:
      risk_per_trade: 0.02
      max_position_size: 0.10
      stop_loss_atr_multiple: 2.0
      take_profit_risk_reward: 2.0

  - name: second_v1
    strategy: once.py:Once
    symbol: B
    model_path: models/second.json
    enabled: true
    threshold: 0.50
    risk_config:
      risk_per_trade: 0.01
      stop_loss_atr_multiple: 4.0
      take_profit_risk_reward: 0.5

  - name: third_v1
    symbol: A
    model_path: models/third.json
    enabled: false
    threshold: 0.60
    risk_config:
      risk_per_trade: 0.015

global:
  zmq_market_url: tcp://localhost:5556
  zmq_execution_host: localhost
  zmq_execution_port: 5555
  feature_api_url: http://localhost:8000
  default_balance: 10000.0
  paper_trading: true

data: {A: {path: A.csv}, B: {path: B.csv}}
"""
#: A range of 1 a bar, so that the average true range is 1; bar 15 closes at 101.
STEADY = [100.0, 101.0] * 8


def test_a_risk_config_sizes_stops_and_limits(portfolio: Portfolio) -> None:
    """2 % of 10 000 at a stop of 2 are 100 shares, a tenth of the equity pays 9; 1 % at a stop of 4 are 25."""
    portfolio.prompt.write("once.py", ONCE)
    portfolio.prices("A", [*STEADY, 101.0, 99.0, 99.0])
    portfolio.prices("B", [*STEADY, 101.0, 103.0, 103.0])
    document = portfolio.backtest(FILE).document
    assert document["status"] == "completed"
    fills = {row["order_id"]: row["price"] for row in portfolio.stored("fills")}
    rows = [
        (
            row["strategy_id"],
            row["order_type"],
            row["wanted"],
            row["granted"],
            fills.get(row["order_id"]),
            row["reason"],
        )
        for row in portfolio.stored("decisions")
        if row["granted"]
    ]
    assert rows == [
        ("first_v1", "market", 100.0, 9.0, 101.0, "limit"),
        ("second_v1", "market", 25.0, 25.0, 101.0, ""),
        ("first_v1", "stop", -9.0, -9.0, 99.0, "bracket"),
        ("first_v1", "limit", -9.0, -9.0, None, "bracket"),
        ("second_v1", "stop", -25.0, -25.0, None, "bracket"),
        ("second_v1", "limit", -25.0, -25.0, 103.0, "bracket"),
    ]
    equity = {name: one["final_equity"] for name, one in document["strategies"].items()}
    assert equity == {"first_v1": pytest.approx(9_982.0), "second_v1": pytest.approx(10_050.0)}
