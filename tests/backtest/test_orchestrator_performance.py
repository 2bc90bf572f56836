"""What users may count on: five strategies take less than twice the time of one, and memory grows in a straight line.

CPU time, by turns and each at its least, so that a busy machine doesn't decide.
"""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import backtrader as bt
import pandas as pd
import pytest
import yaml

from bench.scripts import script_nautilus
from orchestrate.domain.plan import DataPlan, RunPlan
from orchestrate.domain.strategies.protocols import Kind
from orchestrate.usecases.running.run import run
from tests.backtest.plans import part, plan_of

#: our lines would be counted while the clock runs, those of the bare engines not
pytestmark = [pytest.mark.slow, pytest.mark.uncounted, pytest.mark.usefixtures("alone")]

DATA = Path(__file__).parents[2] / "configs" / "data" / "ALPHA.csv"
AVERAGES = [(20 + number % 20, 50 + 2 * (number % 20)) for number in range(25)]
ALLOWED = 2.0


class Above:
    """In while the fast average lies above the slow one; called at every bar."""

    def __init__(self, fast: int, slow: int) -> None:
        self.fast, self.slow = fast, slow

    def is_above(self, close) -> bool:
        return close[-self.fast :].sum() / self.fast > close[-self.slow :].sum() / self.slow

    def should_enter(self, bars) -> bool:
        return len(bars) > self.slow and self.is_above(bars.close)

    def should_exit(self, position, bars) -> bool:
        return not self.is_above(bars.close)


class Raw(bt.Strategy):
    """The same in bare Backtrader."""

    def __init__(self) -> None:
        fast, slow = AVERAGES[0]
        self.fast, self.slow = bt.ind.SMA(period=fast), bt.ind.SMA(period=slow)

    def next(self) -> None:
        if not self.position:
            if self.fast[0] > self.slow[0]:
                self.buy(size=100)
        elif self.fast[0] < self.slow[0]:
            self.close()


def raw(path: Path) -> None:
    cerebro = bt.Cerebro(stdstats=False)
    frame = pd.read_csv(path, parse_dates=[0], index_col=0)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame.rename(columns=str.lower)))
    cerebro.addstrategy(Raw)
    cerebro.run()


def plan(strategies: int, framework: str = "backtrader", kind: Kind = "signals") -> RunPlan:
    parts = [
        part(f"s{number}", "MOMENTUM", framework, weight="0.04", kind=kind, fast=fast, slow=slow)
        for number, (fast, slow) in enumerate(AVERAGES[:strategies])
    ]
    return plan_of(parts, {"ALPHA": DataPlan("ALPHA", path=str(DATA))})


def vectorised(strategies: int, framework: str = "backtrader") -> None:
    assert run(plan(strategies, framework)).status == "completed"


def stateless(strategies: int, framework: str = "backtrader") -> None:
    """The portfolio with strategies that are called at every bar."""
    objects = {f"s{number}": Above(*AVERAGES[number]) for number in range(strategies)}
    result = run(plan(strategies, framework, "istrategy"), strategies=objects)
    assert result.status == "completed"
    assert all(one.trades for one in result.strategies.values())


def seconds(work: Callable[..., object], *arguments: object) -> float:
    gc.collect()
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started


def least(*contestants: Callable[[], float], turns: int = 4) -> list[float]:
    """The least that each took, by turns; a first turn warms up."""
    taken = [[contestant() for contestant in contestants] for _ in range(turns + 1)]
    return [min(times) for times in zip(*taken[1:], strict=True)]


def process(config: Path) -> float:
    """User and system time of a whole `orchestrate backtest`."""
    command = [sys.executable, "-m", "orchestrate", "backtest", str(config), "--quiet"]
    started = subprocess.Popen(command, cwd=config.parent, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("name", ["MOMENTUM", "above.py:Above"])
def test_five_strategies_at_the_prompt(name: str, tmp_path: Path) -> None:
    """A whole command with five takes less than twice the time of one with one (NFR-001)."""
    (tmp_path / "above.py").write_text(inspect.getsource(Above))
    for strategies in (1, 5):
        entries = {
            f"s{number}": {"name": name, "allocation": 20, "config": {"fast": fast, "slow": slow}}
            for number, (fast, slow) in enumerate(AVERAGES[:strategies])
        }
        document = {"capital": 100_000, "data": {"ALPHA": {"path": str(DATA)}}, "strategies": entries}
        (tmp_path / f"{strategies}.yaml").write_text(yaml.safe_dump(document))
    one, five = least(lambda: process(tmp_path / "1.yaml"), lambda: process(tmp_path / "5.yaml"), turns=2)
    assert five < ALLOWED * one


@pytest.mark.parametrize("ours", [vectorised, stateless])
@pytest.mark.parametrize(("framework", "raw"), [("backtrader", raw), ("nautilus", script_nautilus.run)])
def test_five_of_ours_against_one_of_the_bare_engine(
    framework: str, raw: Callable[[Path], object], ours: Callable[..., None]
) -> None:
    bare, five = least(lambda: seconds(raw, DATA), lambda: seconds(ours, 5, framework))
    assert five < ALLOWED * bare


def test_an_order_costs_the_same_however_many_there_were() -> None:
    """Ten times the bars, hence orders, in about ten times the time; a cost that grew would make it a hundred."""

    def long(bars: int) -> None:
        parts = [part("s", "MOMENTUM", fast=3, slow=7)]
        result = run(plan_of(parts, {"A": DataPlan("A", synthetic={"bars": bars, "seed": 7})}), lookahead=False)
        assert len(result.fills) > bars / 12

    few, many = least(lambda: seconds(long, 2_520), lambda: seconds(long, 25_200), turns=3)
    assert many < 15 * few  # what lives longer is collected more often: 11 on an idle machine


def peak(strategies: int, framework: str) -> int:
    """Bytes at most, the least of two runs: what a process makes once, whenever it does, belongs to none of them."""
    peaks = []
    for _ in range(2):
        gc.collect()
        tracemalloc.start()
        vectorised(strategies, framework)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_memory_is_a_straight_line(framework: str) -> None:
    """Each strategy more takes as much memory as the one before (NFR-002)."""
    # with fewer strategies, the peak is that of what is there once: the data and its reading
    peaks = [peak(strategies, framework) for strategies in (11, 18, 25)]
    first, second = peaks[1] - peaks[0], peaks[2] - peaks[1]
    assert max(first, second) / 7 < 1_000_000
    assert second < 1.5 * first
