"""The journal of a run: every event has the keys of docs/reference/journal.md, and figures agree."""

from __future__ import annotations

import fcntl
import getpass
import json

import pytest

HEAD = ["ts", "event", "level", "run_id", "user"]
KEYS = {
    "orchestrator.backtest_started": ["strategy_count", "total_capital", "weights", "symbols", "date_range"],
    "orchestrator.backtest_completed": ["duration_seconds", "trade_count", "final_equity", "error_count"],
    "orchestrator.strategy_signal": ["strategy_id", "signal_type", "symbol", "bar_date", "capital_available"],
    "orchestrator.capital_limit_hit": [
        "strategy_id",
        "used_capital",
        "allocation_limit",
        "rejected_signal",
        "bar_date",
        "symbol",
        "quantity",
        "granted",
        "outcome",
        "reason",
    ],
    "orchestrator.conflict_detected": [
        "symbol",
        "strategies",
        "conflict_type",
        "signals",
        "resolution_mode",
        "outcome",
        "bar_date",
    ],
    "orchestrator.strategy_failed": ["strategy_id", "error_type", "error_message", "bar_date", "file", "line"],
}
EVERYTHING = """\
capital: 30000
start: 2010-01-01
end: 2020-12-31
data: {AAA: {synthetic: {bars: 120, seed: 7, frequency: 1d}}}
portfolio: {allocation: equal}
strategies:
  first: {name: BUY_AND_HOLD, framework: backtrader}
  greedy: {name: BUY_AND_HOLD, framework: nautilus, sizing: {method: fixed, quantity: 100000}}
  quitter: {name: "broken.py:Quitter"}
"""


def test_every_event_of_a_run(prompt):
    """Signals, refusals and conflicts are there with bar and strategy (FR-012, NFR-006)."""
    prompt.write("everything.yaml", EVERYTHING)
    done = prompt("backtest", "everything.yaml", "--format", "json")
    assert done.code == 1
    document = done.document
    by_event = {}
    for line in prompt.journal:
        assert list(line)[:5] == HEAD
        assert line["run_id"] == document["run_id"]
        assert line["user"] == getpass.getuser()
        by_event.setdefault(line["event"], []).append(line)
    assert by_event.keys() - KEYS.keys() == {"backtest_started", "backtest_completed"}
    for event, keys in KEYS.items():
        assert [list(line)[5:] for line in by_event[event]] == [keys] * len(by_event[event]), event
    (started,) = by_event["orchestrator.backtest_started"]
    assert (started["strategy_count"], started["total_capital"], started["symbols"]) == (3, 30000.0, ["AAA"])
    assert started["date_range"] == ["2010-01-01", "2020-12-31"]
    assert sum(started["weights"].values()) == 1.0
    (completed,) = by_event["orchestrator.backtest_completed"]
    assert completed["final_equity"] == document["portfolio"]["final_equity"]
    assert completed["trade_count"] == document["portfolio"]["metrics"]["trades"]
    assert completed["duration_seconds"] == document["duration_seconds"]
    assert completed["error_count"] == 1
    limits = by_event["orchestrator.capital_limit_hit"]
    assert {line["level"] for line in limits} == {"warning"}
    assert "greedy" in {line["strategy_id"] for line in limits}
    assert limits[0]["quantity"] > limits[0]["granted"]
    conflict = by_event["orchestrator.conflict_detected"][0]
    assert conflict["strategies"] == ["first", "greedy"]
    assert conflict["resolution_mode"] == "independent"
    assert [signal["strategy_id"] for signal in conflict["signals"]] == ["first", "greedy"]
    (failed,) = by_event["orchestrator.strategy_failed"]
    assert (failed["strategy_id"], failed["error_message"]) == ("quitter", "enough is enough")
    error = document["strategies"]["quitter"]["error"]
    assert (failed["bar_date"], failed["file"], failed["line"]) == (error["bar_date"], "broken.py", error["line"])


def test_the_level_of_the_file_is_kept(prompt):
    prompt.write("everything.yaml", EVERYTHING + "logging: {level: error, user: ann}\n")
    prompt("backtest", "everything.yaml", "-q")
    assert [line["event"] for line in prompt.journal] == [
        "backtest_started",
        "orchestrator.backtest_started",
        "orchestrator.strategy_failed",
        "backtest_completed",
        "orchestrator.backtest_completed",
    ]
    assert {line["user"] for line in prompt.journal} == {"ann"}


def test_a_lock_that_another_process_holds_is_code_4_in_the_end(prompt, monkeypatch):
    assert prompt("backtest", "single.yaml").code == 0
    monkeypatch.setenv("ORCHESTRATE_JOURNAL_WAIT", "0.05")
    with (prompt.folder / "logs/backtest/orchestrate.jsonl").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for words in (("backtest", "single.yaml"), ("report", "latest")):
            done = prompt(*words)
            assert done.code == 4
            assert "orchestrate.jsonl: the journal can't be written: another process has held its lock" in done.err
    assert len(list((prompt.folder / "reports").iterdir())) == 1
    monkeypatch.setenv("ORCHESTRATE_JOURNAL_WAIT", "soon")
    assert prompt("backtest", "single.yaml").code == 2


@pytest.mark.parametrize("name", ["ORCHESTRATE_GRACE", "ORCHESTRATE_JOURNAL_WAIT"])
@pytest.mark.parametrize("command", ["backtest", "validate"])
def test_wrong_seconds_in_the_environment_are_reported(
    prompt, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.setenv(name, "soon")
    done = prompt(command, "single.yaml", "--format", "json")
    assert done.code == 2
    (error,) = json.loads(done.out)["errors"]
    assert (error["file"], error["message"]) == (name, "expected seconds from 0 to 86400, found 'soon'")
