"""Every command over one stored run, word for word: on two terminals, in a pipe, and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestrate.cli.app import COMMANDS
from tests.cli.conftest import BROKEN, Prompt
from tests.cli.outputs.screens import hold, on_every_screen, printed, sketched, with_shorter_figures
from tests.cli.outputs.test_golden_texts import CROWDED, SIZING

SMALL = """\
strategies:
  holder: {name: BUY_AND_HOLD, allocation: 40}
  faulty: {name: "faulty.py:Faulty", framework: nautilus, allocation: 40}
data: {AAA: {synthetic: {bars: 30, seed: 7, frequency: 1d}}}
capital: 10000
"""
FAULTY = '''\
class Faulty:
    """Buys and sells, and fails in between."""

    def should_enter(self, bars):
        return len(bars) % 4 == 1

    def should_exit(self, position, bars):
        return bars[-1].close / (len(bars) - 9) > 0
'''
BARS = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2020-01-{day:02},{day},{day + 1},{day},{day}.5,100\n" for day in (1, 2, 3, 6, 7, 8, 9, 10, 13, 14, 14, 15)
)
WRONG = "capital: -5\nstrategy: MOMENTUM\nconfg: {fast: 3}\n"
#: A name for the golden file, and the words; those with JSON are held as JSON, too.
TEXTS = {
    "runs": "runs --limit 2",
    "compare": "compare FIRST latest",
    "clean": "clean --dry-run --keep 1",
    "heart": "heart --journal journal.jsonl",
    "explain": "explain FIRST",
    "explain-bar": "explain FIRST --strategy greedy --at 2010-01-22",
    "reproduce": "reproduce latest",
    "verify": "verify latest",
    "parity": "parity small.yaml",
    "validate": "validate crowded.yaml",
    "validate-wrong": "validate wrong.yaml",
    "report-failed": "report latest",
    "data": "data bars.csv",
    "strategies": "strategies",
    "strategies-one": "strategies RSI",
}
#: Without JSON, or without text.
PIPED = {
    "export": "export latest trades",
    "baseline": "baseline latest",
    "markdown": "report latest --format md",
    "csv": "report latest --format csv",
}
#: Held elsewhere: what they print stands on the machine, on the file system, or in other tests.
ELSEWHERE = {
    "backtest": "test_golden_texts.py",
    "batch": "tests/cli/commands/test_batch.py",
    "sweep": "tests/cli/sweeps",
    "doctor": "test_what_depends_on_the_machine_fits",
    "dashboard": "tests/cli/stored/test_dashboard.py",
    "schema": "tests/config",
    "init": "tests/library/commands/test_init_command.py",
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A folder with a run of many strategies, and one of a strategy that fails."""
    folder = tmp_path_factory.mktemp("commands")
    for name, text in {
        "crowded.yaml": CROWDED.replace("SIZING", SIZING),
        "small.yaml": SMALL,
        "faulty.py": FAULTY,
        "bars.csv": BARS,
        "wrong.yaml": WRONG,
        "broken.py": BROKEN,
    }.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def prompt(workshop, monkeypatch, capsys):
    monkeypatch.chdir(workshop)
    built = Prompt(workshop, capsys, workshop)
    if not built.runs:
        for name in ("crowded.yaml", "small.yaml"):
            assert built("backtest", name, "-q", "--no-lookahead-check").code == 1
        logged = Path("logs/backtest/orchestrate.jsonl").read_text()  # reports go on with that one
        built.write("journal.jsonl", re.sub(r'"duration_seconds":[\d.e-]+', '"duration_seconds":0.5', logged))
    return built


def words_of(prompt, text):
    return [prompt.runs[0].name if word == "FIRST" else word for word in text.split()]


@pytest.mark.parametrize("name", TEXTS)
def test_a_command_prints_this(prompt, monkeypatch, name):
    words = words_of(prompt, TEXTS[name])
    text = on_every_screen(prompt, monkeypatch, *words)
    hold(f"{name}.txt", text)
    narrow = text.split("\n---- ")[0].splitlines()[1:]
    assert max(map(len, narrow)) <= 80


@pytest.mark.parametrize("name", PIPED)
def test_what_has_no_width(prompt, monkeypatch, name):
    words = words_of(prompt, PIPED[name])
    text = on_every_screen(prompt, monkeypatch, *words)
    assert text.startswith("---- 80 columns, 160 columns, a pipe: ")
    hold(f"{name}.txt", with_shorter_figures(text))


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "report-failed"] + ["report"])
def test_a_command_prints_this_document(prompt, name):
    done = prompt(*words_of(prompt, TEXTS.get(name, "report FIRST")), "--format", "json")
    hold(f"{name}.json", sketched(json.loads(done.out)))


def test_what_depends_on_the_machine_fits(prompt, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert max(map(len, printed(prompt, monkeypatch, 80, "doctor").splitlines())) <= 80
    narrow = printed(prompt, monkeypatch, 80, "--help")
    assert max(map(len, narrow.splitlines())) <= 80
    assert not [line for line in narrow.splitlines() if line.endswith("...") and "Usage" not in line]


def test_every_command_is_held():
    held = {text.split()[0] for text in (*TEXTS.values(), *PIPED.values())}
    assert sorted(held | set(ELSEWHERE)) == sorted(COMMANDS)
