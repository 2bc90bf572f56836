"""Counts, verdicts and findings that do not follow from the tables and figures of a run are named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrate.verification.facts import Gate, Run
from orchestrate.verification.outcomes.conflicts import check_conflicts
from orchestrate.verification.outcomes.demands import check_demands
from orchestrate.verification.outcomes.findings import check_findings
from orchestrate.verification.outcomes.gates import check_gates
from orchestrate.verification.verify import OUTCOMES

pytestmark = pytest.mark.uncounted  # a long run, whose code shorter ones reach

#: A portfolio with cuts, conflicts, shorts that cost, a settlement, and figures without a value.
SEED = 10


@pytest.fixture(scope="module")
def run(facts_of_portfolio: Callable[[int], Run]) -> Run:
    return facts_of_portfolio(SEED)


def with_figure(run: Run, *path: Any) -> Run:
    """The run with another figure at a place of its document; the last of `path` is the figure."""
    figures: Any = copy.deepcopy(dict(run.figures))
    place = figures
    for part in path[:-2]:
        place = place[part]
    place[path[-2]] = path[-1]
    return replace(run, figures=figures)


def test_what_is_stored_follows(run: Run) -> None:
    assert [one for check in OUTCOMES.values() for one in check(run)] == []
    assert run.figures["demands"]["resized"] > 0
    assert run.figures["conflicts"]["opposite"] > 0


@pytest.mark.parametrize(
    "path",
    [
        ("demands", "count", 5),
        ("demands", "resized", 999),
        ("demands", "blocked", 999),
        ("demands", "limits", "max_positions", 3),
        ("demands", "reasons", 0, "count", 999),
        ("demands", "reasons", 0, "money", 1.0),
        ("demands", "reasons", 0, "reason", "limit"),
        ("strategies", "one", "blocked", 999),
        ("strategies", "one", "resized", 999),
    ],
)
def test_another_count_of_demands_is_named(run: Run, path: tuple[Any, ...]) -> None:
    found = [one.where for one in check_demands(with_figure(run, *path))]
    assert found == [f"metrics.json: {'.'.join(str(part) for part in path[:-1])}"]


def test_a_limit_that_cut_is_counted_from_the_stages(run: Run) -> None:
    columns = dict(run.tables["decisions"])
    stages = list(columns["stages"])
    place = next(number for number, text in enumerate(stages) if '"reason":"capital"' in text)
    stages[place] = stages[place].replace('"reason":"capital","detail":"', '"reason":"limit","detail":"max_positions: ')
    cut = replace(run, tables={**run.tables, "decisions": {**columns, "stages": stages}})
    [count] = [one for one in check_demands(cut) if ".limits." in one.where]
    assert (count.where, count.stored, count.computed) == ("metrics.json: demands.limits.max_positions", None, 1)


@pytest.mark.parametrize("path", [("count", 99), ("opposite", 99), ("opposite", -1), ("symbols", "S", 99)])
def test_a_count_of_conflicts_that_can_not_be_is_named(run: Run, path: tuple[Any, ...]) -> None:
    found = [one.where for one in check_conflicts(with_figure(run, "conflicts", *path))]
    assert f"metrics.json: conflicts.{'.'.join(str(part) for part in path[:-1])}" in found


def test_conflicts_of_natives_are_bounded_those_of_others_exact(run: Run) -> None:
    """Two portable strategies trade S; with one of them a native, fewer conflicts may have been."""
    one_less = with_figure(run, "conflicts", "symbols", "S", run.figures["conflicts"]["symbols"]["S"] - 1)
    assert "metrics.json: conflicts.symbols.S" in [one.where for one in check_conflicts(one_less)]
    natives = {name: replace(one, is_native=True) for name, one in run.strategies.items()}
    bounded = [one.where for one in check_conflicts(replace(one_less, strategies=natives))]
    assert bounded == ["metrics.json: conflicts.count"]  # which is that of all symbols together


GATES = [
    ("sharpe", "portfolio", "metrics", "sharpe"),
    ("portfolio.final_equity", "portfolio", "final_equity"),
    ("strategies.one.trades", "strategies", "one", "metrics", "trades"),
    ("strategies.one.resized", "strategies", "one", "resized"),
    ("frameworks.nautilus.fees", "frameworks", "nautilus", "metrics", "fees"),
    ("correlation.one.two", "correlation", "one", "two"),
]


def judged(run: Run, metric: str, value: float | None, operator: str, bound: float, *, passed: bool) -> Run:
    gates = [Gate(f"{metric} {operator} {bound}", metric, operator, bound)]
    verdicts = [{"gate": gates[0].text, "value": value, "passed": passed}]
    return replace(run, gates=gates, figures={**run.figures, "gates": verdicts})


@pytest.mark.parametrize("place", GATES, ids=lambda place: place[0])
def test_a_gate_has_the_figure_that_it_names(run: Run, place: tuple[str, ...]) -> None:
    metric, *path = place
    figure: Any = run.figures
    for part in path:
        figure = figure[part]
    assert list(check_gates(judged(run, metric, figure, ">=", figure, passed=True))) == []
    [wrong] = check_gates(judged(run, metric, figure + 1.0, ">=", figure, passed=True))
    assert (wrong.where, wrong.computed) == ("metrics.json: gates.0.value", figure)


@pytest.mark.parametrize(
    ("operator", "passed"), [(">=", True), ("<=", True), ("==", True), (">", False), ("<", False), ("!=", False)]
)
def test_a_verdict_is_that_of_its_operator(run: Run, operator: str, passed: bool) -> None:
    trades = run.figures["portfolio"]["metrics"]["trades"]
    assert list(check_gates(judged(run, "trades", trades, operator, trades, passed=passed))) == []
    [wrong] = check_gates(judged(run, "trades", trades, operator, trades, passed=not passed))
    assert (wrong.where, wrong.computed) == ("metrics.json: gates.0.passed", passed)


def test_a_gate_on_no_value_has_failed_and_none_is_left_out(run: Run) -> None:
    empty = with_figure(run, "portfolio", "metrics", "sharpe", None)
    assert list(check_gates(judged(empty, "sharpe", None, ">=", 0.0, passed=False))) == []
    [wrong] = check_gates(judged(empty, "sharpe", None, ">=", 0.0, passed=True))
    assert wrong.where == "metrics.json: gates.0.passed"
    one = judged(run, "trades", 1.0, ">=", 0.0, passed=True)
    [missing] = check_gates(replace(one, figures={**one.figures, "gates": []}))
    assert missing.where == "metrics.json: gates"


def without(run: Run, beginning: str) -> Run:
    findings = [one for one in run.figures["findings"] if not one["message"].startswith(beginning)]
    assert len(findings) < len(run.figures["findings"])
    return replace(run, figures={**run.figures, "findings": findings})


@pytest.mark.parametrize("beginning", ["its shorts cost", "positions ended at its settlement", "no value for sharpe"])
def test_a_finding_that_is_missing_is_named(run: Run, beginning: str) -> None:
    assert list(check_findings(without(run, beginning))) != []


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("strategies.two", "its shorts cost 1.00, part of its fees"),
        ("strategies.two", "margin calls closed 1 of its positions, first at 2010-02-03"),
        ("strategies.one", "no value for sharpe: returns never change"),
    ],
)
def test_a_finding_that_nothing_led_to_is_named(run: Run, where: str, message: str) -> None:
    more = [*run.figures["findings"], {"severity": "info", "where": where, "message": message, "count": 1}]
    assert list(check_findings(replace(run, figures={**run.figures, "findings": more}))) != []


def test_a_margin_call_is_counted_from_the_decisions(run: Run) -> None:
    columns = dict(run.tables["decisions"])
    reasons = list(columns["reason"])
    place = next(number for number, outcome in enumerate(columns["outcome"]) if outcome == "approved")
    reasons[place] = "margin_call"
    called = replace(run, tables={**run.tables, "decisions": {**columns, "reason": reasons}})
    [missing] = check_findings(called)
    assert str(missing.computed).startswith("margin calls closed 1 of its positions, first at 2010-0")
