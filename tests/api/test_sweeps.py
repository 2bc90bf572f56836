"""Sweeps from Python: as stored ones, and as the best parameters of each strategy of a portfolio."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from orchestrate import ConfigurationError, NotFoundError, StrategyOrchestrator, load_sweep, run_sweep
from orchestrate.usecases.api.calls import OrchestratorConfig

FILE = """\
capital: 100000
data: {AAA: {synthetic: {bars: 300, seed: 7}}}
strategies:
  trend: {name: MOMENTUM, allocation: 60, config: {fast: 20, slow: 50}}
  hold: {name: BUY_AND_HOLD, allocation: 40}
sweep:
  parameters:
    trend.fast: [5, 10, 20]
    trend.slow: [15, 50]
    strategies.hold.sizing.percent: [50, 90]
  where: ["trend.fast < trend.slow"]
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    (folder / "sweep.yaml").write_text(FILE)
    return run_sweep(folder / "sweep.yaml", workers=1, reports=folder / "reports", capital=50_000)


def test_a_sweep_has_its_trials_as_a_table(result):
    assert list(result.trials.index) == list(range(12))
    assert result.trials["status"].value_counts().to_dict() == {"done": 10, "infeasible": 2}
    assert result.trials.loc[0, "final_equity"] > 40_000
    assert list(result.returns) == [number for number in range(12) if result.trials.loc[number, "status"] == "done"]
    assert result.walk_forward is None
    assert result.exit_code == 0
    assert result.verdict in repr(result)


def test_the_best_set_is_that_of_its_trial(result):
    row = result.trials.loc[result.figures["best"]["trial"]]
    assert result.best == {name: row[name] for name in result.best}
    assert "capital: 50000" in result.best_configuration
    again = load_sweep(reports=result.folder.parent)
    assert (again.run_id, again.best) == (result.run_id, result.best)


def test_a_heatmap_reduces_what_shares_a_cell(result):
    """Parameters against a figure (US6)."""
    table, drawn = result.trials, result.heatmap("trend.fast", "trend.slow")
    assert (list(drawn.columns), list(drawn.index)) == ([5, 10, 20], [15, 50])
    assert np.isnan(drawn.loc[15, 20])
    cell = table[(table["trend.fast"] == 10) & (table["trend.slow"] == 50)]["sharpe"]
    assert drawn.loc[50, 10] == pytest.approx(cell.median())
    best = result.heatmap("trend.fast", "trend.slow", "trades", "max")
    assert best.loc[50, 10] == table[(table["trend.fast"] == 10) & (table["trend.slow"] == 50)]["trades"].max()


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("trend.fats", "trend.slow"), NotFoundError, "did you mean 'trend.fast'"),
        (("trend.fast", "trend.fast"), ConfigurationError, "not one twice"),
        (("trend.fast", "trend.slow", "sharp"), NotFoundError, "no figure 'sharp'"),
        (("trend.fast", "trend.slow", "sharpe", "sum"), ConfigurationError, "reduction must be one of"),
    ],
)
def test_what_a_sweep_has_not_is_named(result, words, error, message):
    with pytest.raises(error, match=message):
        result.heatmap(*words)


def test_there_may_be_no_sweep(tmp_path):
    with pytest.raises(NotFoundError, match="there is no sweep"):
        load_sweep(reports=tmp_path)


DATA = "configs/data/ALPHA.csv"
VALUES = {"MOMENTUM": {"fast": [10, 20, 60], "slow": [50, 100]}, "RSI": {"buy_below": [25, 35]}}


def test_the_best_set_of_each_strategy_is_that_of_its_own_runs():
    """The best parameters of each strategy (US6)."""
    weights = [("MOMENTUM", Decimal("0.5")), ("RSI", Decimal("0.5"))]
    orchestrator = StrategyOrchestrator(weights)
    best = orchestrator.optimize(VALUES, DATA, select="best", objective="total_return")
    scores = {}
    for fast, slow in ((10, 50), (10, 100), (20, 50), (20, 100), (60, 100)):
        config = OrchestratorConfig(parameters={"MOMENTUM": {"fast": fast, "slow": slow}})
        run = StrategyOrchestrator(weights, config).run(DATA)
        scores[fast, slow] = run.comparison_table.set_index("strategy_id").loc["MOMENTUM", "total_return"]
    assert tuple(best["MOMENTUM"].values()) == max(scores, key=scores.__getitem__)
    assert set(best["RSI"]) == {"buy_below"}


def test_the_data_of_the_last_run_are_taken_again():
    orchestrator = StrategyOrchestrator(["MOMENTUM"])
    with pytest.raises(ConfigurationError, match="data is missing"):
        orchestrator.optimize({"MOMENTUM": {"fast": [10]}})
    orchestrator.run(DATA)
    assert orchestrator.optimize({"MOMENTUM": {"fast": [10]}}) == {"MOMENTUM": {"fast": 10}}
    assert orchestrator.optimize({"MOMENTUM": {"fast": [10]}}, require=["trades > 9999"]) == {"MOMENTUM": {}}


@pytest.mark.parametrize(
    ("values", "search", "message"),
    [
        ({"MOMENTUN": {"fast": [1]}}, {}, "did you mean 'MOMENTUM'"),
        ({"MOMENTUM": {}}, {}, "there are no values"),
        ({"MOMENTUM": {"fats": [1]}}, {}, "unknown parameter 'fats'"),
        ({"MOMENTUM": {"fast": [5]}}, {"objective": "sharp"}, "objective: 'sharp' names no metric"),
        ({"MOMENTUM": {"fast": [5]}}, {"require": ["trades"]}, "require: 'trades' is not a gate"),
        ({"MOMENTUM": {"fast": [5]}}, {"select": "any"}, "select must be"),
    ],
)
def test_what_can_not_be_searched_is_named(values, search, message):
    with pytest.raises(ConfigurationError, match=message):
        StrategyOrchestrator(["MOMENTUM"]).optimize(values, DATA, **search)


def test_an_object_keeps_its_parameters():
    class Never:
        def should_enter(self, bars):
            return False

        def should_exit(self, position, bars):
            return False

    with pytest.raises(ConfigurationError, match="keeps its parameters"):
        StrategyOrchestrator([Never()]).optimize({"Never": {"x": [1]}}, DATA)
