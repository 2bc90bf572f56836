"""Demands, conflicts, open positions and the sketch of equity, counted on small runs and against `explain`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.analytics.orders.blotter_summary import blotter_summary
from orchestrate.domain.orders.order import Decision, Demand, Outcome, Reason, StageOutcome
from orchestrate.domain.results import DecisionRecord
from orchestrate.runs.explanation import Question
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.explain import explain

CONFIGS = Path(__file__).parents[3] / "configs"


def cut(quantity, left, reason, *trail, price=10.0):
    outcome = Outcome.RESIZED if left else Outcome.REJECTED
    demand = Demand("a", "IBM", quantity, False, price, 0, 0)
    return Decision(demand, outcome, left, reason, trail=tuple(StageOutcome(*stage) for stage in trail))


def summary_of(result, *records):
    return blotter_summary(replace(result, decisions=tuple(DecisionRecord(0, *record) for record in records)))


@pytest.fixture
def result(result_of, hand_made):
    return result_of({"a": hand_made([100.0, 80.0, 120.0])})


def test_each_stage_that_cut_counts_with_the_money_that_it_took(result):
    capital = ("capital", 10.0, 6.0, Reason.CAPITAL)
    limit = ("limits", 6.0, 5.0, Reason.LIMIT, "max_positions: 2, at most 1")
    demands = summary_of(
        result,
        (cut(10.0, 5.0, Reason.LIMIT, capital, limit), "a-1"),
        (cut(-4.0, 0.0, Reason.CAPITAL, ("capital", -4.0, 0.0, Reason.CAPITAL)),),
    )["demands"]
    assert demands["count"] == 2
    assert demands["limits"] == {"max_positions": 1}
    assert demands["reasons"] == [
        {"reason": "capital", "count": 2, "money": 80.0},
        {"reason": "limit", "count": 1, "money": 10.0},
    ]


@pytest.mark.parametrize("reason", [Reason.OCO, Reason.CANCELLED, Reason.EXPIRED, Reason.POSITION_CLOSED])
def test_an_order_that_ends_of_itself_was_not_refused(result, reason):
    assert summary_of(result, (cut(10.0, 0.0, reason), "a-1"))["demands"]["reasons"] == []


def test_later_decisions_on_an_order_are_no_further_demands(result):
    first = Decision(Demand("a", "IBM", 5.0, False, 10.0, 0, 0), Outcome.APPROVED, 5.0)
    later = cut(5.0, 0.0, Reason.OPEN_GAP, ("release", 5.0, 0.0, Reason.OPEN_GAP), price=99.0)
    demands = summary_of(result, (first, "a-1"), (later, "a-1"))["demands"]
    assert demands["count"] == 1
    assert demands["reasons"] == [{"reason": "open_gap", "count": 1, "money": 50.0}]  # at the close decided on


def test_the_sketch_keeps_the_ends_and_names_the_extremes(result):
    sketch = blotter_summary(result)["equity_sketch"]
    assert sketch["values"] == [100.0, 80.0, 120.0]
    assert sketch["lowest"] == {"value": 80.0, "label": "2020-01-02"}
    assert sketch["highest"] == {"value": 120.0, "label": "2020-01-03"}


def test_a_long_curve_is_sketched_in_so_many_points(result_of, hand_made):
    result = result_of({"a": hand_made([float(value) for value in range(1, 1001)])})
    values = blotter_summary(result)["equity_sketch"]["values"]
    assert (len(values), values[0], values[-1]) == (120, 1.0, 1000.0)


def test_no_bar_no_sketch(result_of, hand_made):
    sketch = blotter_summary(result_of({"a": hand_made([])}))["equity_sketch"]
    assert sketch == {"values": [], "lowest": None, "highest": None}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of examples in which much is cut: of capital, by a conflict policy, of brackets."""
    folder = tmp_path_factory.mktemp("runs")
    reports = folder / "reports"
    logging = (f"logging.path={folder / 'log.jsonl'}",)
    documents = {}
    for name in ("capital_limit", "conflicts-net-signal", "brackets", "portfolio"):
        request = Request(str(CONFIGS / f"{name}.yaml"), logging, reports=reports, lookahead=False)
        documents[name] = backtest(request).document
    return reports, documents


def test_explain_gives_the_same_reasons(runs):
    reports, documents = runs
    for document in documents.values():
        explained = explain(document["run_id"], reports, Question()).document()
        assert document["demands"]["reasons"] == explained["reasons"]
        assert document["demands"]["count"] == len(explained["orders"])


def test_every_cut_and_refusal_of_a_strategy_is_counted(runs):
    demands = runs[1]["capital_limit"]["demands"]
    assert sum(one["count"] for one in demands["reasons"]) == demands["resized"] + demands["blocked"] == 178


def test_exits_of_a_bracket_that_end_with_their_sibling_are_no_refusals(runs):
    document = runs[1]["brackets"]
    assert document["portfolio"]["metrics"]["trades"] > 0
    assert document["demands"]["blocked"] == 0
    assert not {one["reason"] for one in document["demands"]["reasons"]} & {"oco", "cancelled", "position_closed"}


def test_conflicts_of_a_run_by_symbol(runs):
    conflicts = runs[1]["conflicts-net-signal"]["conflicts"]
    assert conflicts["count"] == conflicts["symbols"]["ALPHA"] > conflicts["opposite"] > 0
    assert conflicts["policy"] == "net_signal"


def test_positions_are_marked_at_the_last_close(runs):
    document = runs[1]["portfolio"]
    held = document["open_positions"]
    assert {one["strategy_id"] for one in held} == {"dips", "rotation"}
    for one in held:
        assert one["worth"] == pytest.approx(one["quantity"] * one["price"])
        assert one["open_profit"] == pytest.approx(one["quantity"] * (one["price"] - one["average_price"]))
