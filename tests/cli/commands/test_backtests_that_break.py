"""Backtests that end before their time: limits, interrupts, full disks, engines that break."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

from orchestrate import wiring
from orchestrate.domain.errors import EngineError

SLEEPER = """\
import time
from contextlib import contextmanager
from pathlib import Path
class Sleeper:
    def should_enter(self, bars):
        Path("asleep").touch()
        time.sleep(0.02)
        return len(bars) == 2
    def should_exit(self, position, bars):
        time.sleep(0.02)
        return False
"""
SLOW = 'strategy: "sleeper.py:Sleeper"\ncapital: 1000\ndata: {AAA: {synthetic: {bars: 2000, seed: 7, frequency: 1d}}}\n'


@contextmanager
def ctrl_c(times):
    """Meanwhile a thread presses Ctrl-C, as soon as the strategy is called."""
    over = threading.Event()

    def press():
        while not Path("asleep").exists():
            if over.wait(0.01):
                return
        for _ in range(times):
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_time_limit_keeps_what_is_done(prompt):
    prompt.write("sleeper.py", SLEEPER)
    prompt.write("config.yaml", SLOW)
    done = prompt("backtest", "config.yaml", "--time-limit", "1.5", "--format", "json")
    assert (done.code, done.document["status"]) == (124, "interrupted")
    assert done.document["bars"] < 2000
    table = pq.read_table(prompt.runs[0] / "equity.parquet")
    assert len(table) == done.document["bars"]
    assert "interrupted after" in done.err


def test_a_time_limit_ends_a_call_that_is_under_way(prompt):
    prompt.write("sleeper.py", SLEEPER.replace("0.02", "60"))
    prompt.write("config.yaml", SLOW)
    limits = ("--time-limit", "0.5", "--set", "execution.strategy_timeout=600")
    done = prompt("backtest", "config.yaml", "--format", "json", *limits)
    assert (done.code, done.document["status"]) == (124, "interrupted")
    error = done.document["strategies"]["Sleeper"]["error"]
    assert (error["type"], error["message"]) == (
        "StrategyTimeout",
        "no answer before the time limit of the run (--time-limit)",
    )
    assert len(prompt.runs) == 1


def test_ctrl_c_keeps_what_is_done(prompt):
    prompt.write("sleeper.py", SLEEPER)
    prompt.write("config.yaml", SLOW)
    handler = signal.getsignal(signal.SIGINT)
    with ctrl_c(1):
        done = prompt("backtest", "config.yaml", "--format", "json")
    assert (done.code, done.document["status"], done.document["exit_code"]) == (130, "interrupted", 130)
    assert 1 <= done.document["bars"] < 2000
    assert len(prompt.runs) == 1
    assert prompt.journal[-1]["status"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_breaks_off(prompt):
    prompt.write("config.yaml", SLOW)
    prompt.write("sleeper.py", SLEEPER.replace("0.02", "4"))
    with ctrl_c(2):
        done = prompt("backtest", "config.yaml")
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("interrupted\n")
    assert prompt.runs == []
    assert (prompt.journal[-1]["event"], prompt.journal[-1]["exit_code"]) == ("backtest_failed", 130)


def test_a_full_disk_is_a_clear_error_and_no_half_run(prompt):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    prompt("backtest", "single.yaml")
    (folder,) = prompt.runs
    largest = max(entry.stat().st_size for entry in folder.iterdir())
    (prompt.folder / "logs/backtest/orchestrate.jsonl").unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, before[1]))
    try:
        done = prompt("backtest", "single.yaml", "--set", "logging.level=error")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.code == 4
    assert re.fullmatch(r"reports/\S+: the run can't be stored: File too large\n", done.err)
    assert list((prompt.folder / "reports").iterdir()) == [folder]
    assert [line["event"] for line in prompt.journal] == ["backtest_started", "backtest_failed"]
    assert prompt.journal[-1]["error_type"] == "StoreError"


def test_a_place_that_takes_no_runs(prompt):
    prompt.write("reports", "a file")
    done = prompt("backtest", "single.yaml")
    assert (done.code, done.out) == (4, "")
    assert done.err == "reports: runs can't be stored here: File exists\n"
    assert prompt.journal == []


def test_a_place_that_takes_no_journal(prompt):
    prompt.write("logs", "a file")
    done = prompt("backtest", "single.yaml")
    assert done.code == 4
    assert done.err == "logs/backtest/orchestrate.jsonl: the journal can't be written: Not a directory\n"
    assert list((prompt.folder / "reports").iterdir()) == []


class BrokenEngine:
    """An engine that can't even begin."""

    framework = "backtrader"
    error: Exception

    def __init__(self, settings):
        pass

    def begin(self, market, accounts, rules):
        raise self.error

    def end(self):
        pass


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (EngineError("backtrader: no room for 3 symbols"), "backtrader: no room for 3 symbols\n"),
        (IndexError("array index out of range"), "IndexError: array index out of range\n"),
    ],
)
def test_an_engine_or_a_bug_is_code_4_and_leaves_no_run(prompt, monkeypatch, error, ending):
    module = ModuleType("engine_of_a_test")
    module.Broken = type("Broken", (BrokenEngine,), {"error": error})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = replace(wiring.ENGINES["backtrader"], adapter="engine_of_a_test:Broken")
    monkeypatch.setattr(wiring, "ENGINES", {**wiring.ENGINES, "backtrader": known})
    done = prompt("backtest", "single.yaml", "--format", "json")
    assert (done.code, done.out) == (4, "")
    assert done.err.endswith(ending)
    assert ("Traceback" in done.err) == isinstance(error, IndexError)
    assert list((prompt.folder / "reports").iterdir()) == []
    last = prompt.journal[-1]
    assert (last["event"], last["exit_code"], last["error_message"]) == ("backtest_failed", 4, str(error))
    assert last["error_type"] == type(error).__name__


TAMPERING = """\
import backtrader as bt


class Tamperer(bt.Strategy):
    def next(self):
        if len(self) == 4:
            self.position.update(10, 100.0)
            self.buy(size=5)


class Honest(bt.Strategy):
    def next(self):
        if len(self) == 3:
            self.buy(size=5)
"""


def test_a_native_that_tampers_with_its_engine_degrades_the_run(prompt):
    prompt.write("natives.py", TAMPERING)
    prompt.write(
        "config.yaml",
        """\
strategies:
  tamperer: {name: "natives.py:Tamperer", allocation: 50}
  honest: {name: "natives.py:Honest", allocation: 50}
capital: 100000
data: {AAA: {synthetic: {bars: 20, seed: 7}}}
""",
    )
    done = prompt("backtest", "config.yaml", "--format", "json")
    document = done.document
    assert (done.code, document["status"], document["exit_code"]) == (1, "degraded", 1)
    error = document["strategies"]["tamperer"]["error"]
    assert error["type"] == "NativeError"
    assert error["message"] == "the position of AAA was set to 10; its fills add up to 0"
    assert document["strategies"]["honest"]["status"] == "completed"
