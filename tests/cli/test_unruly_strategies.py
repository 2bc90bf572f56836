"""What strategies do to the process they run in reaches neither the result on stdout nor where the run is stored."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

UNRULY = """\
import ctypes
import os
import sys

import backtrader as bt


class Loud:
    def should_enter(self, bars):
        print("printed")
        os.write(1, b"straight to the descriptor\\n")
        os.system("echo from a child")
        sys.__stdout__.write("round the back\\n")
        return len(bars) == 2

    def should_exit(self, position, bars):
        return len(bars) == 5


class LoudAtOnce:
    def signals(self, bars):
        os.write(1, b"straight to the descriptor\\n")
        sys.__stdout__.write("round the back\\n")
        return [False] * len(bars), [False] * len(bars)


class Wanderer(Loud):
    def on_start(self):
        os.mkdir("elsewhere")
        os.chdir("elsewhere")


def overwrite(column):
    ctypes.c_double.from_address(column.ctypes.data).value = 12345.0


class Forger:
    def signals(self, bars):
        overwrite(bars.close)
        return [False] * len(bars), [False] * len(bars)


class PatientForger:
    def should_enter(self, bars):
        if len(bars) == 30:
            overwrite(bars.close)
        return False

    def should_exit(self, position, bars):
        return False


class Rich:
    def on_bar(self, context):
        context._reach.cash.__closure__[0].cell_contents.book.cash += 1e6


class Collector(bt.Strategy):
    params = (("levels", []),)

    def next(self):
        self.p.levels.append(len(self))


class FitsOnce:
    mean = None

    def signals(self, bars):
        if self.mean is None:
            self.mean = bars.close.mean()
        return bars.close < self.mean, bars.close > self.mean
"""
CONFIG = """\
strategy: "unruly.py:%s"
capital: 1000
data: {AAA: {synthetic: {bars: 60, seed: 7}}}
"""


def command(prompt, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrate", *arguments],
        cwd=prompt.folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def unruly(prompt):
    prompt.write("unruly.py", UNRULY)
    return prompt


def test_nothing_but_the_document_is_on_stdout(unruly):
    unruly.write("config.yaml", CONFIG % "Loud")
    done = command(unruly, "backtest", "config.yaml", "--format", "json")
    assert json.loads(done.stdout)["status"] == "completed"
    for text in ("printed", "straight to the descriptor", "from a child", "round the back"):
        assert done.stderr.count(text) == 60 - (5 - 2)  # each bar at which it is flat


def test_nothing_but_the_verdict_is_on_stdout(unruly):
    unruly.write("config.yaml", CONFIG % "LoudAtOnce")
    done = command(unruly, "validate", "config.yaml", "--deep", "--format", "json")
    assert json.loads(done.stdout)["valid"] is True
    assert "straight to the descriptor" in done.stderr
    assert "round the back" in done.stderr


def test_a_strategy_that_goes_elsewhere_leaves_the_run_where_it_belongs(unruly):
    unruly.write("config.yaml", CONFIG % "Wanderer")
    done = unruly("backtest", "config.yaml", "--format", "json")
    assert (done.code, done.document["status"]) == (0, "completed")
    assert len(unruly.runs) == 1
    assert unruly.journal[-1]["event"] == "backtest_completed"
    assert list((unruly.folder / "elsewhere").iterdir()) == []


CLOSING = """\
import os
import sys


class Closing:
    def should_enter(self, bars):
        for stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
            stream.close()
        sys.stderr = open("mine.txt", "w")
        sys.stderr.close()
        return len(bars) == 2

    def should_exit(self, position, bars):
        return False


class Printing(Closing):
    def should_enter(self, bars):
        print("printed")
        return len(bars) == 3
"""
BESIDE = """\
capital: 1000
data: {AAA: {synthetic: {bars: 60, seed: 7}}}
strategies:
  closing: {name: "closing.py:Closing", allocation: 50}
  printing: {name: "closing.py:Printing", allocation: 50}
