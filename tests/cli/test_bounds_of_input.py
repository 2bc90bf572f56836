"""Input without end, and too little memory: a clear message and code 2 or 3, never a traceback, never a wait."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BOMB = gzip.compress(b"0" * 3_000_000)


def test_a_bomb_is_unusable_data_and_is_reported_in_json(prompt) -> None:
    (prompt.folder / "bomb.csv.gz").write_bytes(BOMB)
    prompt.write("c.yaml", "strategy: RSI\ncapital: 1000\ndata: {A: {path: bomb.csv.gz, max_unpacked: 1MB}}\n")
    done = prompt("backtest", "c.yaml", "--format", "json")
    message = "A (bomb.csv.gz): it unpacks to more than 1 MB"
    assert done.code == 3
    assert message in done.err
    assert done.document["findings"][-1]["message"].startswith("it unpacks to more than 1 MB; raise max_unpacked")
    assert [line["event"] for line in prompt.journal] == ["backtest_started", "backtest_failed"]
    assert prompt("data", "bomb.csv.gz", "--set", "max_unpacked=1MB").code == 3
    assert "--set max_unpacked: expected a size" in prompt("data", "bomb.csv.gz", "--set", "max_unpacked=x").err


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("5", "expected a size such as 500MB or 2GB, found the number 5"),
        ("'2 GiB'", "expected a size such as 500MB or 2GB, found '2 GiB'"),
    ],
)
def test_a_size_has_a_unit(prompt, written: str, message: str) -> None:
    prompt.write("c.yaml", f"strategy: RSI\ndata:\n  A:\n    path: single.yaml\n    max_unpacked: {written}\n")
    done = prompt("validate", "c.yaml")
    assert done.code == 2
    assert "c.yaml:5:19" in done.out
    assert message in done.out


def test_pipes_are_refused_wherever_a_file_is_named(prompt) -> None:
    for name in ("pipe.yaml", "pipe.csv", "pipe.py"):
        os.mkfifo(prompt.folder / name)
    assert prompt("backtest", "pipe.yaml").code == 2
    assert prompt("validate", "pipe.yaml").code == 2
    assert prompt("backtest", "single.yaml", "--set", "strategy=pipe.py:Trend").code == 2
    assert prompt("backtest", "single.yaml", "--data", "AAA=pipe.csv").code == 3
    assert prompt("data", "pipe.csv").code == 3


def test_a_cache_without_a_home_is_as_good_as_none(prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_CACHE", "~nobody-of-this-name/x")
    assert prompt("backtest", "single.yaml").code == 0
    assert prompt("data", "single.yaml").code == 3
    checks = json.loads(prompt("doctor", "--format", "json").out)["checks"]
    (cache,) = [check for check in checks if check["name"] == "cache"]
    assert cache["detail"] == "no folder for parsed columns"


@pytest.mark.parametrize("megabytes", [100, 150, 220])
@pytest.mark.parametrize("command", [("backtest", "single.yaml"), ("backtest", "portfolio.yaml"), ("data", "x.csv")])
def test_too_little_memory_is_reported(prompt, command: tuple[str, ...], megabytes: int) -> None:
    prompt.write("x.csv", "date,open,high,low,close\n2020-01-01,1,1,1,1\n2020-01-02,1,1,1,1\n")
    program = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({megabytes} * 10**6,) * 2)\n"
        "from orchestrate.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, cwd=prompt.folder, check=False
    )
    if command[0] == "data" and megabytes == 220:
        assert (done.returncode, done.stderr) == (0, "")
        return
    assert done.returncode == 3
    assert "memory: out of memory" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(prompt.folder).glob("reports/*"))


def test_too_little_memory_for_a_deep_validation_is_in_json(prompt) -> None:
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (100 * 10**6,) * 2)\n"
        "from orchestrate.cli import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", program, "validate", "single.yaml", "--deep", "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=prompt.folder, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    (finding,) = [one for one in json.loads(done.stdout)["findings"] if one["severity"] == "error"]
    assert finding["where"] == "memory"
