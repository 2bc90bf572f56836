"""Gates as people write them, and those that check nothing."""

from __future__ import annotations

import pytest

from orchestrate.analytics.gates import gate_problem
from orchestrate.domain.gates import parse_gate, split_metric
from orchestrate.domain.plan import BaselineGate, Gate


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("sharpe >= 1", Gate("sharpe", ">=", 1.0)),
        ("sharpe>=1", Gate("sharpe", ">=", 1.0)),
        ("  max_drawdown  >  -0.4 ", Gate("max_drawdown", ">", -0.4)),
        ("strategies.trend.trades != 5.", Gate("strategies.trend.trades", "!=", 5.0)),
        ("fees < 1e3", Gate("fees", "<", 1000.0)),
        ("win_rate == .5", Gate("win_rate", "==", 0.5)),
        ("cagr <= +0.1", Gate("cagr", "<=", 0.1)),
        ("sharpe >= baseline", BaselineGate("sharpe", ">=", 0.0)),
        (" sharpe>=baseline-.1 ", BaselineGate("sharpe", ">=", -0.1)),
        ("strategies.trend.trades  ==  baseline  +  5", BaselineGate("strategies.trend.trades", "==", 5.0)),
    ],
)
def test_read(text, gate):
    assert parse_gate(text) == gate
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize(
    "text", ["", "sharpe", "sharpe 1", ">= 1", "sharpe >=", "sharpe => 1", "sharpe = 1", "a b >= 1", "sharpe >= >= 1"]
)
def test_not_a_gate(text):
    with pytest.raises(ValueError, match=r"is not a gate; write METRIC OPERATOR NUMBER, such as 'sharpe >= 0\.5'"):
        parse_gate(text)


@pytest.mark.parametrize("number", ["high", "10%", "nan", "inf", "1e999", "1 2", "0x10", "1_000", "٣"])
def test_not_a_number(number):
    with pytest.raises(ValueError, match="is not a number"):
        parse_gate(f"sharpe >= {number}")


@pytest.mark.parametrize(
    "bound", ["baselines", "baseline - -1", "baseline 1", "baseline +", "baseline - 5%", "1 - baseline", "baseline * 2"]
)
def test_no_comparison_with_a_baseline(bound):
    with pytest.raises(ValueError, match=r"is not a number|has two signs|not a gate"):
        parse_gate(f"sharpe >= {bound}")


def test_a_baseline_that_is_not_known_has_no_bound():
    gate = BaselineGate("sharpe", ">=", -0.5)
    assert BaselineGate("sharpe", ">=", -0.5, 2.0).bound == 1.5
    with pytest.raises(ValueError, match=r"gate 'sharpe >= baseline - 0\.5' has no baseline"):
        _ = gate.bound


def test_a_long_text_is_refused_at_once():
    with pytest.raises(ValueError, match="not a gate"):
        parse_gate("a" * 100_000 + " " * 100_000 + "b")


@pytest.mark.parametrize(
    ("metric", "parts"),
    [
        ("sharpe", ("portfolio", "", "sharpe")),
        ("portfolio.reserve", ("portfolio", "", "reserve")),
        ("strategies.a.b.trades", ("strategies", "a.b", "trades")),
        ("correlation.a.b", ("correlation", "a", "b")),
        ("strategies.trades", ("", "", "strategies.trades")),
        ("what.a.b", ("", "", "what.a.b")),
    ],
)
def test_paths(metric, parts):
    assert split_metric(metric) == parts


@pytest.mark.parametrize(
    ("gate", "message", "hint"),
    [
        ("sharp >= 1", "'sharp' names no metric", "did you mean 'sharpe'?"),
        ("strategies.trned.trades > 1", "no strategy 'trned' in this run", "did you mean 'trend'?"),
        ("strategies.trend.trade > 1", "'trade' names no metric", "did you mean 'trades'?"),
        ("frameworks.nautilus.sharpe > 1", "no framework 'nautilus' in this run", ""),
        ("correlation.trend.x < 1", "'x' names no metric", ""),
        ("metrics.sharpe > 1", "'metrics.sharpe' names no metric", "write METRIC, or strategies.ID.METRIC"),
        ("trades >= 0", "can't fail", "trades lies in 0 .. ∞"),
        ("max_drawdown <= 0", "can't fail", "max_drawdown lies in -∞ .. 0"),
        ("win_rate <= 1", "can't fail", "win_rate lies in 0 .. 1"),
        ("win_rate != 2", "can't fail", "win_rate lies in 0 .. 1"),
        ("max_drawdown > 0", "can't be passed", "max_drawdown lies in -∞ .. 0"),
        ("exposure == 1.5", "can't be passed", "exposure lies in 0 .. 1"),
        ("volatility < 0", "can't be passed", "volatility lies in 0 .. ∞"),
    ],
)
def test_refused_before_the_run(gate, message, hint):
    problem = gate_problem(parse_gate(gate), ["trend", "value"], ["backtrader"], "")
    assert problem is not None
    assert message in problem[0]
    assert problem[1].startswith(hint)


@pytest.mark.parametrize(
    "gate",
    [
        "sharpe >= 0.5",
        "trades > 0",
        "max_drawdown >= -0.4",
        "max_drawdown >= 0",
        "win_rate == 0.5",
        "win_rate != 0.5",
        "win_rate >= 1",
        "portfolio.final_equity > 0",
        "portfolio.reserve >= 10",
        "strategies.trend.blocked <= 0",
        "frameworks.backtrader.calmar > 1",
        "correlation.trend.value < 0.5",
        "trades >= baseline - 5",
        "max_drawdown <= baseline",
    ],
)
def test_gates_with_sense(gate):
    assert gate_problem(parse_gate(gate), ["trend", "value"], ["backtrader"], "") is None


@pytest.mark.parametrize("metric", ["alpha", "strategies.trend.beta", "frameworks.backtrader.capture_up"])
@pytest.mark.parametrize("bound", ["1", "baseline"])
def test_a_gate_against_a_benchmark_needs_one(metric, bound):
    gate, known = parse_gate(f"{metric} <= {bound}"), (["trend"], ["backtrader"])
    name = metric.rpartition(".")[2]
    message = f"gate '{gate}': '{name}' compares with a benchmark, and none is named"
    assert gate_problem(gate, *known, "") == (message, "write benchmark: SYMBOL")
    assert gate_problem(gate, *known, "SPY") is None


def test_a_strategy_may_be_called_as_a_metric_is():
    assert gate_problem(parse_gate("correlation.beta.alpha < 0.5"), ["alpha", "beta"], ["backtrader"], "") is None
