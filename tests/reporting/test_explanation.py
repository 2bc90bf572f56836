"""Sentences about orders of every kind, and about stages and reasons that nobody has written words for."""

from __future__ import annotations

import json

import pytest

from orchestrate.reporting.explanation import show
from orchestrate.reporting.output import say_json_lists
from orchestrate.runs.decisions import OrderHistory, StoredFill, StoredStage, StoredTerms
from orchestrate.runs.explanation import Explanation, Question, StrategyState

DAY = 86_400 * 10**9


def order(*stages, **changes):
    """An order to buy 10 IBM at the close of 1970-01-02 for 100, filled at the next open."""
    facts = {
        **{"t": DAY, "strategy_id": "trend", "symbol": "IBM", "closing": False, "wanted": 10.0, "placed": 10.0},
        **{"granted": 10.0, "price": 100.0, "outcome": "approved", "reason": "", "order_id": "trend-1"},
        **{"order_type": "market", "engine": "nautilus"},
        **{"fill": StoredFill(2 * DAY, 10.0, 101.5, 1.0), "ended": DAY},
    }
    return OrderHistory(**{**facts, "stages": tuple(stages), **changes})


def text_of(capsys, *orders, states=(), at=None, width=200):
    show(Explanation("RUN", Question("trend", at=at), len(orders), orders, states), width=width)
    return "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines() if line.strip())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"wanted": -0.5}, "trend wanted to sell 0.5 IBM short at the close of 1970-01-02 (100)."),
        ({"wanted": -1e6, "closing": True}, "trend wanted to sell 1,000,000 IBM to close its position at the close of"),
        ({"wanted": 3.0, "closing": True}, "trend wanted to buy 3 IBM to close its position at the close of"),
        ({"order_type": "trailing_stop"}, "trend wanted to buy 10 IBM (trailing stop order) at the close of"),
        (
            {"order_type": "stop_limit", "terms": StoredTerms(102.5, 102.0, None, "gtc")},
            "trend wanted to buy 10 IBM (stop limit order, stop 102, limit 102.5, good till cancelled) at the close of",
        ),
        (
            {"order_type": "trailing_stop", "terms": StoredTerms(None, None, 2.0, "until", 3 * DAY)},
            "trend wanted to buy 10 IBM (trailing stop order, trail 2, until 1970-01-04) at the close of",
        ),
        (
            {"t": DAY + 9 * 3_600 * 10**9, "price": 1.08215},
            "trend wanted to buy 10 IBM at the close of 1970-01-02T09:00:00Z (1.08215).",
        ),
        (
            {"reason": "margin_call", "rule": "margin_call", "closing": True, "wanted": -10.0},
            "The orchestrator placed an order of trend to sell 10 IBM to close its position at the close of 1970-01-02"
            " (100), because its account was called for margin.",
        ),
    ],
)
def test_what_was_wanted(capsys, changes, sentence):
    assert text_of(capsys, order(**changes)).startswith(sentence)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "  order  trend-1: nautilus bought 10 at 101.5 in the bar 1970-01-03, fee 1.00\n"),
        ({"fill": None}, "  order  trend-1 was open when the run ended\n"),
        ({"fill": None, "outcome": "rejected", "reason": "expired"}, "  order  trend-1 never filled\n"),
        ({"fill": None, "order_id": ""}, "  order  none was placed\n"),
    ],
)
def test_how_it_ended(capsys, changes, line):
    assert text_of(capsys, order(**changes)).endswith(line)


def test_stages_come_in_their_order_with_the_money_of_the_moment(capsys):
    stages = (
        StoredStage("size", 12.0, 10.0, "risk_budget", "1% of equity", {}),
        StoredStage("conflicts", 10.0, 4.0, "conflict", "netted", {"dips": -6.0, "rotation": 2.0}),
        StoredStage("capital", 4.0, 4.0, "", "", {"available": 5_000.0, "reserve": 404.0}),
        StoredStage("limits", 4.0, 4.0, "", "", {}),
        StoredStage("orders", 4.0, 0.0, "expired", "", {}),
    )
    shown = text_of(capsys, order(*stages, fill=None, outcome="rejected"))
    assert shown.splitlines()[1:] == [
        "  size       cut from 12 to 10, because risk budget (1% of equity)",
        "  conflicts  cut from 10 to 4, because other strategies wanted the same symbol on the same bar (netted);"
        " others wanted, too: dips to sell 6, rotation to buy 2 IBM on the same bar",
        "  capital    passed: 404.00 of 5,000.00 available were held back for it",
        "  limits     passed",
        "  orders     ended, because it had expired",
        "  order      trend-1 never filled",
    ]


def test_a_conflict_without_known_parties(capsys):
    shown = text_of(capsys, order(StoredStage("conflicts", 10.0, 0.0, "conflict", "", {})))
    assert "conflicts  refused, because other strategies wanted the same symbol on the same bar\n" in shown


def test_states_of_strategies_and_nothing_at_all(capsys):
    state = StrategyState("trend", DAY, "on_holiday", {"IBM": -3.0}, (order(fill=None),), ())
    assert text_of(capsys, states=(state,), at="1970-01") == (
        "trend on holiday at 1970-01.\n  held     -3 IBM at the close of 1970-01-02\n  waiting  trend-1 to buy 10 IBM\n"
    )
    assert text_of(capsys) == "Run RUN has no such order.\n"


def test_text_from_files_forges_no_line(capsys):
    hostile = order(StoredStage("s\x1b[2J", 1.0, 0.0, "\n::error::x", "\u202e", {}), strategy_id="a\n::error::b")
    shown = text_of(capsys, hostile)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("::")]


def test_lists_of_json_are_an_element_a_line_and_no_command(capsys):
    document = {"schema_version": 1, "orders": [{"a": "##[x"}, {"b": None}], "reasons": []}
    say_json_lists(document)
    shown = capsys.readouterr().out
    assert json.loads(shown) == document
    assert "##[" not in shown
    assert len(shown.splitlines()) == 8
