"""`orchestrate explain --at` says of each strategy that was not called why, and since when."""

from __future__ import annotations

import json

import pytest

from tests.cli.explain.conftest import DAYS
from tests.cli.explain.test_answers import plain, stage


def test_who_failed_was_not_called(golden):
    """`greedy` breaks at bar 6."""
    prompt = golden()
    done = prompt("explain", "latest", "--at", DAYS[7], "--strategy", "greedy", "--format", "json")
    assert done.document["orders"] == [
        {
            **dict.fromkeys(("symbol", "order_id", "order_type", "terms", "engine", "fill")),
            **{"strategy_id": "greedy", "bar": DAYS[7], "wanted": 0.0, "granted": 0.0},
            **{"outcome": "none", "reason": "failed"},
            "stages": [stage("signal", 0.0, 0.0, "failed", f"at the close of {DAYS[6]}")],
        }
    ]
    said = f"greedy was not called at {DAYS[7]}, because it had failed (at the close of {DAYS[6]})."
    assert said in " ".join(prompt("explain", "latest", "--at", DAYS[7]).out.split())


def test_strategies_that_take_no_part_were_not_called(golden):
    """`whole` holds its position until it is removed before bar 4, `late` is added before bar 6."""
    kept = f"{{at: {DAYS[4]}, remove: whole, positions: keep}}"
    prompt = golden(**{"portfolio.schedule": f"[{kept}, {{at: {DAYS[6]}, add: late}}]"})

    def reasons(bar):
        states = prompt("explain", "latest", "--at", DAYS[bar], "--format", "json").document["orders"]
        return {state["strategy_id"]: state["reason"] for state in states}

    early = {"whole": "no_signal", "greedy": "no_signal", "poor": "no_signal", "late": "waiting"}
    assert reasons(3) == early | {"UNMANAGED": "unmanaged"}
    assert reasons(4) == early | {"whole": "removed", "UNMANAGED": "unmanaged"}
    assert reasons(7)["late"] == "no_signal"
    answer = prompt("explain", "latest", "--at", DAYS[4]).out
    removed = f"whole was not called at {DAYS[4]}, because it had been removed (before the open of {DAYS[4]})."
    for sentence in (f"late was not called at {DAYS[4]}, because it had not been added yet.", removed):
        assert sentence in " ".join(answer.split())
    assert f"UNMANAGED is no strategy but holds kept positions at {DAYS[4]}.\n  held     832 A at" in plain(answer)


def test_after_a_stop_of_the_portfolio_nobody_was_called(golden):
    """It had 42,477.36; at the close of bar 5 it has 41,220.04, 2.96 % less. `greedy` would break later."""
    later = f"{{at: {DAYS[6]}, pause: whole}}, {{at: {DAYS[7]}, resume: whole}}, {{at: 2025-01-01, pause: poor}}"
    prompt = golden(
        **{"portfolio.limits.max_drawdown": "{at: 0.02, action: stop}", "portfolio.schedule": f"[{later}]"},
        code=0,
    )
    metrics = json.loads((prompt.runs[0] / "metrics.json").read_text())
    stop = metrics["stopped"]
    assert stop == {
        "limit": "max_drawdown",
        "figure": pytest.approx(1257.32 / 42_477.36),
        "bound": 0.02,
        "bar_date": DAYS[5],
    }
    [answer] = prompt("explain", "latest", "--at", DAYS[7], "--strategy", "late", "--format", "json").document["orders"]
    assert answer["reason"] == "stopped"
    assert answer["stages"][0]["detail"] == f"at the close of {DAYS[5]}, max_drawdown: {stop['figure']:.4g} of 0.02"
    said = " ".join(prompt("explain", "latest", "--at", DAYS[7]).out.split())
    for name in ("whole", "greedy", "poor", "late"):
        assert f"{name} was not called at {DAYS[7]}, because the portfolio had been stopped (at the close of" in said
    asked = prompt("explain", "latest", "--at", DAYS[5], "--strategy", "late", "--format", "json").document["orders"]
    assert [one["reason"] for one in asked] == ["no_signal"]
    assert not [line for line in prompt.journal if line["event"].startswith("strategy_")]
    [closing] = prompt("explain", "latest", "--order", "greedy-2", "--format", "json").document["orders"]
    assert (closing["strategy_id"], closing["reason"], closing["stages"][0]["stage"]) == ("greedy", "flattened", "rule")
    assert closing["stages"][0]["detail"] == f"max_drawdown of the portfolio: {stop['figure']:.4g} of 0.02"
    late, never = [one for one in metrics["findings"] if one["where"] == "portfolio.schedule"]
    assert late["count"] == 2
    assert late["message"].startswith(
        f"2 changes did nothing, from pause whole at {DAYS[6]} on: the portfolio was stopped"
    )
    assert never["message"] == "pause poor at 2025-01-01 did nothing: no bar comes at or after it"


def test_who_was_ruined_was_not_called(prompt):
    """Short 900 at 10 with 10,000; at 30 it is worth less than nothing."""
    prices = [10, 10, 30, 30, 30]
    rows = [f"{day},{price},{price},{price},{price},1" for day, price in zip(DAYS, prices, strict=False)]
    prompt.write("a.csv", "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    prompt.write(
        "short.py",
        "from orchestrate import Signal\n\nclass Short:\n    def on_bar(self, context):\n"
        "        if not hasattr(self, 'done'):\n"
        "            self.done = [Signal.enter('A', side='short', quantity=900.0)]\n            return self.done\n",
    )
    prompt.write("short.yaml", 'strategy: "short.py:Short"\ncapital: 10000\ndata: {A: {path: a.csv}}\n')
    assert prompt("backtest", "short.yaml", "-q").code == 1
    [answer] = prompt("explain", "latest", "--at", DAYS[4], "--format", "json").document["orders"]
    assert (answer["reason"], answer["stages"][0]["detail"]) == ("ruined", f"at the close of {DAYS[2]}")
    [strategy] = json.loads((prompt.runs[0] / "metrics.json").read_text())["strategies"].values()
    assert strategy["status_changes"] == [{"status": "ruined", "bar_date": DAYS[2], "moment": "close"}]
