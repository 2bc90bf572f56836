"""`portfolio.rebalance` and `portfolio.target_volatility`, as they are written and as they are planned."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from orchestrate.config.resolve import Resolution
from orchestrate.domain.portfolio import PortfolioPlan, RebalancePlan, VolatilityTarget

Read = Callable[..., Resolution]
FILE = """\
data: {IBM: {synthetic: {seed: 7}}}
strategies: {a: {name: RSI, allocation: 40}}
portfolio:
"""


def read_portfolio(read: Read, *lines: str) -> PortfolioPlan:
    resolution = read(FILE + "\n".join(f"  {line}" for line in lines))
    assert not resolution.mistakes
    assert resolution.plan is not None
    return resolution.plan.portfolio


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        ("{threshold: 0.05}", RebalancePlan(Decimal("0.05"))),
        ("{every: quarter}", RebalancePlan(None, "quarter")),
        ("{threshold: 0.1, every: week, top_up: false}", RebalancePlan(Decimal("0.1"), "week", top_up=False)),
        ("{top_up: false}", RebalancePlan(top_up=False)),
        ("", RebalancePlan()),
    ],
)
def test_a_rebalance(read: Read, written: str, planned: RebalancePlan) -> None:
    plan = read_portfolio(read, f"rebalance: {written}")
    assert plan.rebalance == planned
    assert plan.moves_capital is (planned.threshold is not None or planned.every is not None)


def test_a_target_volatility(read: Read) -> None:
    plan = read_portfolio(read, "rebalance: {every: month}", "target_volatility: {annual: 0.1, max_leverage: 1.5}")
    assert plan.target_volatility == VolatilityTarget(Decimal("0.1"), 60, Decimal("1.5"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["target_volatility: {annual: 0.1}"], "weights are scaled at calendar rebalances, and there are none"),
        (["rebalance: {every: decade}"], "portfolio.rebalance.every must be day, week, month, quarter or year"),
        (["rebalance: {threshold: 0}"], "portfolio.rebalance.threshold"),
        (["rebalance: {threshold: 1.5}"], "portfolio.rebalance.threshold"),
        (["rebalance: {every: month}", "target_volatility: {annual: 0.1, lookback: 1}"], "lookback"),
    ],
)
def test_what_can_not_be(read: Read, lines: list[str], message: str) -> None:
    resolution = read(FILE + "\n".join(f"  {line}" for line in lines))
    [problem] = resolution.mistakes
    assert message in problem.message
    assert resolution.plan is None


@pytest.mark.parametrize(
    ("lines", "warned"),
    [
        (["rebalance: {top_up: false}"], True),
        (["rebalance: {}"], False),
        (["rebalance: {every: month, top_up: false}"], False),
        (["rebalance: {top_up: false}", "allocation: {method: equal, every: month}"], False),
        (["rebalance: {top_up: false}", "schedule: [{at: 2020-01-02, allocation: {a: 20}}]"], False),
    ],
)
def test_a_rebalance_that_nothing_starts_is_a_warning(read: Read, lines: list[str], warned: bool) -> None:
    resolution = read(FILE + "\n".join(f"  {line}" for line in lines))
    assert ("portfolio.rebalance" in [finding.where for finding in resolution.findings]) is warned
