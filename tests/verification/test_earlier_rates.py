"""A run whose rate is one from before its start, stored and verified."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow.parquet import read_table

from orchestrate.usecases.audit import verify
from orchestrate.usecases.backtest import Request, backtest

RUN = """\
capital: 10000
data: {A: {path: A.csv}, R: {path: R.csv}}
instruments: {A: {currency: EUR, fx: R, borrow: 0.05}}
start: 2024-01-02
strategies:
  s: {name: own.py:Once, framework: nautilus, symbols: [A], allocation: 100}
execution: {commission: {percent: 0.1}}
"""
ONCE = """\
from orchestrate import Signal


class Once:
    def __init__(self):
        self.bars = 0

    def on_bar(self, context):
        self.bars += 1
        return {1: [Signal.enter("A", "short", 10)], 5: [Signal.exit("A")]}.get(self.bars, [])
"""
HEAD = "timestamp,open,high,low,close\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six hours a day of A at 20, and a daily rate: 1.1, 1.2, 1.3."""
    monkeypatch.chdir(tmp_path)
    hours = [f"2024-01-0{day} {hour:02}:00,20,20,20,20\n" for day in (1, 2, 3) for hour in range(10, 16)]
    (tmp_path / "A.csv").write_text(HEAD + "".join(hours))
    (tmp_path / "R.csv").write_text(HEAD + "".join(f"2024-01-0{day},9,9,1,1.{day}\n" for day in (1, 2, 3)))
    (tmp_path / "own.py").write_text(ONCE)
    (tmp_path / "run.yaml").write_text(RUN)
    return tmp_path


def test_a_run_at_a_rate_from_before_its_start_is_verified(folder: Path) -> None:
    done = backtest(Request("run.yaml", lookahead=False))
    assert done.folder is not None
    fills = read_table(done.folder / "fills.parquet").to_pydict()
    assert (fills["rate"], fills["fee"]) == ([1.1, 1.1], [pytest.approx(0.22)] * 2)
    verdict = verify.verify(verify.Request("latest", folder / "reports"))
    assert verdict.difference is None
