"""A benchmark is bought at its first close and held; its figures stand beside the portfolio's."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.metrics import METRICS

CONFIG = """\
strategy: BUY_AND_HOLD
capital: 10000
end: 2010-01-08
data:
  A: {synthetic: {bars: 300, seed: 3}}
  B: {path: b.csv}
benchmark: B
"""
BARS = (
    "timestamp,open,high,low,close,volume\n2010-01-06,10,10,10,10,1\n2010-01-07,12,12,12,12,1\n2010-01-08,9,9,9,9,1\n"
)


@pytest.fixture
def beside(prompt):
    """A prompt with a run whose benchmark stands at 10, 12 and 9."""
    prompt.write("held.yaml", CONFIG)
    prompt.write("b.csv", BARS)
    return prompt


def test_its_figures_are_those_of_its_closes(beside) -> None:
    benchmark = beside("backtest", "held.yaml", "--format", "json").document["benchmark"]
    metrics = benchmark["metrics"]
    returns = np.array([12 / 10 - 1, 9 / 12 - 1])
    assert benchmark["symbol"] == "B"
    assert metrics["total_return"] == pytest.approx(9 / 10 - 1)
    assert metrics["max_drawdown"] == pytest.approx(9 / 12 - 1)
    assert metrics["sharpe"] / metrics["volatility"] == pytest.approx(returns.mean() / returns.std(ddof=1) ** 2)
    assert metrics["best_day"] == pytest.approx(0.2)
    assert set(metrics) == {name for name, metric in METRICS.items() if metric.of_curve}
    assert not {"win_rate", "fees", "beta"} & set(metrics)
    assert benchmark["monthly"] == pytest.approx({"2010-01": -0.1})
    assert [one["trough"] for one in benchmark["drawdowns"]] == ["2010-01-08"]


def test_it_has_a_line_of_its_own_in_the_report(beside) -> None:
    assert beside("backtest", "held.yaml").code == 0
    shown = beside("report", "latest").out
    line = next(line for line in shown.splitlines() if line.split()[:2] == ["B", "held"])
    assert "-10.00%" in line


def test_without_one_the_document_has_none(beside) -> None:
    beside.write("alone.yaml", CONFIG.replace("benchmark: B\n", ""))
    assert "benchmark" not in beside("backtest", "alone.yaml", "--format", "json").document
