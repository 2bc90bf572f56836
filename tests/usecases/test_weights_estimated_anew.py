"""Data-driven weights during a run: at each new month they are those of the strategies' own last returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrate.analytics.returns import curve_of
from orchestrate.domain.events import CapitalRebalancedEvent, DomainEvent
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.portfolio import AllocationPlan, PortfolioPlan, RebalancePlan
from orchestrate.domain.results import RunResult
from orchestrate.usecases.running.run import run
from tests.backtest.plans import part, plan_of, synthetic

LOOKBACK = 40
MONTHLY = PortfolioPlan(rebalance=RebalancePlan(None, "month"))


def plan(allocation: AllocationPlan, portfolio: PortfolioPlan = MONTHLY) -> RunPlan:
    """A calm strategy and a wild one, always in the market, with cash to give; of equal weights at first."""
    data = {"CALM": synthetic("CALM", 250, 3, volatility=0.1), "WILD": synthetic("WILD", 250, 4, volatility=0.5)}
    strategies = [
        part("calm", "Turning", "backtrader", symbols=["CALM"], weight="0.5", percent=40),
        part("wild", "Turning", "nautilus", symbols=["WILD"], weight="0.5", percent=40),
    ]
    return plan_of(strategies, data, allocation=allocation, portfolio=portfolio)


def rebalances(of: RunPlan) -> tuple[RunResult, list[CapitalRebalancedEvent]]:
    events: list[DomainEvent] = []
    result = run(of, emit=events.append, lookahead=False)
    assert {each.status for each in result.strategies.values()} == {"completed"}
    return result, [event for event in events if isinstance(event, CapitalRebalancedEvent)]


def share_of_calm(event: CapitalRebalancedEvent) -> float:
    return float(event.allocations["calm"] / sum(event.allocations.values()))


def inverse_volatility(result: RunResult, step: int) -> float:
    """The weight of `calm` from the last returns up to a step."""
    curves = [curve_of([result.strategies[name]]).equity[step - LOOKBACK + 1 : step + 1] for name in ("calm", "wild")]
    one, other = (1 / (curve[1:] / curve[:-1] - 1).std(ddof=1) for curve in curves)
    return float(one / (one + other))


@pytest.mark.parametrize(
    ("allocation", "portfolio"),
    [
        (AllocationPlan("inverse_volatility", LOOKBACK), MONTHLY),
        (AllocationPlan("inverse_volatility", LOOKBACK, "month"), PortfolioPlan()),
    ],
    ids=["at calendar rebalances", "by themselves"],
)
def test_weights_follow_the_last_returns(allocation: AllocationPlan, portfolio: PortfolioPlan) -> None:
    result, events = rebalances(plan(allocation, portfolio))
    steps = {int(label): step for step, label in enumerate(result.labels)}
    before = [event for event in events if steps[event.t or 0] < LOOKBACK - 1]
    later = [event for event in events if steps[event.t or 0] >= LOOKBACK - 1]
    assert len(later) >= 8
    for event in before:
        assert share_of_calm(event) == pytest.approx(0.5, abs=0.03)
    for event in later:  # prices have gone on for a bar since the decision
        weight = inverse_volatility(result, steps[event.t or 0])
        assert weight > 0.6
        assert share_of_calm(event) == pytest.approx(weight, abs=0.03)


def test_equal_weights_stay_equal() -> None:
    _, events = rebalances(plan(AllocationPlan("equal", LOOKBACK, "month"), PortfolioPlan()))
    assert len(events) >= 8
    assert np.allclose([share_of_calm(event) for event in events], 0.5, atol=0.03)


def test_a_function_of_ones_own(tmp_path: Path) -> None:
    """Called with a column a strategy and a row a bar, in the order of the file."""
    (tmp_path / "mine.py").write_text(
        "def mostly(returns, strategies):\n"
        f"    assert returns.shape == ({LOOKBACK - 1}, 2) and list(returns.columns) == strategies\n"
        "    return {'calm': 0.7, 'wild': 0.1}\n"
    )
    allocation = AllocationPlan(f"{(tmp_path / 'mine.py').as_posix()}:mostly", LOOKBACK)
    _, events = rebalances(plan(allocation))
    assert [share_of_calm(event) for event in events[-8:]] == pytest.approx([0.7] * 8, abs=0.03)


def test_returns_that_decide_nothing_change_nothing() -> None:
    """`wild` never trades; its returns do not vary."""
    quiet = plan(AllocationPlan("inverse_volatility", LOOKBACK))
    strategies = (
        *quiet.strategies[:1],
        part("wild", "Quiet", symbols=["WILD"], weight="0.5", kind="on_bar"),
    )
    _, events = rebalances(plan_of(strategies, quiet.data, allocation=quiet.allocation, portfolio=MONTHLY))
    assert events
    assert np.allclose([share_of_calm(event) for event in events], 0.5, atol=0.03)
