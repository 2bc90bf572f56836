"""One small sweep on both engines, run once: parameters of strategies, a size, and a setting of the portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestrate.usecases.sweeping.sweep import SweepOutcome, SweepRequest, sweep

FILE = """\
capital: 100000
data:
  ALPHA: {synthetic: {bars: 250, seed: 7}}
  BETA: {path: BETA.csv}
strategies:
  trend: {name: MOMENTUM, allocation: 50, symbols: [ALPHA], config: {fast: 20, slow: 50}}
  dips: {name: "own.py:Dips", framework: nautilus, symbols: [BETA], allocation: 50}
execution: {commission: {percent: 0.1}}
"""
SWEEP = """\
sweep:
  parameters:
    trend.fast: {from: 5, to: 25, step: 10}
    trend.slow: [10, 50]
    dips.depth: [0.005, 0.03]
    strategies.dips.sizing.percent: [50, 95]
  where: ["trend.fast < trend.slow"]
  require: ["trades >= 3"]
gates: {sharpe: ">= -99", sweep.pbo: "<= 1.0"}
"""

OWN = """\
class Dips:
    def __init__(self, depth: float = 0.01) -> None:
        self.depth = depth

    def should_enter(self, bars) -> bool:
        return len(bars) > 1 and bars[-1].close < bars[-2].close * (1 - self.depth)

    def should_exit(self, position, bars) -> bool:
        return bars[-1].close > bars[-2].close
"""


@dataclass(frozen=True)
class Swept:
    """A folder with a configuration, and the sweep that was stored of it."""

    folder: Path
    outcome: SweepOutcome

    @property
    def rows(self) -> list[dict[str, Any]]:
        return rows_of(self.outcome.folder)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a stored sweep."""
    rows: list[dict[str, Any]] = pq.read_table(folder / "trials.parquet").to_pylist()
    return rows


def write(folder: Path, text: str) -> str:
    """Write a configuration with its data and strategy into a folder; return where it is."""
    closes = [100.0]
    for day in range(249):
        closes.append(round(closes[-1] * (1.01 if (day * 7) % 11 > 4 else 0.985), 2))
    first = date(2015, 1, 5)
    lines = [f"{first + timedelta(days=day)},{close},{close},{close},{close}" for day, close in enumerate(closes)]
    (folder / "BETA.csv").write_text("\n".join(["date,open,high,low,close", *lines, ""]))
    (folder / "own.py").write_text(OWN)
    (folder / "sweep.yaml").write_text(text)
    return (folder / "sweep.yaml").as_posix()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let journals of backtests go to the test's own folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    folder = tmp_path_factory.mktemp("swept")
    return Swept(folder, sweep(SweepRequest(write(folder, FILE + SWEEP), workers=1, reports=folder / "reports")))
