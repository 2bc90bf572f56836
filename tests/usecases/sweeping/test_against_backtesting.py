"""The grid of backtesting.py's quick start: its figures are recorded, ours are computed on the same bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.domain.plan import RunPlan
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan
from tests.usecases.sweeping.grid import CELLS

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

BARS = Path(__file__).parents[4] / "shared" / "data" / "equities_daily" / "GOOG.csv"
RULES = '''\
import numpy as np

from orchestrate import Signal, Signals, moving_average

SAME = 1e-9  # averages as near are equal: which one is above must not depend on the last digit of a sum


def crossed(one, other):
    above = np.zeros(len(one), dtype=bool)
    above[1:] = (one[:-1] < other[:-1] - SAME) & (one[1:] > other[1:] + SAME)
    return above


class Half:
    """The long or the short half of a strategy that always turns around."""

    def __init__(self, n1=10, n2=20, short=False):
        self.n1, self.n2, self.short = n1, n2, short

    def signals(self, bars):
        fast, slow = (moving_average(bars.close, span) for span in (self.n1, self.n2))
        up, down = crossed(fast, slow), crossed(slow, fast)
        none = np.zeros(len(up), dtype=bool)
        return Signals(none, none, down, up) if self.short else Signals(up, down)


class Whole:
    def __init__(self, n1=10, n2=20):
        self.n1, self.n2 = n1, n2

    def on_bar(self, context):
        [symbol] = context.symbols
        close = context.bars(symbol).close[-self.n2 - 1 :]
        if len(close) <= self.n2:
            return
        fast, slow = (moving_average(close, span)[-2:] for span in (self.n1, self.n2))
        if abs(fast[1] - slow[1]) < SAME or (fast[0] < slow[0]) == (fast[1] < slow[1]):
            return
        if context.position(symbol) is not None:
            yield Signal.exit(symbol)
        yield Signal.enter(symbol, "long" if fast[1] > slow[1] else "short")
'''
HALF = (
    "{{name: 'rules.py:Half', allocation: 50, sizing: {{method: fixed, quantity: 4}}, config: {{n1: 10, n2: 20, {}}}}}"
)
HALVES = f"strategies:\n  long: {HALF.format('short: false')}\n  short: {HALF.format('short: true')}\n"
WHOLE = """\
strategies:
  whole: {name: "rules.py:Whole", allocation: 100, sizing: {method: percent, percent: 99.99}, config: {n1: 10, n2: 20}}
"""
#: The averages meet on 17 August 2010 and go apart again, the faster one below: no crossing. So two crossings upwards
#: follow each other. At the second one theirs sells what it has and buys it back, and pays two fees; ours keeps it.
AGAIN = (5, 25)
#: Cells that lie at least eight per cent apart, the best one first.
APART = [(10, 15), (10, 35), (10, 20), (5, 25), (5, 30), (5, 55), (10, 50), (5, 15), (15, 65), (20, 25)]


def plan_of(folder: Path, strategies: str) -> RunPlan:
    if not BARS.exists():
        pytest.skip("the real market data (../shared/data) is not on this machine")
    (folder / "rules.py").write_text(RULES)
    text = (
        f"capital: 10000\ndata: {{GOOG: {{path: '{BARS}'}}}}\nexecution: {{commission: {{percent: 0.2}}}}\n{strategies}"
    )
    (folder / "plan.yaml").write_text(text)
    plan = read_plan(folder / "plan.yaml", environ={}).plan
    assert plan is not None
    return plan


def at(plan: RunPlan, cell: tuple[int, int]) -> RunPlan:
    config = dict(zip(("n1", "n2"), cell, strict=True))
    return replace(plan, strategies=tuple(replace(one, config={**one.config, **config}) for one in plan.strategies))


def test_every_cell_is_the_same_to_the_cent_where_the_rules_are_the_same(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HALVES)
    workbench = Workbench(plan)
    trials = {cell: workbench.trial(at(plan, cell)) for cell in CELLS}
    ours = {cell: (round(trial.final_equity or 0.0, 2), trial.metrics["trades"]) for cell, trial in trials.items()}
    theirs = {cell: (recorded.equity, recorded.trades) for cell, recorded in CELLS.items()}
    assert len(ours) == 50
    assert {cell for cell in CELLS if ours[cell] != theirs[cell]} == {AGAIN}
    sold_and_bought = 2 * 4 * 481.92 * 0.002
    assert ours[AGAIN] == (pytest.approx(theirs[AGAIN][0] + sold_and_bought, abs=0.01), theirs[AGAIN][1] - 1)


def test_cells_rank_as_there_where_ours_sizes_at_the_close_and_theirs_at_the_open(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, WHOLE)
    workbench = Workbench(plan)
    ours = {cell: workbench.trial(at(plan, cell)).final_equity or 0.0 for cell in APART}
    assert sorted(ours, key=lambda cell: -ours[cell]) == APART
    assert [ours[cell] / CELLS[cell].with_all for cell in APART] == pytest.approx([1.0] * len(APART), abs=0.025)
