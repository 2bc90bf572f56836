"""The journal's lines, to the letter, and that they stay whole.

One file, though long: every line of the journal stands beside the others.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import resource
import subprocess
import sys
import threading
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.domain.errors import StoreError
from orchestrate.domain.events import (
    CapitalRebalancedEvent,
    OppositionEndedEvent,
    OppositionStartedEvent,
    OrderFilledEvent,
    SignalBlockedEvent,
    SignalResizedEvent,
    StrategyAddedEvent,
    StrategyConflictDetectedEvent,
    StrategyFailedEvent,
    StrategySignalledEvent,
)
from orchestrate.domain.orders.order import Decision, Demand, Fill, Outcome, Reason
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal
from tests.runs.conftest import BAR, lines

DEMAND = Demand("trend", "IBM", 120.0, False, 10.0, 3, BAR)


def test_one_line_byte_by_byte(journal):
    journal(StrategySignalledEvent("trend", "entry", "IBM", 1000.5, BAR))
    assert journal.path.read_bytes() == (
        b'{"ts":"2026-03-04T12:00:00.056Z","event":"orchestrator.strategy_signal","level":"info","run_id":"RUN",'
        b'"user":"ann","strategy_id":"trend","signal_type":"entry","symbol":"IBM","bar_date":"2020-01-02",'
        b'"capital_available":1000.5}\n'
    )


EVENTS = [
    (
        StrategySignalledEvent("trend", "exit", "IBM", float("nan"), BAR + 9 * 3600 * 10**9),
        "orchestrator.strategy_signal",
        "info",
        {
            "strategy_id": "trend",
            "signal_type": "exit",
            "symbol": "IBM",
            "bar_date": "2020-01-02T09:00:00Z",
            "capital_available": None,
        },
    ),
    (
        SignalBlockedEvent(Decision(DEMAND, Outcome.REJECTED, 0.0, Reason.CAPITAL, "…"), 900.0, 1000.0, BAR),
        "orchestrator.capital_limit_hit",
        "warning",
        {
            "strategy_id": "trend",
            "used_capital": 900.0,
            "allocation_limit": 1000.0,
            "rejected_signal": "entry",
            "bar_date": "2020-01-02",
            "symbol": "IBM",
            "quantity": 120.0,
            "granted": 0.0,
            "outcome": "rejected",
            "reason": "capital",
        },
    ),
    (
        SignalResizedEvent(Decision(DEMAND, Outcome.RESIZED, 100.0, Reason.OPEN_GAP), 0.0, 1000.0, BAR),
        "orchestrator.capital_limit_hit",
        "warning",
        {
            "strategy_id": "trend",
            "used_capital": 0.0,
            "allocation_limit": 1000.0,
            "rejected_signal": "entry",
            "bar_date": "2020-01-02",
            "symbol": "IBM",
            "quantity": 120.0,
            "granted": 100.0,
            "outcome": "resized",
            "reason": "open_gap",
        },
    ),
    (
        StrategyConflictDetectedEvent(
            ("trend", "value"),
            "opposite",
            "IBM",
            (DEMAND, replace(DEMAND, strategy_id="value", quantity=-5.0, closing=True)),
            "independent",
            "both trade",
            BAR,
        ),
        "orchestrator.conflict_detected",
        "info",
        {
            "symbol": "IBM",
            "strategies": ["trend", "value"],
            "conflict_type": "opposite",
            "signals": [
                {"strategy_id": "trend", "side": "buy", "quantity": 120.0, "closing": False},
                {"strategy_id": "value", "side": "sell", "quantity": -5.0, "closing": True},
            ],
            "resolution_mode": "independent",
            "outcome": "both trade",
            "bar_date": "2020-01-02",
        },
    ),
    (
        OppositionStartedEvent("IBM", ("trend", "value"), BAR),
        "orchestrator.opposition_started",
        "info",
        {"symbol": "IBM", "strategies": ["trend", "value"], "bar_date": "2020-01-02"},
    ),
    (
        OppositionEndedEvent("IBM", ("trend", "value"), BAR),
        "orchestrator.opposition_ended",
        "info",
        {"symbol": "IBM", "strategies": ["trend", "value"], "bar_date": "2020-01-02"},
    ),
    (
        CapitalRebalancedEvent(
            {"trend": Decimal("60.5"), "": Decimal("9.5")}, BAR, {"trend": Decimal(50), "": Decimal(20)}, "month"
        ),
        "orchestrator.rebalanced",
        "info",
        {
            "before": {"trend": 50.0},
            "after": {"trend": 60.5},
            "reserve": {"before": 20.0, "after": 9.5},
            "why": "month",
            "bar_date": "2020-01-02",
        },
    ),
    (
        StrategyFailedEvent("trend", "ValueError", 'said "no"\nand left', None),
        "orchestrator.strategy_failed",
        "error",
        {
            "strategy_id": "trend",
            "error_type": "ValueError",
            "error_message": 'said "no"\nand left',
            "bar_date": None,
            "file": None,
            "line": None,
        },
    ),
]


@pytest.mark.parametrize(("event", "name", "level", "facts"), EVENTS, ids=[f"{e[1]}-{n}" for n, e in enumerate(EVENTS)])
def test_every_event_in_the_words_of_the_reference(journal, event, name, level, facts):
    journal(event)
    (line,) = lines(journal)
    head = {"ts": "2026-03-04T12:00:00.056Z", "event": name, "level": level, "run_id": "RUN", "user": "ann"}
    assert list(line.items()) == list((head | facts).items())


def test_a_failure_is_placed_from_the_folder_of_the_configuration(tmp_path):
    with Journal(LoggingPlan(path=str(tmp_path / "j")), "RUN", root=tmp_path / "configs") as journal:
        journal(StrategyFailedEvent("trend", "ValueError", "no", BAR, str(tmp_path / "strategies" / "mine.py"), 7))
        (line,) = lines(journal)
    assert (line["file"], line["line"]) == ("../strategies/mine.py", 7)


def test_numbers_of_other_libraries_are_numbers(journal):
    journal(StrategySignalledEvent("trend", "entry", "IBM", np.int64(7), np.int64(BAR)))
    journal.write("x", "info", {"float": np.float32(0.5), "exact": Decimal("0.1"), "list": [np.inf, 1]})
    first, second = lines(journal)
    assert (first["capital_available"], first["bar_date"]) == (7, "2020-01-02")
    assert (second["float"], second["exact"], second["list"]) == (0.5, 0.1, [None, 1])


def test_what_is_no_fact_is_refused(journal):
    with pytest.raises(TypeError, match="object can't be written to the journal"):
        journal.write("x", "info", {"what": object()})


@pytest.mark.parametrize(
    "event",
    [
        StrategyAddedEvent("trend", Decimal(40)),
        OrderFilledEvent(Fill("1", "trend", "IBM", 1.0, 1.0, 0.0, BAR), BAR),
        SignalBlockedEvent(Decision(DEMAND, Outcome.REJECTED, 0.0, Reason.NOT_TRADABLE), 0.0, 0.0, BAR),
    ],
)
def test_what_is_no_matter_of_the_journal(journal, event):
    journal(event)
    assert lines(journal) == []


@pytest.mark.parametrize(
    ("level", "kept"),
    [("debug", "siwe"), ("info", "siwe"), ("warning", "swe"), ("error", "se")],
)
def test_a_level_never_drops_how_a_run_began_and_ended(tmp_path, level, kept):
    with Journal(LoggingPlan(path=str(tmp_path / "j"), level=level), "RUN") as journal:
        for event in ("backtest_started", "orchestrator.backtest_completed", "backtest_failed"):
            journal.write(event, "info", {"k": "s"})
        journal.write("orchestrator.strategy_signal", "info", {"k": "i"})
        journal.write("orchestrator.capital_limit_hit", "warning", {"k": "w"})
        journal.write("orchestrator.strategy_failed", "error", {"k": "e"})
        assert [line["k"] for line in lines(journal)] == ["s", "s", "s", *kept[1:]]


def test_without_a_user_the_login_name_is_written(tmp_path, monkeypatch):
    with Journal(LoggingPlan(path=str(tmp_path / "j")), "RUN") as journal:
        journal.write("x", "info", {})
        assert lines(journal)[0]["user"] == getpass.getuser()

    def nobody():
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    with Journal(LoggingPlan(path=str(tmp_path / "k")), "RUN") as journal:
        journal.write("x", "info", {})
        assert lines(journal)[0]["user"] == "unknown"


@pytest.mark.parametrize("long", [0, 70_000])
def test_half_a_line_of_a_dead_machine_goes_and_every_line_parses(tmp_path, long):
    path = tmp_path / "j"
    whole = '{"event":"backtest_started"}\n'
    path.write_text(whole + '{"event":"backt' + "x" * long)
    with Journal(LoggingPlan(path=str(path)), "RUN") as journal:
        journal.write("x", "info", {})
    assert path.read_text().startswith(whole)
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["backtest_started", "x"]


@pytest.mark.parametrize("before", ['{"event":"no end of line"}', "somebody's notes", "", '{"a":1}\nnotes'])
def test_what_is_no_half_line_of_ours_is_kept(tmp_path, before):
    path = tmp_path / "j"
    path.write_text(before)
    with Journal(LoggingPlan(path=str(path)), "RUN") as journal:
        journal.write("x", "info", {})
    lines = path.read_text().splitlines()
    assert lines[:-1] == before.splitlines()
    assert json.loads(lines[-1])["event"] == "x"


def test_a_line_that_another_is_just_writing_is_no_half_line(tmp_path):
    """One writes the first part of a line, under the lock; one who opens the journal meanwhile waits for the rest."""
    path = tmp_path / "j"
    with path.open("ab", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        other.write(b'{"event":"first')
        opened = []
        opening = threading.Thread(target=lambda: opened.append(Journal(LoggingPlan(path=str(path)), "RUN")))
        opening.start()
        opening.join(0.2)
        assert not opened
        other.write(b' part"}\n')
        fcntl.flock(other, fcntl.LOCK_UN)
        opening.join(10)
    with opened[0] as journal:
        journal.write("x", "info", {})
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["first part", "x"]


@pytest.mark.parametrize("held", ["when it is opened", "when it is written"])
def test_a_lock_that_is_never_released_is_a_clear_error(tmp_path, held):
    path = tmp_path / "j"
    journal = None if held == "when it is opened" else Journal(LoggingPlan(path=str(path)), "RUN", patience=0.05)
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        message = "j: the journal can't be written: another process has held its lock for 0.05 seconds"
        with pytest.raises(StoreError, match=message):
            if journal is None:
                Journal(LoggingPlan(path=str(path)), "RUN", patience=0.05)
            else:
                journal.write("x", "info", {})
    if journal is not None:
        journal.write("y", "info", {})
        journal.close()
        assert [line["event"] for line in lines(journal)] == ["y"]


def test_a_folder_in_the_way_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="j: the journal can't be written: File exists"):
        Journal(LoggingPlan(path=str(tmp_path / "file" / "j")), "RUN")
    with pytest.raises(StoreError, match="the journal can't be written: Is a directory"):
        Journal(LoggingPlan(path=str(tmp_path)), "RUN")


def test_on_a_full_disk_no_half_line_stays(journal):
    journal.write("backtest_started", "info", {})
    whole = journal.path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, before[1]))
    try:
        with pytest.raises(StoreError, match="the journal can't be written: No space left on device"):
            journal.write("x", "info", {"long": "x" * 100})
        with pytest.raises(StoreError):
            journal.write("x", "info", {"long": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.path.read_bytes() == whole
    journal.close()
    journal.close()


APPEND_MANY = """
import sys
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal
path, number = sys.argv[1:]
sys.stdin.read()
with Journal(LoggingPlan(path=path), f"run{number}") as journal:
    for count in range(500):
        journal.write("orchestrator.strategy_signal", "info", {"count": count, "padding": "x" * (count % 400)})
"""


def test_eight_processes_tear_none_of_their_lines(tmp_path):
    path = tmp_path / "logs" / "j.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND_MANY, str(path), str(number)], stdin=subprocess.PIPE)
        for number in range(8)
    ]
    for writer in writers:  # all are waiting for the end of their input: off they go
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0] * 8
    counts = {f"run{number}": [] for number in range(8)}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        counts[entry["run_id"]].append(entry["count"])
    assert all(numbers == list(range(500)) for numbers in counts.values())
