"""A file with every key is read without a mistake."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from orchestrate.config.resolve import Resolution
from orchestrate.domain.portfolio import RebalancePlan

Read = Callable[..., Resolution]

EXAMPLE = (Path(__file__).parent / "full_example.yaml").read_text(encoding="utf-8")
FILES = {"data/IBM.csv": "", "base.yaml": "portfolio: {over_100: normalize}\n"}


def test_the_example_is_a_plan(read: Read) -> None:
    resolution = read(EXAMPLE, files=FILES)
    assert not resolution.mistakes
    assert not resolution.findings
    plan = resolution.plan
    assert plan is not None
    (trend,) = plan.strategies
    assert (trend.id, trend.name, trend.framework) == ("trend", "MOMENTUM", "backtrader")
    assert (trend.weight, trend.symbols, trend.priority) == (Decimal("0.4"), ("IBM",), 1)
    assert (plan.capital.total, plan.start, plan.end, plan.periods_per_year) == (
        300000,
        "2010-01-01",
        "2020-12-31",
        252,
    )
    assert plan.data["DEMO"].synthetic is not None
    assert plan.data["DEMO"].synthetic["seed"] == 7
    assert plan.portfolio.rebalance == RebalancePlan(Decimal("0.10"), "month", top_up=True)
    assert plan.execution.commission.percent == 0.1
    assert [gate.metric for gate in plan.gates] == ["sharpe", "max_drawdown", "strategies.trend.trades"]
