"""A walk-forward whose positions are carried: one run, in which strategies change their parameters at each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.sweeping.sweep import SweepOutcome, SweepRequest, sweep

HEAD = """\
capital: 100000
data:
  ALPHA: {synthetic: {bars: 300, seed: 7, start: 2015-01-05}}
  BETA: {synthetic: {bars: 300, seed: 9, start: 2015-01-05}}
execution: {commission: {percent: 0.1}, lots: fractional}
"""
FILE = f"""\
{HEAD}
strategies:
  cross: {{name: "own.py:Cross", allocation: 40, symbols: [ALPHA]}}
  steps: {{name: "own.py:Steps", allocation: 30, symbols: [BETA]}}
  swing: {{name: "own.py:Swing", allocation: 30, symbols: [BETA]}}
sweep:
  parameters: {{cross.n: [2, 9], steps.n: [3, 8], swing.n: [4, 7]}}
  select: best
  walk_forward: {{train: 100 bars, test: 50 bars, positions: carry}}
"""
#: One strategy of each kind; what is known only with a value is the value at the bar, or at each bar.
RULES = """\
import numpy as np
from pathlib import Path
from orchestrate import Signal, Signals


class Cross:
    def __init__(self, n: int = 2) -> None:
        self.n = n

    def signals(self, bars):
        with (Path(__file__).parent / "shown.txt").open("a") as file:
            file.write(f"{len(bars)}\\n")
        before = np.maximum(np.arange(len(bars)) - self.value(bars.timestamp), 0)
        rises = bars.close > bars.close[before]
        return Signals(rises, ~rises, stop_loss=0.01 * self.value(bars.timestamp))

    def value(self, labels):
        return self.n


class Steps:
    def __init__(self, n: int = 3) -> None:
        self.n = n

    def should_enter(self, bars) -> bool:
        return len(bars) % (2 * self.value(bars[-1].timestamp)) < 4

    def should_exit(self, position, bars) -> bool:
        return len(bars) % (2 * self.value(bars[-1].timestamp)) >= 4

    def value(self, label):
        return self.n


class Swing:
    def __init__(self, n: int = 4) -> None:
        self.n = n

    def on_bar(self, context):
        bars = context.bars("BETA")
        turn = len(bars) // self.value(bars[-1].timestamp) % 2
        if context.position("BETA") is None:
            return [Signal.enter("BETA")] if turn else []
        return [] if turn else [Signal.exit("BETA")]

    def value(self, label):
        return self.n
"""
BY_HAND = """\
import numpy as np
from own import Cross, Steps, Swing

STARTS = {starts}


class CrossByHand(Cross):
    def value(self, labels):
        return np.array({cross})[np.maximum(np.searchsorted(STARTS, labels, side="right") - 1, 0)]


class StepsByHand(Steps):
    def value(self, label):
        return {steps}[max(np.searchsorted(STARTS, label, side="right") - 1, 0)]


class SwingByHand(Swing):
    def value(self, label):
        return {swing}[max(np.searchsorted(STARTS, label, side="right") - 1, 0)]
"""


NATIVE = """\
import backtrader as bt


class Native(bt.Strategy):
    params = (("n", 2),)
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the journals of runs out of the project."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("carried")
    (made / "own.py").write_text(RULES)
    (made / "walk.yaml").write_text(FILE)
    return made


@pytest.fixture(scope="module")
def outcome(folder: Path) -> SweepOutcome:
    return sweep(SweepRequest((folder / "walk.yaml").as_posix(), workers=1, reports=folder / "reports"))


def rows(outcome: SweepOutcome, name: str) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = pq.read_table(outcome.folder / name).to_pylist()
    return table


