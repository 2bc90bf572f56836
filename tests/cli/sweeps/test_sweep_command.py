"""`orchestrate sweep` at the prompt: what it prints, how it exits, and that a kill at any moment loses no trial."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FILE = """\
strategy: MOMENTUM
config: {fast: 3, slow: 80}
capital: 100000
data: {AAA: {synthetic: {bars: 250, seed: 7}}}
sweep:
  parameters: {MOMENTUM.fast: {from: 2, to: 21, step: 1}}
"""


@pytest.fixture
def varied(prompt):
    """A prompt in a folder with `sweep.yaml`."""
    prompt.write("sweep.yaml", FILE)
    return prompt


def test_a_sweep_is_reported_and_shown(varied):
    done = varied("sweep", "sweep.yaml", "--workers", "1")
    (folder,) = varied.runs
    assert done.code == 0
    assert done.err == f"sweep {folder.name}: 20 trials\n"
    assert done.out.startswith(f"Sweep {folder.name}  completed  exit code 0\n")
    assert "MOMENTUM.fast" in done.out
    shown = varied("sweep", "show", "latest", "--trial", "3")
    assert "fast: 5" in shown.out
    varied.write("trial.yaml", shown.out)
    assert varied("backtest", "trial.yaml", "-q").code == 0
    assert varied("sweep", "show", folder.name).out == (folder / "best.yaml").read_text()
    assert not any(line["run_id"] == folder.name for line in varied.journal)


def test_json_is_what_report_prints_of_it(varied):
    done = varied("sweep", "sweep.yaml", "--workers", "1", "--format", "json")
    assert (done.document["exit_code"], done.document["kind"]) == (0, "sweep")
    assert done.document["statuses"]["done"] == 20
    assert done.document["paths"]["run"] == f"reports/{done.document['run_id']}"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["show"], 2, "name one stored sweep"),
        (["show", "latest"], 5, "there is no sweep in reports"),
        (["sweep.yaml", "single.yaml"], 2, "one file at a time"),
        (["single.yaml"], 2, "single.yaml: nothing varies"),
        (["sweep.yaml", "--on", "moon"], 2, "there is no executor 'moon'"),
        (["sweep.yaml", "--set", "sweep.parameters={MOMENTUM.fsat: [1]}"], 2, "did you mean 'fast'?"),
        (["sweep.yaml", "--set", "data={AAA: none.csv}"], 3, "no such file: none.csv"),
        (["sweep.yaml", "--resume", "2026"], 5, "there is no unfinished sweep '2026'"),
    ],
)
def test_what_is_wrong_has_its_code(varied, words, code, message):
    done = varied("sweep", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert not varied.runs


@pytest.mark.parametrize("command", ["validate", "sweep"])
def test_tests_that_overlap_are_refused_before_anything_runs(varied, command):
    varied.write("walked.yaml", f"{FILE}  walk_forward: {{train: 100 bars, test: 50 bars, step: 20 bars}}\n")
    message, place = "sweep.walk_forward.step: tests of 50 bars overlap with a step of 20 bars", (7, 56)
    done = varied(command, "walked.yaml")
    text = done.out if command == "validate" else done.err
    assert (done.code, text.partition("\n")[0]) == (2, f"walked.yaml:7:56: {message}")
    assert "write step: 50 bars" in text
    as_json = varied(command, "walked.yaml", "--format", "json")
    assert as_json.code == 2
    if command == "validate":
        (error,) = as_json.document["errors"]
        assert (error["line"], error["column"], error["message"], error["hint"]) == (
            *place,
            message,
            "write step: 50 bars",
        )
    else:
        assert (as_json.out, as_json.err) == ("", done.err)
    assert not varied.runs


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "orchestrate", "sweep", "sweep.yaml", "--workers", "1", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_of(reports: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in reports.glob(".*.partial/trials.jsonl"))


def end_after(process: subprocess.Popen[str], reports: Path, lines: int, how: int) -> str:
    """Send a signal to a sweep once it has written so many lines, or to one that is over; return its messages."""
    while lines_of(reports) < lines and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, how)
    return process.communicate()[1]


def require_same_table(prompt, kills: int, dice: random.Random) -> None:
    whole = prompt.folder / "reports"
    assert prompt("sweep", "sweep.yaml", "--workers", "1").code == 0
    reports = prompt.folder / "killed"
    for turn in range(kills):
        words = ["--resume", "latest"] if turn and list(reports.glob(".*")) else []
        before = lines_of(reports)
        end_after(
            start(prompt.folder, "--reports", "killed", *words), reports, before + dice.randint(1, 4), signal.SIGKILL
        )
    left = list(reports.glob(".*.partial"))
    if left:
        time.sleep(0.2)  # until the child of what was killed is gone, too
        assert prompt("sweep", "sweep.yaml", "--reports", "killed", "--resume", "latest").code == 0
    tables = {path.read_bytes() for path in (*whole.glob("*/trials.parquet"), *reports.glob("*/trials.parquet"))}
    assert len(tables) == 1


@pytest.mark.uncounted
def test_a_killed_sweep_ends_in_the_same_table(varied):
    require_same_table(varied, 1, random.Random(1))


@pytest.mark.slow
def test_a_sweep_killed_twenty_times_ends_in_the_same_table(varied):
    varied.write("sweep.yaml", FILE.replace("to: 21", "to: 79"))
    require_same_table(varied, 20, random.Random(2))


@pytest.mark.uncounted
def test_ctrl_c_keeps_what_is_done(varied):
    reports = varied.folder / "reports"
    varied.write("sweep.yaml", FILE.replace("to: 21", "to: 79"))
    process = start(varied.folder)
    message = end_after(process, reports, 4, signal.SIGINT)
    (left,) = reports.glob(".*.partial")
    run_id = left.name.removeprefix(".").removesuffix(".partial")
    assert process.returncode == 130
    assert f"to go on: orchestrate sweep sweep.yaml --resume {run_id}" in message
    done = varied("sweep", "sweep.yaml", "--resume", run_id, "--workers", "1", "-q")
    assert (done.code, done.out) == (0, f"reports/{run_id}\n")


BOTH = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 250, seed: 7}}
  BBB: {synthetic: {bars: 250, seed: 8}}
strategies:
  trend: {name: MOMENTUM, allocation: 60, symbols: [AAA, BBB], config: {fast: 3, slow: 30}}
  dips: {name: RSI, framework: nautilus, allocation: 40, symbols: [BBB]}
portfolio: {conflicts: first_wins}
sweep:
  parameters: {trend.fast: {from: 2, to: 40, step: 1}, dips.period: {from: 2, to: 9, step: 1}}
  method: METHOD
  trials: 24
"""


def bytes_of(folder: Path, reports: str, seed: str, *words: str) -> list[bytes]:
    command = [sys.executable, "-m", "orchestrate", "sweep", "sweep.yaml", "--reports", reports, *words]
    environ = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (stored,) = (folder / reports).iterdir()
    return [(stored / name).read_bytes() for name in ("trials.parquet", "returns.parquet", "best.yaml", "sweep.json")]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grid", "random", "halton", "tpe"])
def test_the_bytes_depend_on_no_worker_and_no_hash_seed(prompt, method):
    grid = "{trend.fast: [2, 5, 31], dips.period: [3, 7]}"
    text = BOTH.replace("METHOD", method)
    if method == "grid":
        text = text.replace("{trend.fast: {from: 2, to: 40, step: 1}, dips.period: {from: 2, to: 9, step: 1}}", grid)
    prompt.write("sweep.yaml", text)
    one = bytes_of(prompt.folder, "one", "1", "--workers", "1")
    assert bytes_of(prompt.folder, "two", "2", "--workers", "2") == one
    assert bytes_of(prompt.folder, "four", "1", "--workers", "4") == one
