"""`batch`: each file a run of its own, in this process or in workers, and the gravest code of all."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "outputs" / "golden" / "batch.txt"
KILLER = '''\
"""Strategies that take their process with them."""

import os
import signal
from pathlib import Path


class Killer:
    def should_enter(self, bars):
        os.kill(os.getpid(), signal.SIGKILL)

    def should_exit(self, position, bars):
        return False


class OnceKiller(Killer):
    def should_enter(self, bars):
        if len(bars) == 100 and not Path("killed").exists():
            Path("killed").touch()
            super().should_enter(bars)
        return False
'''
#: The end that a killed worker's run has in the journal.
DEATH = "the process of the run ended by SIGKILL in the strategy's code"
PATIENT = '''\
"""Strategies that take long, or interrupt their own run."""

import os
import signal
import time
from pathlib import Path


class Slow:
    def should_enter(self, bars):
        Path(f"begun-{os.getpid()}").touch()
        time.sleep(0.02)
        return False

    def should_exit(self, position, bars):
        return False


class Interrupter(Slow):
    def should_enter(self, bars):
        os.kill(os.getpid(), signal.SIGINT)
        return False
'''
DATA = "data: {AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}}\n"
#: What differs from run to run.
OWN = ("run_id", "started", "duration_seconds")


@pytest.fixture
def files(prompt) -> list[str]:
    """A run that passes, one that misses a gate, one that nobody survives, and none."""
    prompt.write("killer.py", KILLER)
    prompt.write("killer.yaml", "strategy: 'killer.py:Killer'\n" + DATA)
    prompt.write("gated.yaml", (prompt.folder / "single.yaml").read_text() + 'gates: {trades: ">= 1000"}\n')
    return ["single.yaml", "gated.yaml", "nowhere.yaml", "killer.yaml"]


def shared_facts(row):
    return {name: value for name, value in row.items() if name not in OWN}


def ends_of_runs(prompt):
    """Return the last lines of all runs in the journal, in the order they ended; each run must have one."""
    begun = [line["run_id"] for line in prompt.journal if line["event"] == "backtest_started"]
    ends = [line for line in prompt.journal if line["event"] in ("backtest_completed", "backtest_failed")]
    assert sorted(begun) == sorted(end["run_id"] for end in ends)
    return ends


def test_a_run_whose_worker_is_killed_has_an_end_and_the_next_one_is_kept(prompt):
    prompt.write("killer.py", KILLER)
    prompt.write("once.yaml", "strategy: 'killer.py:OnceKiller'\n" + DATA)
    done = prompt("batch", "once.yaml", "--workers", "2", "--format", "json")
    (row,) = done.document["files"]
    died, kept = ends_of_runs(prompt)
    assert (done.code, row["messages"], row["run"]["run_id"]) == (0, [], kept["run_id"])
    assert (died["event"], died["exit_code"], died["error_type"]) == ("backtest_failed", 4, "ProcessError")
    assert died["error_message"] == DEATH
    assert died["duration_seconds"] > 0
    assert [entry.name for entry in (prompt.folder / "reports").iterdir()] == [kept["run_id"]]


def test_files_are_run_as_backtest_runs_them(prompt, files):
    done = prompt("batch", *files, "--workers", "2", "--format", "json")
    assert done.code == done.document["exit_code"] == 4
    rows = done.document["files"]
    assert [(row["file"], row["exit_code"]) for row in rows] == list(zip(files, [0, 1, 2, 4], strict=True))
    assert [row["messages"] for row in rows] == [
        [],
        ["gate failed: trades >= 1000.0 (value: 15)"],
        ["nowhere.yaml: no such file"],
        ["it was the end of 3 workers: SIGKILL"],
    ]
    assert [row["run"] and row["run"]["run_id"] for row in rows[2:]] == [None, None]
    ends = ends_of_runs(prompt)
    assert [end["event"] for end in ends].count("backtest_failed") == 3
    assert [end["error_message"] for end in ends if end["event"] == "backtest_failed"] == [DEATH] * 3
    for row in rows[:2]:
        assert prompt("backtest", row["file"], "-q").code == row["exit_code"]
        alone = prompt("runs", "--limit", "1", "--format", "json").document["runs"][0]
        assert shared_facts(alone) == shared_facts(row["run"])
        assert prompt("verify", row["run"]["run_id"]).code == 0


def test_options_hold_for_every_file(prompt):
    words = ["--set", "capital=5000", "--no-lookahead-check", "--no-cache", "--reports", "here", "--workers", "1"]
    done = prompt("batch", "single.yaml", "single.yaml", *words, "--format", "json")
    runs = [row["run"] for row in done.document["files"]]
    assert [run["initial_capital"] for run in runs] == [5000.0, 5000.0]
    assert len({run["run_id"] for run in runs}) == len(list((prompt.folder / "here").glob("[!.]*"))) == 2


@pytest.mark.parametrize("columns", ["80", "160"])
def test_the_table(prompt, files, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    done = prompt("batch", *files[:3], "--workers", "1")
    text = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "20260101T000000Z-abcdef", done.out)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert (done.code, done.err) == (2, "")
    assert text == GOLDEN.read_text()


@pytest.mark.parametrize("where", ["nowhere", "local://host"])
def test_an_executor_that_does_not_exist(prompt, where):
    done = prompt("batch", "single.yaml", "--on", where)
    assert (done.code, done.out) == (2, "")
    assert f"--on: there is no executor '{where}'" in done.err


def test_a_missing_ray(prompt, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = prompt("batch", "single.yaml", "--on", "ray")
    assert (done.code, done.out) == (2, "")
    assert "pip install 'orchestrate-portfolio[ray]'" in done.err


def test_an_interrupt_in_this_process_keeps_the_run_and_begins_no_more(prompt):
    prompt.write("patient.py", PATIENT)
    prompt.write("broken_off.yaml", "strategy: 'patient.py:Interrupter'\n" + DATA)
    done = prompt("batch", "broken_off.yaml", "single.yaml", "--workers", "1", "--format", "json")
    first, second = done.document["files"]
    assert done.code == first["exit_code"] == second["exit_code"] == 130
    assert (first["run"]["status"], second["run"], second["messages"]) == ("interrupted", None, ["interrupted"])
    assert len(prompt.runs) == 1


def test_ctrl_c_keeps_what_workers_have_done(prompt):
    prompt.write("patient.py", PATIENT)
    prompt.write("slow.yaml", "strategy: 'patient.py:Slow'\n" + DATA)
    command = [sys.executable, "-m", "orchestrate", "batch", *["slow.yaml"] * 3, "--workers", "2"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as process:
        while len(list(prompt.folder.glob("begun-*"))) < 2:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate()
    assert process.returncode == 130
    assert [line.split()[0] for line in out.splitlines()[1:4]] == ["130"] * 3
    assert out.count("interrupted after") == len(prompt.runs) == 2