"""


def test_streams_that_a_strategy_closes_stay_open_for_all_others(unruly):
    unruly.write("closing.py", CLOSING)
    unruly.write("config.yaml", BESIDE)
    done = command(unruly, "backtest", "config.yaml", "--format", "json", "--gate", "sharpe >= 50")
    assert json.loads(done.stdout)["status"] == "completed"
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("gate failed: sharpe")
    assert "printed" in done.stderr


def test_only_a_run_runs_the_code_of_strategies(prompt):
    """As docs/isolation.md says."""
    prompt.write("unruly.py", 'open("ran.txt", "a").close()\n' + UNRULY)
    prompt.write("config.yaml", CONFIG % "FitsOnce")
    ran = prompt.folder / "ran.txt"
    prompt("backtest", "config.yaml", "-q")
    assert ran.exists()
    ran.unlink()
    for words in (("validate", "config.yaml"), ("strategies", "unruly.py:FitsOnce"), ("report", "latest")):
        assert prompt(*words).code == 0
    assert not ran.exists()
    prompt("validate", "config.yaml", "--deep")
    assert ran.exists()


def test_a_mean_of_the_whole_history_that_is_kept_is_caught(unruly):
    unruly.write("config.yaml", CONFIG % "FitsOnce")
    done = unruly("backtest", "config.yaml", "--format", "json")
    assert done.code == 1
    assert "looks ahead on AAA" in done.err
    assert unruly("validate", "config.yaml", "--deep").code == 1


@pytest.mark.parametrize("name", ["Forger", "PatientForger"])
def test_bars_that_were_overwritten_end_the_run_with_4_and_say_who_ran(unruly, name):
    """In a process of its own: what is overwritten there stays so."""
    unruly.write(
        "config.yaml",
        "capital: 1000\ndata: {AAA: {synthetic: {bars: 60, seed: 7}}}\nstrategies:\n"
        f'  forger: {{name: "unruly.py:{name}", allocation: 50}}\n  honest: {{name: RSI, allocation: 50}}\n',
    )
    done = command(unruly, "backtest", "config.yaml", "--format", "json")
    assert done.returncode == 4
    assert "the bars were changed during the run, by one of the strategies that ran: forger, honest" in done.stderr
    assert unruly.journal[-1]["event"] == "orchestrator.backtest_failed"
    assert unruly.journal[-1]["error_type"] == "ChangedDataError"
    assert not unruly.runs


def test_a_parameter_that_a_native_changes_is_its_own(unruly):
    unruly.write("config.yaml", CONFIG % "Collector" + "config: {levels: [1, [2]]}\n")
    assert unruly("backtest", "config.yaml", "-q").code == 0
    plan = json.loads((unruly.runs[0] / "plan.json").read_text())
    assert [strategy["config"] for strategy in plan["strategies"]] == [{"levels": [1, [2]]}]


def test_a_strategy_that_adds_a_million_to_its_book_ends_the_run_with_4(unruly):
    unruly.write("config.yaml", CONFIG % "Rich")
    done = unruly("backtest", "config.yaml", "--format", "json")
    assert done.code == 4
    assert "the book of Rich has cash 60001000.0, rebuilt from its fills it has 1000.0" in done.err
    assert unruly.journal[-1]["event"] == "backtest_failed"
    assert not unruly.runs


def test_hourly_symbols_of_different_minutes_make_two_returns_an_hour(prompt):
    """Each symbol alone has one an hour; the strategy's own stamps, and so its returns, are twice as many."""
    hours = pd.date_range("2020-01-06", periods=80, freq="h")
    for symbol, minute in (("AAA", 0), ("BBB", 30)):
        rows = [
            f"{stamp + pd.Timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ},{price},{price},{price},{price},1"
            for price, stamp in zip([100 + i % 7 for i in range(80)], hours, strict=True)
        ]
        prompt.write(f"{symbol}.csv", "timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    prompt.write(
        "config.yaml",
        "capital: 1000\nstrategy: BUY_AND_HOLD\n"
        "data: {AAA: {path: AAA.csv, frequency: 1h}, BBB: {path: BBB.csv, frequency: 1h, stamp: end}}\n",
    )
    document = prompt("backtest", "config.yaml", "--format", "json").document
    alone = document["strategies"]["BUY_AND_HOLD"]["metrics"]
    equity = pd.read_parquet(prompt.runs[0] / "equity.parquet")
    returns = equity["portfolio"].pct_change().dropna()
    years = (equity["t"].iloc[-1] - equity["t"].iloc[0]) / pd.Timedelta(days=365.25)
    expected = returns.std() * (len(returns) / years) ** 0.5
    assert alone["volatility"] == pytest.approx(expected, rel=1e-9)
    assert document["portfolio"]["metrics"]["volatility"] == pytest.approx(expected, rel=1e-9)
