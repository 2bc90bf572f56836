"""Streams that are closed or full: the exit code is that of the command, and results are never lost silently.

A closed stdout counts as read; a full one is code 4 with one line; what becomes of stderr changes nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SINGLE

NOISY = """\
import sys


class Noisy:
    def should_enter(self, bars):
        print("on stdout", flush=True)
        print("on stderr", file=sys.stderr)
        sys.__stdout__.write("round the back")
        return len(bars) == 2

    def should_exit(self, position, bars):
        return len(bars) == 5


class Broken(Noisy):
    def should_exit(self, position, bars):
        raise RuntimeError("enough")
"""
#: The command → its exit code while its streams are in order.
COMMANDS = {
    "backtest single.yaml": 0,
    "backtest single.yaml -q --gate sharpe>=50": 1,
    "backtest single.yaml --format json --gate sharpe>=50": 1,
    "backtest noisy.yaml": 0,
    "backtest broken.yaml": 1,
    "backtest wrong.yaml --format json": 2,
    "backtest single.yaml --data AAA=none.csv": 3,
    "backtest --nonsense": 2,
    "parity single.yaml": 0,
    "report latest": 0,
    "report 1999": 5,
    "report latest --reports damaged": 4,
    "validate single.yaml": 0,
    "validate wrong.yaml --format github": 2,
    "data none.csv": 3,
    "strategies RSI": 0,
    "strategies NOPE": 5,
    "schema": 0,
    "schema -o /dev/full": 4,
    "--help": 0,
    "--version": 0,
    "nonsense": 2,
}
#: Of stdout and of stderr; the first pair says what is usual.
STREAMS = [("open", "open"), ("closed", "open"), ("full", "open"), ("open", "full"), ("full", "closed")]
FULL = "the output can't be written: No space left on device\n"


@pytest.fixture
def folder(prompt) -> Path:
    """A folder in which each of the commands has its code."""
    prompt.write("noisy.py", NOISY)
    for name in ("Noisy", "Broken"):
        prompt.write(f"{name.lower()}.yaml", SINGLE.replace("MOMENTUM\nconfig: {fast: 3, slow: 8}", f"noisy.py:{name}"))
    prompt.write("wrong.yaml", "strategy: MOMENTUM\ncapitl: 5\n")
    damaged = prompt.folder / "damaged" / "20260101T000000Z-aaaaaa"
    damaged.mkdir(parents=True)
    (damaged / "run.json").write_text("{}")
    return prompt.folder


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_every_command_with_every_kind_of_stream(folder: Path) -> None:
    cases = [(line.split(" "), *kinds) for line in COMMANDS for kinds in STREAMS]
    driver = [sys.executable, str(Path(__file__).with_name("streams_of_commands.py"))]
    subprocess.run([*driver, json.dumps(cases)], cwd=folder, check=True, capture_output=True)
    results = iter(json.loads((folder / "results.json").read_text()))
    for line, code in COMMANDS.items():
        usual: tuple[str, str] = ("", "")
        for out, err in STREAMS:
            status, *written = next(results)
            if (out, err) == ("open", "open"):
                usual = (written[0], written[1])
            lost = out == "full" and usual[0] != ""
            assert status == (4 if lost else code), (line, out, err)
            assert bool(written[0]) == (out == "open" and usual[0] != ""), (line, out, err)
            messages = usual[1] if err == "open" else ""
            if lost and err == "open":
                assert written[1].endswith(FULL), (line, out, err)
                messages = written[1] if line.endswith(("noisy.yaml", "broken.yaml")) else FULL
            assert written[1] == messages, (line, out, err)


@pytest.mark.parametrize(
    ("redirected", "code", "err"),
    [
        ("backtest single.yaml -q >&-", 0, ""),
        ("backtest single.yaml -q <&- >&- 2>&-", 0, ""),
        ("backtest single.yaml -q >/dev/full", 4, FULL),
        ("backtest none.yaml 2>/dev/full", 2, ""),
        ("backtest none.yaml 2>&-", 2, ""),
        ("backtest none.yaml 2> >(true)", 2, ""),
        ("--help >/dev/full", 4, FULL),
    ],
)
def test_a_process_of_a_shell(folder: Path, redirected: str, code: int, err: str) -> None:
    line = f'"{sys.executable}" -m orchestrate {redirected}'
    done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, err)


def test_a_pipe_that_must_not_block_is_waited_for(folder: Path) -> None:
    """As some parents hand it on; a reader that is slow makes it look full."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    with subprocess.Popen([sys.executable, "-m", "orchestrate", "schema"], cwd=folder, stdout=writing) as process:
        os.close(writing)
        select.select([reading], [], [])
        with os.fdopen(reading) as stream:
            assert json.loads(stream.read())["type"] == "object"
    assert process.returncode == 0


def test_a_run_on_nautilus_with_nowhere_to_write(folder: Path) -> None:
    """Its log is written by threads of its own."""
    line = f'"{sys.executable}" -m orchestrate backtest portfolio.yaml -q >&- 2>/dev/full'
    assert subprocess.run(["bash", "-c", line], cwd=folder, check=False).returncode == 0
    assert len(list((folder / "reports").glob("[!.]*"))) == 1


def test_no_file_takes_the_place_of_a_closed_stream(folder: Path) -> None:
    """The journal would be the first that gets its descriptor, and then what a strategy's child prints."""
    of_a_child = 'import os; os.system("echo from a child; echo too >&2")'
    (folder / "noisy.py").write_text(NOISY.replace('print("on stdout", flush=True)', of_a_child))
    line = f'"{sys.executable}" -m orchestrate backtest noisy.yaml <&- >&- 2>&-'
    done = subprocess.run(["bash", "-c", line], cwd=folder, check=False)
    assert done.returncode == 0
    journal = (folder / "logs" / "backtest" / "orchestrate.jsonl").read_text().splitlines()
    assert json.loads(journal[-1])["event"] == "backtest_completed"
    assert not [text for text in journal if text[0] != "{"]
