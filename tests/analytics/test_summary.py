"""The figures of a run: whose bars, whose money, whose trades."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.gates import figure, judge
from orchestrate.analytics.summary import summarise
from orchestrate.domain.gates import parse_gate
from orchestrate.domain.results import Finding


def test_the_portfolio_is_the_sum_of_books_and_reserve(two_strategies):
    figures = summarise(two_strategies)
    assert (figures["bars"], figures["start"], figures["end"]) == (5, "2020-01-01", "2020-01-05")
    portfolio = figures["portfolio"]
    assert portfolio["initial_capital"] == 1000.0
    assert portfolio["reserve"] == 100.0
    assert portfolio["final_equity"] == pytest.approx(588.06 + 315.0 + 100.0)
    assert portfolio["metrics"]["total_return"] == pytest.approx(0.00306)
    assert portfolio["metrics"]["trades"] == 5
    assert portfolio["metrics"]["win_rate"] == 0.8
    assert portfolio["metrics"]["exposure"] == 0.8


def test_a_framework_is_the_sum_of_its_strategies(result_of, hand_made):
    result = result_of(
        {
            "a": hand_made([100.0, 110.0, 99.0], [5.0], exposed=[True, False, False], fees=1.0),
            "b": hand_made([300.0, 330.0, 360.0], [-2.0], exposed=[False, True, False], fees=2.0),
            "c": hand_made([50.0, 60.0, 70.0], framework="nautilus"),
        }
    )
    frameworks = summarise(result)["frameworks"]
    assert list(frameworks) == ["backtrader", "nautilus"]
    assert frameworks["backtrader"]["final_equity"] == 459.0
    metrics = frameworks["backtrader"]["metrics"]
    assert metrics["total_return"] == pytest.approx(59.0 / 400.0)
    assert metrics["exposure"] == pytest.approx(2 / 3)
    assert (metrics["trades"], metrics["fees"], metrics["win_rate"]) == (2, 3.0, 0.5)


def test_a_strategy_is_measured_on_bars_of_its_own(result_of, hand_made):
    own = [True, False, True, False, True]
    equity = [100.0, 100.0, 110.0, 110.0, 99.0]
    exposed = [True, True, False, False, False]
    alone = result_of({"a": hand_made([100.0, 110.0, 99.0], exposed=[True, False, False])}, step=2 * 86_400 * 10**9)
    mixed = result_of(
        {"a": hand_made(equity, has_bar=own, exposed=exposed), "b": hand_made([100.0, 101.0, 102.0, 103.0, 104.0])}
    )
    assert summarise(mixed)["strategies"]["a"]["metrics"] == summarise(alone)["strategies"]["a"]["metrics"]
    assert summarise(mixed)["strategies"]["a"]["metrics"]["exposure"] == pytest.approx(1 / 3)


def test_the_words_of_the_reference(two_strategies):
    strategy = summarise(two_strategies)["strategies"]["wave"]
    assert list(strategy) == [
        "name",
        "framework",
        "status",
        "symbols",
        "allocated_capital",
        "final_equity",
        "metrics",
        "drawdowns",
        "monthly",
        "yearly",
        "blocked",
        "resized",
        "error",
    ]
    assert strategy["error"] is None
    assert (strategy["blocked"], strategy["resized"], strategy["allocated_capital"]) == (1, 0, 600.0)


def test_a_failed_strategy_says_what_and_when_without_its_traceback(one_failed):
    error = summarise(one_failed)["strategies"]["climb"]["error"]
    assert error == {
        "type": "ValueError",
        "message": "no such bar",
        "file": "climber.py",
        "line": 7,
        "bar_date": "2020-01-04",
    }


def test_contributions_add_up_to_the_return_of_the_whole(two_strategies):
    figures = summarise(two_strategies)
    added = CrossFrameworkAnalytics(figures)
    assert added.strategy("climb") == pytest.approx(0.015)
    assert added.strategies["wave"] + added.strategies["climb"] == pytest.approx(added.portfolio)
    assert sum(added.frameworks.values()) == pytest.approx(added.portfolio)
    assert added.portfolio == pytest.approx(figures["portfolio"]["metrics"]["total_return"])


def test_findings_of_the_run_come_first_and_the_same_words_once(result_of, hand_made):
    given = Finding("warning", "IBM", "a gap", 3)
    figures = summarise(result_of({"a": hand_made([100.0, 101.0, 99.0])}, findings=(given,)))
    given_one, *own = figures["findings"]
    assert given_one == {"severity": "warning", "where": "IBM", "message": "a gap", "count": 3}
    causes = {finding["message"].partition(": ")[2]: finding["where"] for finding in own}
    everywhere = "portfolio, strategies.a"
    assert causes["no trade was closed"] == everywhere
    assert causes["no benchmark is named (benchmark: SYMBOL)"] == ""
    assert len(causes) == len(own)


def test_a_run_without_a_single_bar_still_has_a_document(result_of, hand_made):
    figures = summarise(result_of({"a": hand_made([]), "b": hand_made([], framework="nautilus")}))
    assert (figures["bars"], figures["start"], figures["end"]) == (0, None, None)
    assert figures["portfolio"]["final_equity"] == 2000.0
    assert figures["correlation"]["a"] == {"a": None, "b": None}
    json.dumps(figures, allow_nan=False)


def test_the_same_facts_give_the_same_text(two_strategies):
    assert json.dumps(summarise(two_strategies)) == json.dumps(summarise(two_strategies))


@pytest.mark.parametrize(
    ("gate", "value", "passed"),
    [
        ("trades >= 5", 5, True),
        ("trades > 5", 5, False),
        ("trades == 5", 5, True),
        ("trades != 5", 5, False),
        ("trades < 6", 5, True),
        ("trades <= 4", 5, False),
        ("portfolio.final_equity > 1003", 1003.06, True),
        ("portfolio.metrics > 1", None, False),
        ("strategies.wave.trades >= 3", 3, True),
        ("strategies.wave.blocked <= 0", 1, False),
        ("strategies.nobody.trades >= 0", None, False),
        ("strategies.wave.error >= 0", None, False),
        ("frameworks.nautilus.final_equity >= 315", 315.0, True),
        ("correlation.wave.wave >= 1", 1.0, True),
        ("profit_factor > 1", 60.0 + 59.4 + 12.0, True),
        ("frameworks.nautilus.profit_factor >= 0", None, False),
        ("what.is.this > 0", None, False),
    ],
)
def test_gates(two_strategies, gate, value, passed):
    (judged,) = judge([parse_gate(gate)], summarise(two_strategies))
    if gate.startswith("profit"):
        value = value / 66.0
    assert judged["value"] == (None if value is None else pytest.approx(value))
    assert judged["passed"] is passed
    assert judged["gate"] == str(parse_gate(gate))


def test_a_flag_is_no_figure():
    assert figure("sharpe", {"portfolio": {"metrics": {"sharpe": None}}}) is None
    assert figure("portfolio.reserve", {"portfolio": {"reserve": np.float64(2.0)}}) == 2.0
