"""The plan's hash names what can change a result, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import (
    Adjustment,
    CapitalPlan,
    DataPlan,
    Gate,
    InstrumentPlan,
    LoggingPlan,
    MultiFrameworkConfig,
    RunPlan,
    Sizing,
    StrategyPlan,
)

TREND = StrategyPlan("trend", "MOMENTUM", "signals", "MOMENTUM", "backtrader", Decimal("0.4"), ("A", "B"))
PLAN = RunPlan(
    mode="multi",
    capital=CapitalPlan(Decimal(300_000)),
    data={"A": DataPlan("A", path="a.csv"), "B": DataPlan("B", synthetic={"bars": 10, "seed": 7})},
    instruments={"A": InstrumentPlan("A", tick_size=Decimal("0.01"))},
    strategies=(replace(TREND, config={"fast": 20, "slow": 50}),),
    frameworks=MultiFrameworkConfig({"nautilus": {"feed": "on_demand"}}),
    gates=(Gate("sharpe", ">=", 0.5),),
    root=Path("/somewhere"),
)


def test_the_hash_is_one_of_sha256_and_stays_what_it_is() -> None:
    assert len(PLAN.hash) == 64
    assert replace(PLAN).hash == PLAN.hash


@pytest.mark.parametrize(
    "same",
    [
        replace(PLAN, root=Path("/elsewhere")),
        replace(PLAN, frameworks=MultiFrameworkConfig({"nautilus": {"feed": "full"}})),
        replace(PLAN, frameworks=MultiFrameworkConfig({"nautilus": {}})),
        replace(PLAN, frameworks=MultiFrameworkConfig({})),
        replace(
            PLAN, frameworks=MultiFrameworkConfig({"backtrader": {"feed": "full"}, "nautilus": {"feed": "on_demand"}})
        ),
        replace(PLAN, logging=LoggingPlan("elsewhere.jsonl", "error", "me")),
        replace(PLAN, data=dict(reversed(PLAN.data.items()))),
        replace(PLAN, data={**PLAN.data, "B": DataPlan("B", synthetic={"seed": 7, "bars": 10})}),
        replace(PLAN, strategies=(replace(TREND, config={"slow": 50, "fast": 20}),)),
        replace(PLAN, capital=CapitalPlan(Decimal("300000.00"))),
    ],
    ids=["root", "feed", "feed unsaid", "no frameworks", "feeds", "logging", "data order", "keys", "config", "zeros"],
)
def test_what_the_hash_does_not_look_at(same: RunPlan) -> None:
    assert same.hash == PLAN.hash


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, capital=CapitalPlan(Decimal("300000.01"))),
        replace(PLAN, data={"A": PLAN.data["A"]}),
        replace(PLAN, data={**PLAN.data, "A": DataPlan("A", path="b.csv")}),
        replace(PLAN, data={**PLAN.data, "A": DataPlan("A", path="a.csv", adjust=Adjustment(dividends=True))}),
        replace(PLAN, instruments={}),
        replace(PLAN, strategies=(replace(TREND, config={"fast": 21, "slow": 50}),)),
        replace(PLAN, strategies=(replace(TREND, framework="nautilus"),)),
        replace(PLAN, strategies=(replace(TREND, symbols=("B", "A")),)),
        replace(PLAN, strategies=(replace(TREND, sizing=Sizing("percent", Decimal(96))),)),
        replace(PLAN, execution=ExecutionRules(fill="close")),
        replace(PLAN, execution=ExecutionRules(commission=Commission(percent=0.1))),
        replace(PLAN, execution=ExecutionRules(slippage=Slippage(ticks=1))),
        replace(PLAN, frameworks=MultiFrameworkConfig({"nautilus": {"feed": "on_demand", "venue": "SIM"}})),
        replace(PLAN, start="2020-01-01"),
        replace(PLAN, periods_per_year=252.0),
    ],
)
def test_what_changes_the_hash(other: RunPlan) -> None:
    assert other.hash != PLAN.hash


def test_the_plan_as_json() -> None:
    document = json.loads(json.dumps(PLAN.to_dict()))
    assert "root" not in document
    assert document["capital"] == {"total": 300_000, "mode": "isolated", "currency": "USD"}
    assert document["strategies"][0]["weight"] == 0.4
    risk = {"stop_atr": 2, "period": 14, "take_profit_risk_reward": None}
    assert document["strategies"][0]["sizing"] == {"method": "percent", "value": 95, "lookback": 60, **risk}
    assert document["strategies"][0]["symbols"] == ["A", "B"]
    assert document["instruments"]["A"]["tick_size"] == 0.01
    assert document["gates"] == [{"metric": "sharpe", "operator": ">=", "threshold": 0.5}]


def test_paths_in_a_plan_read_the_same_everywhere() -> None:
    plan = replace(PLAN, strategies=(replace(TREND, config={"model": Path("models") / "a.bin"}),))
    assert plan.to_dict()["strategies"][0]["config"] == {"model": "models/a.bin"}  # type: ignore[index]  # JSON


def test_a_gate_reads_as_it_is_written() -> None:
    assert str(Gate("strategies.trend.trades", ">=", 5.0)) == "strategies.trend.trades >= 5.0"
