"""Both ways to the plan of a trial give the same plan, and its row is what `backtest` gives of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.config.document.layers import with_value
from orchestrate.config.document.nodes import node_of
from orchestrate.domain.sweeps import TrialStatus
from orchestrate.sweep.samplers.registry import SAMPLERS
from orchestrate.sweep.space import Space
from orchestrate.usecases.sweeping.plans import InfeasibleError, TrialIds, TrialPlans
from orchestrate.usecases.sweeping.show import trial_configuration
from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep
from orchestrate.wiring import read_plan
from tests.usecases.sweeping.conftest import FILE, rows_of, write
from tests.usecases.sweeping.test_sweep import require_row_of_its_backtest

PARAMETERS = """\
sweep:
  method: random
  trials: 40
  parameters:
    trend.fast: {from: 1, to: 60, step: 3}
    trend.slow: [2, 50, 50.0e+0, 61]
    dips.depth: {low: 0.0, high: 1.0e-3}
"""


def plans_of(folder: Path, text: str) -> tuple[TrialPlans, list]:
    resolution = read_plan(write(folder, FILE + text))
    plan = resolution.sweep
    assert plan is not None and resolution.plan is not None and resolution.tree is not None, resolution.mistakes
    points = [point for batch in SAMPLERS[plan.method].batches(Space.of(plan, plan.axes)) for point in batch]
    return TrialPlans(resolution.tree, resolution.plan, plan.axes), points


def outcome(make, point):
    try:
        return make(point)
    except InfeasibleError as error:
        return str(error)


def test_parameters_alone_make_the_plan_of_the_whole_file(tmp_path: Path) -> None:
    plans, points = plans_of(tmp_path, PARAMETERS.replace("50.0e+0, ", ""))
    found = [outcome(plans.plan, point) for point in points]
    assert found == [outcome(plans.resolved, point) for point in points]
    assert 5 < sum(isinstance(one, str) for one in found) < 35


def test_a_single_strategy_is_told_as_the_file_does(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(
        "strategy: MOMENTUM\nconfig: {slow: 30}\ndata: {A: {synthetic: {bars: 9, seed: 1}}}\n"
        "sweep: {parameters: {MOMENTUM.fast: [5, 40]}}\n"
    )
    resolution = read_plan(tmp_path / "one.yaml")
    assert resolution.sweep is not None and resolution.plan is not None and resolution.tree is not None
    plans = TrialPlans(resolution.tree, resolution.plan, resolution.sweep.axes)
    points = [{"MOMENTUM.fast": 5}, {"MOMENTUM.fast": 40}]
    found = [outcome(plans.plan, point) for point in points]
    assert found == [outcome(plans.resolved, point) for point in points]
    assert found[1] == "strategy: fast < slow must hold, but fast is 40 and slow is 30"


def test_a_required_compatibility_is_looked_at_anew(tmp_path: Path) -> None:
    text = "portfolio: {compatibility: {require: 1}}\n" + PARAMETERS.replace("50.0e+0, ", "")
    plans, points = plans_of(tmp_path, text)
    assert outcome(plans.plan, points[0]) == outcome(plans.resolved, points[0])


def test_ids_differ_where_plans_data_or_versions_do(tmp_path: Path) -> None:
    plans, _ = plans_of(tmp_path, PARAMETERS.replace("50.0e+0, ", ""))
    points = [{"trend.fast": 4, "trend.slow": 50, "dips.depth": depth} for depth in (0.0, 0.5)]
    ids = {
        TrialIds(data, {"numpy": version}).of(plans.plan(point))
        for point in points
        for data in ("a", "b")
        for version in ("1", "2")
    }
    assert len(ids) == 8
    one = TrialIds("a", {})
    assert one.of(plans.plan(points[0])) == one.of(plans.resolved(points[0]))


def test_ids_are_those_of_the_plan_whatever_was_named_before(tmp_path: Path) -> None:
    plans, _ = plans_of(tmp_path, PARAMETERS.replace("50.0e+0, ", ""))
    plan = plans.plan({"trend.fast": 4, "trend.slow": 50, "dips.depth": 0.25})
    trend, dips = plan.strategies
    others = [replace(plan, benchmark="ALPHA"), replace(plan, strategies=(replace(trend, priority=9), dips)), plan]
    names = TrialIds("a", {})
    found = [names.of(one) for one in (plan, *others)]
    assert found == [TrialIds("a", {}).of(one) for one in (plan, *others)]
    assert len(set(found)) == 3


ANYTHING = """\
  hold: {name: BUY_AND_HOLD, framework: backtrader, symbols: [BETA], allocation: 0.5}
