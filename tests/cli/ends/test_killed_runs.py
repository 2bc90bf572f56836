"""kill -9 at any moment: a complete run or none, and a journal whose lines all parse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.runs.reading import read_run, run_ids
from orchestrate.runs.store import digest

SCRIPT = Path(__file__).with_name("killed_runs.py")
COUNT = 50


@pytest.mark.slow
def test_fifty_killed_runs(prompt):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(COUNT), "4"], cwd=prompt.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    killed, kept, alone = (int(figure) for figure in done.stdout.split())
    reports = prompt.folder / "reports"
    complete = run_ids(reports)
    assert len(complete) == kept
    assert (
        COUNT - killed + alone <= kept < COUNT + alone
    )  # those that nobody hit, at least; some were hit after the last byte
    assert killed >= COUNT / 5
    for run_id in complete:
        stored = read_run(reports, run_id)
        for name, known in stored.manifest["files"].items():
            assert digest((reports / run_id / name).read_bytes()) == known
        assert stored.document()["run_id"] == run_id
    hidden = [entry.name for entry in reports.iterdir() if entry.name.startswith(".")]
    assert hidden == []  # the last run, in peace, has swept up after the others
    lines = (prompt.folder / "logs/backtest/orchestrate.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    started = {line["run_id"] for line in entries if line["event"] == "backtest_started"}
    ended = {line["run_id"] for line in entries if line["event"] == "backtest_completed"}
    assert set(complete) <= started
    assert ended <= set(complete)
