"""The same plan and data leave the same bytes, whatever the seed of Python's hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

SAME = ("plan.json", "metrics.json", "equity.parquet", "trades.parquet", "decisions.parquet")
SAME += ("fills.parquet", "positions.parquet", "flows.parquet", "exposure.parquet", "compatibility.json")
CROWDED = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 200, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 200, seed: 8, frequency: 1d}}
  CCC: {synthetic: {bars: 200, seed: 9, frequency: 1d}}
portfolio: {allocation: equal}
strategies:
  trend: {name: MOMENTUM, framework: backtrader, symbols: [AAA, BBB, CCC], config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: nautilus, symbols: [CCC, AAA], config: {period: 4}}
  greedy: {name: BUY_AND_HOLD, framework: nautilus, sizing: {method: fixed, quantity: 100000}}
  quitter: {name: "broken.py:Quitter", symbols: [BBB]}
gates: {sharpe: ">= 0.1", strategies.dips.trades: ">= 1"}
"""


def run_with(seed, prompt):
    reports = f"reports-{seed}"
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-m", "orchestrate", "backtest", "crowded.yaml", "-q", "--reports", reports]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (folder,) = (prompt.folder / reports).iterdir()
    return {name: (folder / name).read_bytes() for name in SAME}


def test_two_hash_seeds(prompt):
    prompt.write("crowded.yaml", CROWDED)
    first, second = run_with(0, prompt), run_with(1, prompt)
    for name in SAME:
        assert first[name] == second[name], name
    assert b'"failed"' in first["metrics.json"]


def test_feed_is_no_part_of_what_a_run_is(prompt):
    documents = [
        prompt("backtest", "portfolio.yaml", "--format", "json", *more).document
        for more in ((), ("--set", "frameworks.nautilus.feed=full", "--set", "frameworks.backtrader.feed=full"))
    ]
    on_demand, full = prompt.runs
    assert documents[0]["plan_hash"] == documents[1]["plan_hash"]
    for name in ("metrics.json", "trades.parquet", "exposure.parquet"):
        assert (on_demand / name).read_bytes() == (full / name).read_bytes(), name


@pytest.mark.parametrize("change", ["capital=300001", "execution.fill=close", "strategies.trend.config.fast=4"])
def test_what_can_change_a_result_changes_the_hash(prompt, change):
    plain = prompt("backtest", "portfolio.yaml", "--format", "json").document
    other = prompt("backtest", "portfolio.yaml", "--format", "json", "--set", change).document
    assert plain["plan_hash"] != other["plan_hash"]
    assert plain["data_hash"] == other["data_hash"]