execution: {commission: {percent: 0.1}}
sweep:
  method: random
  trials: 200
  seed: 4
  parameters:
    trend.fast: {from: 2, to: 30, step: 1}
    strategies.trend.framework: [backtrader, nautilus]
    dips.depth: {low: 0.001, high: 0.04}
    strategies.dips.sizing: [{percent: 50}, {method: fixed, quantity: 10}, {method: notional, amount: 4000}]
    strategies.dips.priority: [-1, 1]
    strategies.dips.limits.max_position_pct: [20, 100]
    capital: [50000, 90000.5]
    capital.mode: [isolated, pooled]
    portfolio.conflicts: [independent, first_wins, net_signal]
    portfolio.rebalance.threshold: {low: 0.01, high: 0.3}
    execution.commission.percent: [0, 0.25]
    execution.fill: [next_open, close]
    execution.lots: [integer, fractional]
"""
SHARED = FILE.replace("symbols: [ALPHA]", "symbols: [ALPHA, BETA]").replace("allocation: 50,", "allocation: 49,")


def require_rows_of_their_backtests(folder: Path, trials: int) -> None:
    head = SHARED.partition("execution:")[0]
    swept = sweep(SweepRequest(write(folder, head + ANYTHING), trials=trials, workers=1, reports=folder / "reports"))
    rows = rows_of(swept.folder)
    assert len(rows) == trials
    assert {row["status"] for row in rows} <= {TrialStatus.DONE, TrialStatus.NO_TRADES}
    for row in rows:
        text = trial_configuration(folder / "reports", "latest", row["trial"])
        require_row_of_its_backtest(row, text, folder / str(row["trial"]))


@pytest.mark.uncounted
def test_random_rows_are_their_backtests(tmp_path: Path) -> None:
    require_rows_of_their_backtests(tmp_path, 4)


@pytest.mark.slow
def test_two_hundred_random_rows_are_their_backtests(tmp_path: Path) -> None:
    require_rows_of_their_backtests(tmp_path, 200)


def test_no_value_is_laid_over_the_file_too(tmp_path: Path) -> None:
    text = "benchmark: ALPHA\nsweep: {parameters: {benchmark: [null, BETA], trend.slow: [30]}}\n"
    swept = sweep(SweepRequest(write(tmp_path, FILE + text), workers=1, reports=tmp_path / "reports"))
    rows = rows_of(swept.folder)
    assert [row["benchmark"] for row in rows] == ["null", "BETA"]
    for number, row in enumerate(rows):
        require_row_of_its_backtest(
            row, trial_configuration(tmp_path / "reports", "latest", number), tmp_path / str(number)
        )
    assert rows[0]["beta"] is None
    assert rows[1]["beta"] is not None


def test_a_value_is_laid_over_the_file_as_set_lays_it(tmp_path: Path) -> None:
    plans, _ = plans_of(tmp_path, "sweep: {parameters: {strategies.dips.sizing: [{percent: 50}]}}\n")
    config = (tmp_path / "sweep.yaml").as_posix()
    by_set = read_plan(config, ["strategies.dips.sizing={percent: 50}", "sweep="]).tree
    point = {"strategies.dips.sizing": {"percent": 50}}
    laid = plans.at(point)
    expected = with_value(
        plans.tree, ("strategies", "dips", "sizing"), node_of({"percent": 50}, laid.place), laid.place
    )
    assert by_set is not None
    assert read_plan(config, ["strategies.dips.sizing={percent: 50}"]).plan == plans.plan(point)
    assert [key for key, _ in laid] == [key for key, _ in expected]


def test_a_plan_is_made_once_for_its_name_and_its_run(tmp_path: Path) -> None:
    plans, points = plans_of(tmp_path, PARAMETERS.replace("50.0e+0, ", ""))
    point = next(point for point in points if not isinstance(outcome(plans.plan, point), str))
    plan, other = plans.plan(point), plans.plan({**point, "dips.depth": 0.25})
    assert plans.plan(other_point := {**point}) == plan
    assert plans.plan(other_point) is plans.plan(other_point)
    assert other != plan
