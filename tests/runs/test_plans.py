"""A stored plan, read again, is the plan that was run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate import wiring
from orchestrate.domain.errors import StoreError
from orchestrate.domain.plan import BaselineGate, plan_hash
from orchestrate.runs.plans import plan_of
from orchestrate.runs.reading import StoredRun

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
RICH = """\
capital: {total: 1000.1, mode: pooled}
data:
  A: {path: a.csv, adjust: {splits: {2014-06-09: 7}}, columns: {close: last}}
  B: {resample: {of: A, to: 1d}}
  R: {synthetic: {bars: 10, seed: 1, frequency: 1d}}
instruments: {A: {margin_rate: 0.1, fx: R, currency: EUR, lot: 0.01, expiry: 2020-01-01, asset_class: future}}
strategies:
  one: {name: MOMENTUM, symbols: [A], allocation: 33.3,
        limits: {max_drawdown: {at: 0.3, action: pause}, max_positions: 1}}
  two: {name: RSI, symbols: [A], allocation: 20, depends_on: [one], sizing: {method: risk, risk: 0.01}}
portfolio:
  limits: {max_symbol_pct: 60, max_daily_loss: 0.02}
  rebalance: {threshold: 0.1, every: month}
  target_volatility: {annual: 0.1}
  schedule: [{at: 2019-01-02, pause: one}, {at: 2019-03-02, allocation: {one: 50.5, two: 10}}]
execution: {commission: {percent: 0.1, minimum: 1}, slippage: {ticks: 1}, lots: fractional}
gates: {sharpe: ">= 0.5"}
frameworks: {nautilus: {feed: full}}
"""


def stored(plan, **changes):
    """The plan as it is stored, with a hash that fits what was changed."""
    facts = json.loads(json.dumps(plan.to_dict())) | changes
    try:
        known = plan_hash(facts)
    except (AssertionError, AttributeError):
        known = plan.hash
    return StoredRun(Path("RUN"), {"plan_hash": known, "root": str(plan.root)}, {}, facts)


def planned(path):
    plan = wiring.read_plan(path).plan
    assert plan is not None
    return plan


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_plan_is_read_as_it_was(path):
    plan = planned(path)
    assert plan_of(stored(plan)) == plan


def test_a_gate_against_a_baseline_is_read_as_one():
    plan = planned(CONFIGS[0].parent / "portfolio.yaml")
    gates = (*plan.gates, BaselineGate("sharpe", ">=", -0.1, 1.5))
    read = plan_of(stored(replace(plan, gates=gates)))
    assert read.gates == gates
    assert [type(gate) for gate in read.gates] == [type(gate) for gate in gates]


def test_every_section_is_read_as_it_was(tmp_path):
    (tmp_path / "rich.yaml").write_text(RICH)
    (tmp_path / "a.csv").write_text("timestamp,open,high,low,last\n2019-01-01,1,1,1,1\n")
    plan = planned(tmp_path / "rich.yaml")
    read = plan_of(stored(plan))
    assert read == plan
    assert plan_of(stored(plan), Path("elsewhere")).root == Path("elsewhere")


DAMAGE = [
    {"capital": 7},
    {"frameworks": 7},
    {"frameworks": {"nautilus": 7}},
    {"strategies": [{"id": "x"}]},
    {"strategies": [7]},
    {"extra": 1},
    {"data": {"A": {"symbol": 5}}},
    {"data": []},
    {"gates": [{"metric": "sharpe", "operator": ">=", "threshold": "much"}]},
    {"execution": {"lots": "integer", "strategy_timeout": -1}},
    {"portfolio": {"limits": {"no_such_limit": {}}}},
    {"periods_per_year": [1]},
]


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_a_plan_that_is_none_is_damaged(damage):
    plan = planned(CONFIGS[0].parent / "portfolio.yaml")
    with pytest.raises(StoreError, match=r"RUN/plan.json: damaged: \S"):
        plan_of(stored(plan, **damage))


def test_another_plan_is_damaged():
    run = stored(planned(CONFIGS[0].parent / "portfolio.yaml"))
    run.plan["mode"] = "single"
    with pytest.raises(StoreError, match=r"RUN/plan.json: damaged: it is not the plan whose hash stands in run.json"):
        plan_of(run)


def test_what_a_later_version_adds_to_plans_has_its_default():
    """A plan that was stored without a field is read, and its hash is the one that was stored with it."""
    plan = planned(CONFIGS[0].parent / "portfolio.yaml")
    facts = json.loads(json.dumps(plan.to_dict()))
    del facts["benchmark"], facts["portfolio"]["schedule"], facts["execution"]["ruin"]
    older = StoredRun(Path("RUN"), {"plan_hash": plan_hash(facts), "root": str(plan.root)}, {}, facts)
    assert plan_of(older) == plan
