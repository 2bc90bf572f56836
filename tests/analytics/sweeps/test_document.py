"""What `sweep.json` says of sweeps made of formulas."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from orchestrate.analytics import overfitting
from orchestrate.analytics.sweeps.document import FIGURES, sweep_document
from orchestrate.analytics.sweeps.parts import TrialReturns
from orchestrate.domain.sweeps import Axis, Measured, Objective, TrialStatus
from tests.analytics.sweeps.builders import DAY, FAST, FIRST, SLOW, WINDOWS, part_of, sweep_of


@pytest.fixture(scope="module")
def swept():
    plan, part = sweep_of()
    return plan, part, sweep_document(plan, [part])


def test_every_trial_is_counted_by_its_status(swept):
    _, part, document = swept
    counted = {"done": 23, "no_trades": 2, "infeasible": 4, "failed": 1}
    assert document["statuses"] == counted
    assert (document["trials"], document["evaluated"], document["eligible"]) == (30, 25, len(part.eligible))
    assert document["failures"] == [{"trial": 28, "reason": "strategies.py:12: ZeroDivisionError: division by 0"}]
    assert (document["days"], document["start"], document["end"]) == (320, "2020-01-02", "2020-11-16")


def test_the_figures_are_those_of_the_pick_among_all_that_were_evaluated(swept):
    _, part, document = swept
    returns = np.column_stack([trial.measured.returns for trial in part.done])
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    pick = [trial.number for trial in part.done].index(part.pick)
    about = (returns[:, pick] - returns[:, pick].mean()) / returns[:, pick].std()
    given = (sharpes[pick], 320, (about**3).mean(), (about**4).mean())
    expected = overfitting.deflated_sharpe(*given, trials=25, variance=sharpes.var(ddof=1))
    assert document["deflated_sharpe"] == pytest.approx(expected, rel=1e-12)
    assert document["pbo"] == overfitting.backtest_overfitting(returns)
    assert document["verdict"].startswith("The pick ")
    assert document["reasons"] == {}


def test_the_best_trials_are_listed_the_best_first(swept):
    plan, part, document = swept
    best = document["best"]
    assert best["trial"] == part.pick == document["peak"] == document["top"][0]["trial"]
    assert best["parameters"] == part.trials[part.pick].point
    ranked = [row["metrics"]["sharpe"] for row in document["top"]]
    assert ranked == sorted(ranked, reverse=True)
    assert {row["trial"] for row in document["top"]} <= part.eligible
    assert list(document["top"][0]["metrics"])[:2] == ["sharpe", "trades"]
    lowest = sweep_document(replace(plan, objectives=(Objective("volatility", maximize=False),)), [part])
    ranked = [row["metrics"]["volatility"] for row in lowest["top"]]
    assert ranked == sorted(ranked)


def test_it_is_json_with_what_was_varied(swept):
    document = swept[2]
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["parameters"][0] == {"name": FAST.name, "path": list(FAST.path), "values": list(FAST.values)}
    assert document["where"] == ["fast < slow / 2"]
    assert document["require"] == ["trades >= 3.0"]
    width = Axis("width", ("portfolio", "width"), bounds=(0.1, 0.3))
    ranged = sweep_document(replace(swept[0], axes=(width,)), [replace(swept[1], trials=(), pick=None)])
    assert ranged["parameters"] == [{"name": "width", "path": ["portfolio", "width"], "low": 0.1, "high": 0.3}]


def test_without_a_pick_nothing_can_be_said(swept):
    plan, part, _ = swept
    document = sweep_document(plan, [replace(part, pick=None, eligible=frozenset())])
    assert document["best"] is None
    assert document["peak"] is None
    assert all(document[name] is None for name in FIGURES)
    assert document["verdict"] == "The pick can't be judged: no trial can be chosen."


def test_what_happened_out_of_sample_counts(swept):
    plan, part, _ = swept
    document = sweep_document(plan, [part], {"sharpe": -0.4, "trades": 7.0})
    assert document["out_of_sample"] == {"sharpe": -0.4, "trades": 7.0}
    assert "did not earn money out of sample (Sharpe -0.40)" in document["verdict"]
    assert document["standing"] == "looks like luck"


def test_windows_keep_the_metrics_by_which_trials_are_compared(swept):
    plan, part, document = swept
    assert document["windows"] == []
    [first, second] = sweep_document(plan, [part], {"sharpe": 0.4}, WINDOWS)["windows"]
    assert list(first["metrics"])[:2] == ["sharpe", "trades"]
    assert "skew" not in first["metrics"]
    assert (first["metrics"]["sharpe"], second["metrics"]["sharpe"], first["parameters"]) == (
        0.7,
        None,
        WINDOWS[0]["parameters"],
    )


def test_of_several_strategies_the_whole_is_as_good_as_the_worst():
    other = Axis("dips.period", ("strategies", "dips", "config", "period"), tuple(range(5, 25)))
    plan, _ = sweep_of(axes=(FAST, SLOW, other), each="strategy")
    good = part_of(plan, (FAST, SLOW), strategy="trend", drift=lambda shares: 0.003 * (0.2 < shares[0] < 0.4))
    noise = part_of(plan, (other,), strategy="dips", drift=lambda shares: 0.0, first=30)
    document = sweep_document(plan, [good, noise])
    own = document["strategies"]
    assert list(own) == ["trend", "dips"]
    assert own["trend"]["deflated_sharpe"] > own["dips"]["deflated_sharpe"] == document["deflated_sharpe"]
    assert document["pbo"] == max(own[name]["pbo"] for name in own)
    assert document["verdict"] == own["dips"]["verdict"]
    assert document["best"] is None
    assert document["top"][0]["strategy"] == "trend"
    undefined = sweep_document(plan, [good, replace(noise, pick=None)])
    assert undefined["deflated_sharpe"] is None
    assert undefined["reasons"]["deflated_sharpe"] == "no trial can be chosen"


def test_returns_of_other_days_are_aligned(swept):
    _, part, _ = swept
    one, two = part.done[:2]
    later = replace(two.measured, days=FIRST + DAY * np.arange(5, 325, dtype=np.int64))
    aligned = TrialReturns([one, replace(two, measured=later)])
    assert aligned.shape == (325, 2)
    assert list(aligned.days) == [FIRST + DAY * place for place in range(325)]
    returns = aligned.some(0, 2)
    assert np.array_equal(aligned.some(1, 2), returns[:, 1:])
    assert np.array_equal(returns[:320, 0], one.measured.returns)
    assert not returns[320:, 0].any()
    assert not returns[:5, 1].any()
    assert np.array_equal(returns[5:, 1], two.measured.returns)
    nothing = Measured(TrialStatus.DONE, returns=np.zeros(3))
    with pytest.raises(ValueError, match="no days"):
        TrialReturns([replace(one, measured=nothing)])
