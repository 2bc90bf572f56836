"""The stored decisions of a run, put together again, and how long that takes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from orchestrate.domain.orders.order import Decision, Demand, Fill, Outcome, Reason, StageOutcome
from orchestrate.domain.results import DecisionRecord, FillRecord, RunResult
from orchestrate.runs.decisions import DecisionTable, is_cut, is_open, is_touched
from orchestrate.runs.explanation import Question
from orchestrate.runs.manifest import seal
from orchestrate.runs.parquet import parquet_files, read_columns
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.runs.store import digest
from orchestrate.usecases.explain import explain
from tests.reference import least_ratio, seconds

DAY = 86_400 * 10**9
RUN = "20260101T000000Z-aaaaaa"


def decided(strategy_id, t, wanted, left, reason=Reason.NONE, order_id="", *, trail=(), closing=False):
    outcome = Outcome.REJECTED if not left else Outcome.RESIZED if reason and left != wanted else Outcome.APPROVED
    demand = Demand(strategy_id, "IBM", wanted, closing, 10.0, 0, t * DAY)
    return DecisionRecord(t * DAY, Decision(demand, outcome, left, reason, "why", trail), order_id)


def table_of(result_of, hand_made, *decisions, fills=()):
    """The table of a run of `one` and `two` with these decisions."""
    result = result_of({"one": hand_made([100.0]), "two": hand_made([100.0])})
    records = tuple(FillRecord(fill.t, fill, "backtrader", fill.quantity < 0) for fill in fills)
    files = parquet_files(replace_facts(result, decisions, records))
    figures = {"strategies": {"one": {"framework": "backtrader"}, "two": {"framework": "nautilus"}}}
    return DecisionTable(StoredRun(Path(RUN), {}, figures, {}, files))


def replace_facts(result: RunResult, decisions, fills) -> RunResult:
    return replace(result, decisions=tuple(decisions), fills=tuple(fills))


def everything(table):
    return table.histories(lambda _demand: True)


def open_at(table, order_id, days):
    """At which of the days the order waits."""
    return [
        bool(table.histories(lambda demand, t=t: demand[0].order_id == order_id and is_open(demand, t * DAY)))
        for t in days
    ]


def fill(order_id, t, quantity):
    return Fill(order_id, order_id.partition("-")[0], "IBM", quantity, 11.0, 0.5, t * DAY)


def test_an_order_is_all_that_happened_to_it(result_of, hand_made):
    capital = (StageOutcome("capital", 9.0, 5.0, Reason.CAPITAL, "dear", {"cost": 90.0}),)
    release = (StageOutcome("release", 5.0, 4.0, Reason.OPEN_GAP, "dearer"),)
    rows = [
        decided("one", 1, 9.0, 5.0, Reason.CAPITAL, "one-1", trail=capital),
        decided("one", 2, 7.0, 7.0, Reason.NONE, "one-2"),
        decided("one", 2, 5.0, 4.0, Reason.OPEN_GAP, "one-1", trail=release),
        decided("one", 4, 7.0, 0.0, Reason.CANCELLED, "one-2"),
    ]
    table = table_of(result_of, hand_made, *rows, fills=[fill("one-1", 2, 4.0)])
    first, second = everything(table)
    assert (first.wanted, first.granted, first.outcome, first.reason) == (9.0, 4.0, "resized", "open_gap")
    assert [(one.stage, one.before, one.after, one.figures) for one in first.stages] == [
        ("capital", 9.0, 5.0, {"cost": 90.0}),
        ("release", 5.0, 4.0, {}),
    ]
    assert (first.t, first.engine, first.fill.t, first.fill.price) == (DAY, "backtrader", 2 * DAY, 11.0)
    assert open_at(table, "one-1", range(4)) == [False, True, False, False]
    assert (second.granted, second.outcome, second.reason, second.fill) == (0.0, "rejected", "cancelled", None)
    assert [(one.stage, one.detail) for one in second.stages] == [("orders", "why")]
    assert open_at(table, "one-2", range(1, 5)) == [False, True, True, False]
    assert table.holdings(DAY) == {}
    assert table.holdings(2 * DAY) == {"one": {"IBM": 4.0}}
    touched = [order.order_id for order in table.histories(lambda demand: is_touched(demand, 2 * DAY, 3 * DAY))]
    assert touched == ["one-1"]
    assert [order.order_id for order in table.histories(is_cut)] == ["one-1", "one-2"]


def test_what_passes_later_leaves_the_reason_of_the_cut(result_of, hand_made):
    rows = [decided("one", 1, 9.0, 5.0, Reason.CAPITAL, "one-1"), decided("one", 2, 5.0, 5.0, Reason.NONE, "one-1")]
    table = table_of(result_of, hand_made, *rows)
    [order] = everything(table)
    assert (order.outcome, order.reason, order.granted) == ("resized", "capital", 5.0)
    assert open_at(table, "one-1", [9]) == [True]


def test_a_part_that_filled_before_the_end_was_granted(result_of, hand_made):
    rows = [decided("one", 1, 9.0, 9.0, order_id="one-1"), decided("one", 3, 5.0, 0.0, Reason.CANCELLED, "one-1")]
    [order] = everything(table_of(result_of, hand_made, *rows, fills=[fill("one-1", 2, 4.0)]))
    assert (order.granted, order.outcome) == (4.0, "rejected")


def test_a_fill_without_a_decision_is_an_order(result_of, hand_made):
    [order] = everything(table_of(result_of, hand_made, fills=[fill("one-1", 2, -4.0)]))
    assert (order.t, order.wanted, order.closing, order.stages) == (2 * DAY, -4.0, True, ())


def test_parties_of_a_conflict_are_others_that_wanted_the_symbol_on_that_bar(result_of, hand_made):
    rows = [
        decided("two", 1, -9.0, -9.0, order_id="two-1", closing=True),
        decided("two", 1, -4.0, -4.0, order_id="two-2"),
        decided("one", 1, 5.0, 0.0, Reason.LIMIT, trail=(StageOutcome("size", 5.0, 0.0, Reason.LIMIT),)),
        decided("two", 2, -9.0, -9.0, Reason.FLATTENED, "two-3"),
        decided("one", 2, 5.0, 5.0, order_id="one-1"),
        decided("two", 3, 6.0, 0.0, Reason.CANCELLED, "one-1"),
        decided("two", 3, 6.0, 6.0, order_id="two-4"),
    ]
    one, two = (
        [order for order in everything(table_of(result_of, hand_made, *rows)) if order.strategy_id == name]
        for name in ("one", "two")
    )
    assert [order.parties for order in two] == [{"one": 5.0}, {"one": 5.0}, {}, {}]
    assert [order.parties for order in one] == [{"two": -13.0}, {}]
    assert [each.stage for each in one[0].stages] == ["size", "conflicts"]
    conflict = one[0].stages[1]
    assert (conflict.before, conflict.after, conflict.reason) == (5.0, 5.0, "")
    settled = (StageOutcome("conflicts", 5.0, 0.0, Reason.CONFLICT, "netted", {"weight": 0.5}),)
    rows[2] = decided("one", 1, 5.0, 0.0, Reason.CONFLICT, trail=settled)
    [refused, _] = [o for o in everything(table_of(result_of, hand_made, *rows)) if o.strategy_id == "one"]
    assert [(each.stage, each.reason, each.figures) for each in refused.stages] == [
        ("conflicts", "conflict", {"two": -13.0, "weight": 0.5})
    ]


def test_only_what_is_wanted_is_put_together_and_read(result_of, hand_made):
    rows = [decided("one", t, 1.0, 1.0, order_id=f"one-{t}") for t in range(1, 6)]
    table = table_of(result_of, hand_made, *rows)
    assert [order.order_id for order in table.histories(lambda demand: demand[0].order_id == "one-3")] == ["one-3"]
    assert table.histories(lambda demand: False) == []


@pytest.fixture
def large(result_of, hand_made, tmp_path):
    """A stored run of 200,000 bars, two strategies and 8,000 demands, a quarter of them cut."""
    equity = np.linspace(1000.0, 2000.0, 200_000)
    result = result_of({f"s{number}": hand_made(equity, [1.0] * 2_000) for number in range(2)}, step=60 * 10**9)
    trail = (StageOutcome("capital", 4.0, 1.0, Reason.CAPITAL, "4 at 100 cost 400, 100 is available", {"cost": 400.0}),)
    decisions = [
        DecisionRecord(
            record.t, Decision(record.decision.demand, Outcome.RESIZED, 1.0, Reason.CAPITAL, "", trail), record.order_id
        )
        if place % 4 == 0
        else record
        for place, record in enumerate(result.decisions)
    ]
    files = parquet_files(replace_facts(result, decisions, result.fills))
    strategies = {name: {"framework": "backtrader", "symbols": ["IBM"], "error": None} for name in result.strategies}
    figures = {"bars": 0, "start": None, "end": None, "portfolio": {}, "strategies": strategies, "frameworks": {}}
    figures |= {"correlation": {}, "gates": [], "findings": []}
    files |= {"metrics.json": json.dumps(figures).encode(), "plan.json": b'{"data": {"IBM": {}}}'}
    facts = {"schema_version": 1, "run_id": RUN, "status": "completed", "exit_code": 0, "mode": "multi"}
    facts |= {"plan_hash": "p", "data_hash": "d", "duration_seconds": 1.5, "journal": "j.jsonl"}
    facts |= {"files": {name: digest(content) for name, content in files.items()}}
    folder = tmp_path / RUN
    folder.mkdir()
    for name, content in {**files, "run.json": seal(json.dumps(facts, indent=2).encode() + b"\n")}.items():
        (folder / name).write_bytes(content)
    return tmp_path


QUESTIONS = {
    "one order": (Question(order="s1-77-0"), 1, 10),
    "one moment": (Question(at="2020-01-02T07:00:00Z", strategy="s1"), 2, 10),
    "a silent moment": (Question(at="2020-05-01T12"), 2, 30),
    "the whole run": (Question(), 8002, 60),
}


@pytest.mark.uncounted
def test_a_question_costs_a_few_times_what_its_columns_cost(large):
    """Beside reading files and columns: about 1.5, 2, 7 and 15 times as long, half as much again when traced."""
    names = ("label", "strategy_id", "symbol", "order_id", "wanted", "granted", "price", "reason", "stages")
    fills = ("label", "order_id", "quantity", "price", "fee")

    def reading():
        run = read_run(large, RUN, ("decisions.parquet", "fills.parquet", "equity.parquet"))
        read_columns(run.files["fills.parquet"], fills)
        read_columns(run.files["decisions.parquet"], names)
        read_columns(run.files["equity.parquet"], ("label",))

    for name, (question, size, enough) in QUESTIONS.items():
        answer = explain(RUN, large, question)
        assert len(answer.orders or answer.states) == size

        def answer(question=question):
            explain(RUN, large, question).document()

        ratio = least_ratio(partial(seconds, answer), partial(seconds, reading), enough=enough)
        assert ratio < enough, name
