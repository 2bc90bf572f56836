"""Strategies that nothing couples are run once for each of their settings, and every figure stays as it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.summary import summarise
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import CapitalPlan, RunPlan, StrategyPlan
from orchestrate.domain.portfolio import PortfolioPlan, RebalancePlan
from orchestrate.domain.results import RunResult
from orchestrate.usecases.running.run import run
from orchestrate.usecases.sweeping.independent import IndependentStrategies, is_separable
from orchestrate.usecases.sweeping.workbench import Workbench
from tests.backtest.plans import part, plan_of, synthetic

DATA = {"A": synthetic("A", 70, seed=3, gaps=0.1), "B": synthetic("B", 50, seed=4, gaps=0.3, start="2010-02-01")}
RULES = ExecutionRules(commission=Commission(percent=0.1, minimum=1.0), slippage=Slippage(ticks=1))


def strategies(window: int = 4, falls: int = 1) -> list[StrategyPlan]:
    """Four on both engines; one of them reads facts where it is asked to, one fails, and a third of capital is left."""
    return [
        part("turning", "Turning", "nautilus", weight="0.23", percent=100, window=window),
        part("dips", "Dips", weight="0.19", kind="istrategy", falls=falls),
        part("spread", "Spread", "nautilus", weight="0.13", kind="on_bar"),
        part("broken", "Unmakeable", weight="0.11", kind="on_bar"),
    ]


def plan(parts: Sequence[StrategyPlan] | None = None, **more: Any) -> RunPlan:
    return plan_of(parts or strategies(), DATA, RULES, **more)


class Counted(Workbench):
    """A workbench that notes which strategies each run has."""

    def __init__(self, first: RunPlan) -> None:
        super().__init__(first)
        self.ran: list[str] = []

    def run(self, plan: RunPlan) -> RunResult:
        self.ran.append(" ".join(one.id for one in plan.strategies))
        return super().run(plan)


def figures_of(one: RunPlan) -> dict[str, str]:
    """Every figure of a whole run, to the last bit."""
    document: Any = summarise(run(one))
    named = {name: document["portfolio"]["metrics"][name] for name in METRICS}
    for name, facts in document["strategies"].items():
        named |= {f"{name}.{metric}": facts["metrics"][metric] for metric in METRICS}
    return {name: repr(value) for name, value in (named | {"": document["portfolio"]["final_equity"]}).items()}


def require_equal(workbench: Workbench, one: RunPlan) -> None:
    trial = workbench.trial(one)
    assert {name: repr(value) for name, value in ({**trial.metrics, "": trial.final_equity}).items()} == figures_of(one)


def test_only_what_varies_is_run_again_and_no_bit_differs() -> None:
    plans = [plan(strategies(window, falls)) for window, falls in ((4, 1), (5, 1), (5, 2), (4, 2), (4, 1))]
    workbench = Counted(plans[0])
    for one in plans:
        require_equal(workbench, one)
    assert workbench.ran == ["turning dips spread broken", "turning", "dips"]


def test_other_rules_run_everything_again() -> None:
    workbench = Counted(plan())
    for percent in (0.1, 0.2, 0.1):
        fees = replace(RULES, commission=Commission(percent=percent))
        require_equal(workbench, replace(plan(), execution=fees))
    assert workbench.ran == ["turning dips spread broken"] * 3


def test_reasons_are_the_same_whatever_was_run_before() -> None:
    poor = plan(capital=1_000)
    alone, after = Workbench(poor), Workbench(poor)
    after.trial(plan(strategies(5), capital=1_000))
    document: Any = summarise(run(poor))
    expected = {one["reason"]: one["count"] for one in document["demands"]["reasons"]}
    assert [*alone.trial(poor).reasons.items()] == [*after.trial(poor).reasons.items()] == sorted(expected.items())
    assert expected


COUPLED = {
    "a common account": {"capital": CapitalPlan(Decimal(100_000), "pooled")},
    "a conflict policy": {"portfolio": PortfolioPlan(conflicts="priority")},
    "a limit": {"portfolio": PortfolioPlan(limits={"max_gross_leverage": Decimal(1)})},
    "a rebalance": {"portfolio": PortfolioPlan(rebalance=RebalancePlan(threshold=Decimal("0.1")))},
}


@pytest.mark.parametrize("what", COUPLED)
def test_strategies_that_a_plan_couples_are_run_together(what: str) -> None:
    assert is_separable(plan())
    assert not is_separable(replace(plan(), **COUPLED[what]))


def test_a_dependency_a_limit_of_a_strategy_and_a_native_couple() -> None:
    first, *others = strategies()
    for change in ({"depends_on": ("dips",)}, {"limits": {"max_position_pct": Decimal(50)}}, {"kind": "backtrader"}):
        assert not is_separable(plan([replace(first, **change), *others]))
    assert not is_separable(plan([first]))


def test_strategies_that_exchange_facts_are_run_together() -> None:
    quiet = part("quiet", "Quiet", weight="0.1", kind="on_bar")  # it publishes one
    parts = [[*strategies(window), quiet] for window in (4, 5)]
    workbench = Counted(plan(parts[0]))
    for own in parts:
        require_equal(workbench, plan(own))
    together = "turning dips spread broken quiet"
    assert workbench.ran == [together] * 3  # the first run says that they do


def test_results_take_no_more_memory_than_they_may() -> None:
    workbench = Workbench(plan())
    ran: list[int] = []

    def noted(one: RunPlan) -> tuple[RunResult, bool]:
        ran.append(len(one.strategies))
        return workbench.run(one), False

    independent = IndependentStrategies(workbench._equipment, noted, room=1)
    dice = random.Random(1)
    for _ in range(3):
        assert independent.result(plan(strategies(dice.randrange(3, 9)))) is not None
    assert ran == [4, 4, 4]