def by_hand(folder: Path, windows: list[dict[str, Any]]) -> str:
    """Write strategies that look up by the date which value holds, and a file that runs them; return its name."""
    starts = [int(row["test_start"].timestamp()) * 10**9 for row in windows]
    values = {name: [row[f"{name}.n"] for row in windows] for name in ("cross", "steps", "swing")}
    (folder / "hand.py").write_text(BY_HAND.format(starts=starts, **values))
    first = f"{windows[0]['test_start']:%Y-%m-%d}"
    names = {"cross": ("Cross", 40, "ALPHA"), "steps": ("Steps", 30, "BETA"), "swing": ("Swing", 30, "BETA")}
    lines = [
        f'  {one}: {{name: "hand.py:{kind}ByHand", allocation: {share}, symbols: [{symbol}]}}\n'
        for one, (kind, share, symbol) in names.items()
    ]
    adds = ", ".join(f"{{at: {first}, add: {one}}}" for one in names)
    (folder / "hand.yaml").write_text(f"{HEAD}strategies:\n{''.join(lines)}portfolio: {{schedule: [{adds}]}}\n")
    return (folder / "hand.yaml").as_posix()


def test_the_account_is_that_of_strategies_that_switch_by_hand(folder: Path, outcome: SweepOutcome) -> None:
    windows, account = rows(outcome, "walk_forward.parquet"), rows(outcome, "out_of_sample.parquet")
    assert len(windows) == 4
    assert len({tuple(row[f"{name}.n"] for name in ("cross", "steps", "swing")) for row in windows}) > 1
    done = backtest(Request(by_hand(folder, windows), reports=folder / "reports", lookahead=False))
    assert done.folder is not None, done.error
    table = pq.read_table(done.folder / "equity.parquet").to_pydict()
    assert [row["equity"] for row in account] == table["portfolio"][100:]
    held = [any(table[f"exposed.{name}"][at] for name in ("cross", "steps", "swing")) for at in (149, 199, 249)]
    assert any(held)
    figures = json.loads((done.folder / "metrics.json").read_text())["portfolio"]["metrics"]
    outside = outcome.document["out_of_sample"]
    assert {name: outside[name] for name in ("trades", "win_rate", "max_drawdown", "fees")} == {
        name: figures[name] for name in ("trades", "win_rate", "max_drawdown", "fees")
    }
    idle = figures["idle_cash"] * 300 - 100  # all of it is idle in the first training
    assert 0.0 < outside["idle_cash"] < 1.0
    assert outside["idle_cash"] == pytest.approx(idle / 200, rel=1e-9)
    assert sum(row["test.idle_cash"] for row in windows) == pytest.approx(idle / 50, rel=1e-9)


def test_windows_are_parts_of_the_account(outcome: SweepOutcome) -> None:
    windows, account = rows(outcome, "walk_forward.parquet"), rows(outcome, "out_of_sample.parquet")
    before = 100_000.0
    for number, row in enumerate(windows):
        equity = [one["equity"] for one in account if one["window"] == number]
        assert len(equity) == 50
        assert row["test.total_return"] == pytest.approx(equity[-1] / before - 1, abs=1e-12)
        before = row["test.final_equity"]
    outside = outcome.document["out_of_sample"]
    for name in ("trades", "fees"):
        assert sum(row[f"test.{name}"] for row in windows) == pytest.approx(outside[name])


def test_a_vectorised_strategy_is_shown_nothing_after_its_test(folder: Path, outcome: SweepOutcome) -> None:
    """The last run is the one through all tests: one history a test, which ends with it."""
    assert outcome.document["out_of_sample"]["trades"] > 0
    shown = [int(line) for line in (folder / "shown.txt").read_text().splitlines()]
    through = [150, 200, 250, 300]
    assert any(shown[at : at + 4] == through for at in range(len(shown) - 3))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cross.n: [2, 9]", "execution.commission.percent: [0.1, 0.2]", "execution.commission.percent can't change"),
        ('name: "own.py:Cross"', 'name: "native.py:Native"', "the native cross can't change"),
        ("positions: carry", "positions: carry, step: 60 bars", "no position can be carried"),
    ],
)
def test_what_cannot_be_carried(folder: Path, tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "own.py").write_text(RULES)
    (tmp_path / "native.py").write_text(NATIVE)
    (tmp_path / "walk.yaml").write_text(FILE.replace(old, new))
    with pytest.raises(ConfigurationError, match=message) as raised:
        sweep(SweepRequest((tmp_path / "walk.yaml").as_posix(), workers=1, reports=tmp_path / "reports"))
    if "step" not in new:
        assert raised.value.problems[0].line == 1 + (tmp_path / "walk.yaml").read_text()[: -len("}\n")].count("\n")
