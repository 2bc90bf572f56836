"""A stored run with something in every section of its page, and with names that try to break out of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from orchestrate.cli import app

#: A symbol that would end a script, open an element, begin a template of plotly and break a line of JavaScript.
HOSTILE = "</script><img src=x onerror=alert(1)>&\"'%{y}\u2028"
CONFIG = """\
capital: 300000
data:
  AAA: {synthetic: {bars: 700, seed: 7, frequency: 1d, start: "2015-01-01"}}
  BBB: {synthetic: {bars: 700, seed: 8, frequency: 1d, start: "2015-01-01"}}
  %s: {synthetic: {bars: 700, seed: 9, frequency: 1d, start: "2015-01-01"}}
strategies:
  trend: {name: MOMENTUM, framework: backtrader, allocation: 40, symbols: [AAA], config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: nautilus, allocation: 30, symbols: [BBB], config: {period: 5}}
  greedy:
    name: MOMENTUM
    allocation: 20
    symbols: [%s, AAA]
    sizing: {method: fixed, quantity: 400}
    config: {fast: 2, slow: 5}
  held: {name: BUY_AND_HOLD, allocation: 10, symbols: [AAA]}
benchmark: BBB
portfolio:
  rebalance: {every: month}
execution:
  commission: {percent: 0.1}
gates:
  sharpe: ">= 50"
"""


def quoted(text: str) -> str:
    """Return a text as YAML has it in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\u2028", "\\L") + '"'


def command(*words: str) -> object:
    """Run a command in this process; return its exit code."""
    try:
        app.run(words)
    except SystemExit as left:
        return left.code or 0


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the configuration has been run, and the run's page written."""
    folder = tmp_path_factory.mktemp("page")
    name = quoted(HOSTILE)
    (folder / "run.yaml").write_text(CONFIG % (name, name))
    with contextlib.chdir(folder):
        assert command("backtest", "run.yaml", "--report", "-q") == 1
    return folder


@pytest.fixture(scope="session")
def run(folder: Path) -> Path:
    """The folder of the run."""
    [stored] = (path for path in (folder / "reports").iterdir() if path.is_dir())
    return stored


@pytest.fixture(scope="session")
def page(run: Path) -> str:
    """The page of the run."""
    return (run / "report.html").read_text(encoding="utf-8")
