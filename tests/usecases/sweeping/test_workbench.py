"""A trial gives what `backtest` stores of its plan, whatever ran on the same workbench before it."""

from __future__ import annotations

import gc
import json
import pickle
import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestrate.analytics.gates import figure
from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.summary import summarise
from orchestrate.domain.orders.execution import Commission
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.sweeps import Measured, TrialStatus
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.running.run import run
from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan
from tests.verification.portfolios import STRATEGIES, portfolio

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

PATHS = ("correlation.one.two", "frameworks.nautilus.sharpe", "strategies.two.blocked")


def plan_in(folder: Path, text: str, strategies: str = STRATEGIES) -> RunPlan:
    (folder / "own.py").write_text(strategies)
    (folder / "plan.yaml").write_text(text)
    resolution = read_plan(folder / "plan.yaml", environ={})
    assert resolution.plan is not None, [str(problem) for problem in resolution.mistakes]
    return resolution.plan


def figures_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stored document says, by the names of a trial."""
    named = {name: document["portfolio"]["metrics"][name] for name in METRICS}
    for one, facts in document["strategies"].items():
        named |= {f"{one}.{name}": facts["metrics"][name] for name in METRICS}
    return named | {path: figure(path, document) for path in PATHS}


def require_equal(trial: Measured, document: Mapping[str, Any]) -> None:
    """Require that a trial has every figure of a stored document, to the last bit."""
    assert {name: repr(value) for name, value in trial.metrics.items()} == {
        name: repr(value) for name, value in figures_of(document).items()
    }
    assert repr(trial.final_equity) == repr(document["portfolio"]["final_equity"])
    reasons = {one["reason"]: one["count"] for one in document["demands"]["reasons"]}
    assert trial.reasons == reasons


def varied(plan: RunPlan, dice: random.Random) -> RunPlan:
    """Return the plan with other parameters, sizes, rules and limits."""
    strategies = tuple(
        replace(
            one,
            config={**one.config, "seed": dice.randrange(50)},
            sizing=replace(one.sizing, value=Decimal(dice.choice((30, 60, 95)))),
        )
        for one in plan.strategies
    )
    fees = Commission(percent=dice.choice((0.0, 0.1, 0.3)), minimum=dice.choice((0.0, 2.0)))
    conflicts = dice.choice(("independent", "priority", "first_wins"))
    return replace(
        plan,
        strategies=strategies,
        execution=replace(plan.execution, commission=fees, fill=dice.choice(("next_open", "close"))),
        portfolio=replace(plan.portfolio, conflicts=conflicts),
        capital=replace(plan.capital, mode=dice.choice(("isolated", "pooled"))),
    )


@pytest.mark.parametrize("seed", [0, 2])
def test_a_trial_equals_a_run_of_its_plan(tmp_path: Path, seed: int) -> None:
    plan, dice = plan_in(tmp_path, portfolio(seed)), random.Random(seed)
    workbench = Workbench(plan, paths=PATHS)
    plans = [plan, *(varied(plan, dice) for _ in range(2))]
    for one in (*plans, plans[0]):
        document = json.loads(json.dumps(summarise(run(one))))
        require_equal(workbench.trial(one), document)


def test_a_trial_equals_what_backtest_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_in(tmp_path, portfolio(3))
    outcome = backtest(Request("plan.yaml", reports=tmp_path / "reports"))
    assert outcome.folder is not None
    workbench = Workbench(plan, paths=PATHS)
    workbench.trial(varied(plan, random.Random(1)))
    require_equal(workbench.trial(plan), json.loads((outcome.folder / "metrics.json").read_text()))


def test_a_workbench_goes_to_another_process_after_a_trial(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, portfolio(2))
    workbench = Workbench(plan, paths=PATHS)
    first = workbench.trial(plan)
    again = pickle.loads(pickle.dumps(workbench)).trial(plan)
    assert again.metrics == first.metrics


AHEAD = """\
import numpy as np
from orchestrate import Signals


class Ahead:
    def __init__(self, bars: int = 1) -> None:
        self.bars = bars

    def signals(self, bars):
        rises, unknown = bars.close[self.bars :] > bars.close[: -self.bars], np.zeros(self.bars, dtype=bool)
        rises = np.concatenate([rises, unknown])
        return Signals(rises, ~rises)
"""
OF_AHEAD = """\
strategies: {ahead: {name: "own.py:Ahead", allocation: 100}}
data: {A: {synthetic: {bars: 120, seed: 3}}}
sweep: {parameters: {ahead.bars: [1, 2, 3]}}
"""


@pytest.mark.parametrize(("ahead", "code"), [(True, 1), (False, 0)])
def test_a_pick_that_looks_ahead_is_accused(tmp_path: Path, ahead: bool, code: int) -> None:
    honest = AHEAD.replace("[rises, unknown]", "[unknown, rises]")
    (tmp_path / "own.py").write_text(AHEAD if ahead else honest)
    (tmp_path / "plan.yaml").write_text(OF_AHEAD)
    outcome = sweep(SweepRequest(str(tmp_path / "plan.yaml"), workers=1, reports=tmp_path / "reports"))
    accused = [one["where"] for one in outcome.document["findings"] if "looks ahead on A" in one["message"]]
    assert (bool(accused), outcome.exit_code) == (ahead, code)
    said = "the pick alone is checked for look-ahead; other trials are not"
    assert said in [one["message"] for one in outcome.document["findings"]]


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_nothing_is_left_of_earlier_trials(tmp_path: Path, framework: str) -> None:
    text = (
        "strategy: {name: MOMENTUM, framework: F}\nconfig: {slow: 100}\ndata: {A: {synthetic: {bars: 150, seed: 3}}}\n"
    )
    plan = plan_in(tmp_path, text.replace("F}", framework + "}"))
    workbench, before = Workbench(plan), marks_in_memory()
    for _ in range(20):
        workbench.trial(plan)
    assert marks_in_memory() < before + 3


NATIVES = """
import backtrader as bt
from nautilus_trader.trading.strategy import Strategy

class Own(bt.Strategy):
    params = (("days", 3),)
    def next(self): ...

class Other(Strategy):
    def on_start(self):
        self.clock.set_time_alert("late", self.clock.utc_now(), self.ring)
    def ring(self, event): ...
"""


def test_nothing_is_left_of_natives(tmp_path: Path) -> None:
    text = (
        "data: {A: {synthetic: {bars: 20, seed: 3}}}\n"
        'strategies: {own: {name: "own.py:Own", allocation: 50}, other: {name: "own.py:Other", allocation: 50}}\n'
    )
    plan = plan_in(tmp_path, text, NATIVES)
    workbench = Workbench(plan)
    left = []
    for _ in range(3):
        for _ in range(3):
            assert workbench.trial(plan).status is not TrialStatus.FAILED
        gc.collect()
        left.append((marks_in_memory(), len(classes_of_backtrader())))
    assert left[2][0] < left[0][0] + 3
    assert left[2][1] == left[0][1]


def marks_in_memory() -> int:
    return sum(isinstance(one, Marks) for one in gc.get_objects())


def classes_of_backtrader() -> list[str]:
    """Return the names in the modules to which Backtrader adds classes of its own for each class of a user."""
    return [name for part in ("metabase", "lineseries") for name in vars(sys.modules[f"backtrader.{part}"])]
