"""`sweep:` as it is written becomes a plan; what a run of the file itself is does not change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.config.resolve import Resolution
from orchestrate.domain.plan import Gate
from orchestrate.domain.sweeps import Axis, Objective, SweepPlan, WalkForwardPlan

Read = Callable[..., Resolution]
FILE = """\
strategies:
  trend: {name: MOMENTUM, allocation: 50}
  dips: {name: RSI, allocation: 50}
data: {IBM: IBM.csv}
"""
SWEEP = """\
gates: {sharpe: ">= 0.5", sweep.pbo: "<= 0.2", sweep.out_of_sample.sharpe: ">= 0.5"}
sweep:
  parameters:
    trend.fast: {from: 5, to: 25, step: 5}
    trend.slow: [50, 100, 200]
    strategies.trend.sizing.percent: {from: 50, to: 95, step: 22.5}
    portfolio.rebalance.threshold: {low: 0.05, high: 0.3}
  where: ["trend.fast < trend.slow / 2"]
  method: random
  trials: 500
  seed: 7
  objective: [sharpe, {minimize: strategies.trend.volatility}]
  require: ["trades >= 30"]
  select: best
  walk_forward: {train: 3y, test: 1y, embargo: 5 bars}
  workers: {ray: "ray://head:10001"}
"""


def plan_of(read: Read, text: str) -> SweepPlan:
    resolution = read(text)
    assert not resolution.mistakes
    assert resolution.sweep is not None
    return resolution.sweep


def test_every_key_has_its_place_in_the_plan(read):
    plan = plan_of(read, FILE + SWEEP)
    assert plan.axes == (
        Axis("trend.fast", ("strategies", "trend", "config", "fast"), (5, 10, 15, 20, 25)),
        Axis("trend.slow", ("strategies", "trend", "config", "slow"), (50, 100, 200)),
        Axis("strategies.trend.sizing.percent", ("strategies", "trend", "sizing", "percent"), (50, 72.5, 95.0)),
        Axis("portfolio.rebalance.threshold", ("portfolio", "rebalance", "threshold"), bounds=(0.05, 0.3)),
    )
    assert [relation.text for relation in plan.where] == ["trend.fast < trend.slow / 2"]
    assert (plan.method, plan.trials, plan.seed, plan.select) == ("random", 500, 7, "best")
    assert plan.objectives == (Objective("sharpe"), Objective("strategies.trend.volatility", maximize=False))
    assert plan.require == (Gate("trades", ">=", 30.0),)
    assert plan.gates == (Gate("sweep.pbo", "<=", 0.2), Gate("sweep.out_of_sample.sharpe", ">=", 0.5))
    assert plan.walk_forward == WalkForwardPlan("3y", "1y", "1y", embargo="5 bars")
    assert (plan.executor, plan.workers, plan.address) == ("ray", 0, "ray://head:10001")


def test_the_run_of_the_file_is_the_one_without_its_sweep(read):
    bare, varied = read(FILE + 'gates: {sharpe: ">= 0.5"}\n'), read(FILE + SWEEP)
    assert varied.plan == bare.plan
    assert varied.findings == bare.findings
    assert bare.sweep is None


def test_gates_of_a_sweep_need_a_sweep(read):
    (problem,) = read(FILE + 'gates: {sweep.pbo: "<= 0.2"}\n').problems
    assert "names no metric" in problem.message


@pytest.mark.parametrize(
    ("single", "path"),
    [
        ("strategy: MOMENTUM\n", ("config", "fast")),
        ("strategy: MOMENTUM\nconfig: {slow: 90}\n", ("config", "fast")),
        ("strategy: {name: MOMENTUM, config: {slow: 90}}\n", ("strategy", "config", "fast")),
    ],
)
def test_a_single_strategy_is_named_by_its_id(read, single, path):
    plan = plan_of(read, f"{single}data: {{IBM: IBM.csv}}\nsweep: {{parameters: {{MOMENTUM.fast: [2, 3]}}}}\n")
    assert plan.axes == (Axis("MOMENTUM.fast", path, (2, 3)),)


def test_a_value_that_is_right_beside_others_is_no_mistake(read):
    shares = "  parameters: {strategies.trend.allocation: [40, 80], strategies.dips.allocation: [60, 20]}\n"
    assert len(plan_of(read, f"{FILE}sweep:\n{shares}").axes) == 2


def test_trials_of_a_grid_are_noted_not_refused(read):
    resolution = read(FILE + "sweep: {parameters: {trend.fast: [2, 3]}, trials: 9}\n")
    assert [note.where for note in resolution.notes] == ["sweep.trials"]


@pytest.mark.parametrize(("written", "expected"), [("auto", 0), ("3", 3), ("{local: 2}", 2)])
def test_workers_are_a_number_or_as_many_as_there_are_cores(read, written, expected):
    plan = plan_of(read, f"{FILE}sweep: {{parameters: {{trend.fast: [2]}}, workers: {written}}}\n")
    assert (plan.executor, plan.workers) == ("local", expected)
