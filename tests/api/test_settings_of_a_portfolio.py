"""What a file says of its portfolio can be said in Python, too, and is the same plan."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestrate import (
    AllocationPlan,
    Appointment,
    ConfigurationError,
    MaxPositionPct,
    OrchestratorConfig,
    OrchestratorResult,
    PortfolioPlan,
    RebalancePlan,
    Signal,
    StrategyOrchestrator,
    VolatilityTarget,
)
from orchestrate.config.resolve import resolve
from orchestrate.domain.portfolio import CompatibilityPlan
from orchestrate.wiring import choices, describe, settings_types

ROOT = Path(__file__).parents[2]
DAYS = 60
STAMPS = pd.date_range("2020-01-01", periods=DAYS)


def bars(closes: list[float]) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), closes), index=STAMPS)


#: A moves twice as much as B.
DATA = {
    "A": bars([100.0 + 2 * (day % 5) for day in range(DAYS)]),
    "B": bars([100.0 + day % 3 for day in range(DAYS)]),
}


class One:
    """Buys 100 of each symbol that it trades at its first bar, and notes what others have published."""

    seen: object = None

    def on_bar(self, context: Any) -> Any:
        type(self).seen = context.fact("Two", "mood")
        context.publish("mood", type(self).__name__)
        if len(context.bars(context.symbols[0])) == 1:
            return [Signal.enter(symbol, quantity=100) for symbol in context.symbols]
        return []


class Two(One):
    """The same."""


def run(*, strategies: Any = None, **settings: Any) -> OrchestratorResult:
    pairs = strategies or [(One(), "0.5"), (Two(), "0.5")]
    return StrategyOrchestrator(pairs, OrchestratorConfig(**settings)).run(DATA)


def bought(result: OrchestratorResult) -> list[tuple[str, str, float]]:
    return [(one.fill.strategy_id, one.fill.symbol, one.fill.quantity) for one in result.facts.fills]


FILE = """\
capital: 100000
data: {A: {path: a.csv}, B: {path: a.csv}}
start: 2020-01-21
strategies:
  One:
    name: BUY_AND_HOLD
    symbols: [A]
    priority: 2
    limits: {max_position_pct: 25, max_drawdown: {at: 0.1, action: pause}}
  Two: {name: BUY_AND_HOLD, depends_on: [One]}
portfolio:
  conflicts: net_signal
  exits: included
  limits: {max_gross_leverage: 0.9, max_drawdown: {at: 0.3, action: stop}}
  allocation: {method: inverse_volatility, lookback: 10, every: month}
  rebalance: {threshold: 0.1, every: week, top_up: false}
  target_volatility: {annual: 0.1, lookback: 20, max_leverage: 1.5}
  schedule: [{at: 2020-02-03, pause: One}, {at: 2020-02-10, allocation: {One: 30}}]
"""
SETTINGS: dict[str, Any] = {
    "start": "2020-01-21",
    "conflict_resolution_mode": "net_signal",
    "exits": "included",
    "rebalance_threshold": Decimal("0.1"),
    "allocation": AllocationPlan("inverse_volatility", 10, "month"),
    "limits": {"One": {"max_position_pct": 25.0, "max_drawdown": {"at": 0.1, "action": "pause"}}},
    "priorities": {"One": 2},
    "depends_on": {"Two": ["One"]},
    "symbols": {"One": ["A"]},
    "portfolio": PortfolioPlan(
        limits={"max_gross_leverage": 0.9, "max_drawdown": {"at": 0.3, "action": "stop"}},
        rebalance=RebalancePlan(every="week", top_up=False),
        target_volatility=VolatilityTarget(Decimal("0.1"), 20, Decimal("1.5")),
        schedule=(
            Appointment("2020-02-03", "pause", "One"),
            Appointment("2020-02-10", "allocation", allocation={"One": Decimal(30)}),
        ),
    ),
}


def test_settings_and_a_file_are_the_same_plan(tmp_path: Path) -> None:
    """A's returns vary twice as much as B's; half of `Two` is in A, so its weight is less than that of B alone."""
    (tmp_path / "a.csv").write_text("timestamp,open,high,low,close\n2020-01-01,1,1,1,1\n", encoding="utf-8")
    path = tmp_path / "file.yaml"
    path.write_text(FILE, encoding="utf-8")
    resolution = resolve(path, catalogue=describe, settings=settings_types(), choices=choices())
    assert resolution.plan is not None, resolution.mistakes
    result = run(strategies=(One(), Two()), **SETTINGS)
    ours, theirs = result.facts.plan, resolution.plan
    assert (ours.portfolio, ours.allocation, ours.start) == (theirs.portfolio, theirs.allocation, theirs.start)
    for mine, written in zip(ours.strategies, theirs.strategies, strict=True):
        for name in ("id", "priority", "depends_on", "limits"):
            assert getattr(mine, name) == getattr(written, name)
    assert [one.symbols for one in ours.strategies] == [("A",), ("A", "B")]
    first, second = (one.weight for one in ours.strategies)
    assert (first + second, first < Decimal("0.5")) == (1, True)


@pytest.mark.parametrize("limit", [5.0, {"percent": 5.0}, MaxPositionPct(5.0)])
def test_a_limit_is_written_in_three_ways(limit: object) -> None:
    """5 % of 50,000 are 25 at 100."""
    result = run(limits={"One": {"max_position_pct": limit}})
    assert bought(result) == [("One", "A", 25), ("One", "B", 25), ("Two", "A", 100), ("Two", "B", 100)]


def test_a_limit_of_the_portfolio_holds() -> None:
    """30 % of 100,000 in one symbol leave 200 for the second of two that want 100 each, at 100."""
    result = run(portfolio=PortfolioPlan(limits={"max_symbol_pct": 15.0}), priorities={"One": 1})
    assert sorted(bought(result)) == [("One", "A", 50), ("One", "B", 50), ("Two", "A", 100), ("Two", "B", 100)]


def test_priorities_settle_conflicts() -> None:
    result = run(conflict_resolution_mode="priority", priorities={"One": 1})
    assert bought(result) == [("Two", "A", 100), ("Two", "B", 100)]


@pytest.mark.parametrize(("how", "seen"), [({}, None), ({"depends_on": {"One": ["Two"]}}, "Two")])
def test_who_depends_on_another_sees_its_facts_on_the_same_bar(how: Any, seen: object) -> None:
    """`Two` publishes at every bar; on the only one, `One` has seen that if it comes later."""
    One.seen = None
    config = OrchestratorConfig(end="2020-01-01", **how)
    StrategyOrchestrator([(One(), "0.5"), (Two(), "0.5")], config).run(DATA)
    assert One.seen == seen


def test_a_strategy_trades_its_own_symbols() -> None:
    result = run(symbols={"One": ["B"], "Two": ["A"]}, framework="nautilus")
    assert bought(result) == [("One", "B", 100), ("Two", "A", 100)]


def test_a_schedule_adds_a_strategy() -> None:
    """Until 3 February its share is the reserve's; it moves after the bar before."""
    result = run(portfolio=PortfolioPlan(schedule=(Appointment("2020-02-03", "add", "Two"),)))
    assert [change.status for change in result.strategy_results["Two"].status_changes] == ["waiting", "active"]
    [moved] = result.table("flows").query("strategy_id == 'Two'").to_dict("records")
    assert (moved["amount"], str(moved["label"])[:10]) == (50_000.0, "2020-02-02")


def test_the_example_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is on the page of the Python API; capital is rebalanced, and RSI is paused from 2016 on."""
    monkeypatch.chdir(ROOT)
    section = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("### Settings of a portfolio")[2]
    space: dict[str, Any] = {}
    exec(section.split("```python\n")[1].split("```")[0], space)
    result = space["result"]
    assert result.facts.plan.strategies[0].weight != Decimal("0.5")
    assert [change.status for change in result.strategy_results["RSI"].status_changes] == ["paused"]
    assert len(result.table("flows")) > 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"limits": {"One": {"max_pct": 5}}}, "limits.One: there is no limit 'max_pct'; there are max_position_pct"),
        ({"limits": {"One": {"max_positions": 0}}}, "limits.One.max_positions: count must be more than 0, not 0"),
        ({"limits": {"One": {"max_drawdown": {"at": 0.1, "action": "stop"}}}}, "action must be flatten or pause"),
        ({"limits": {"One": {"cooldown": {"days": 3}}}}, r"limits.One.cooldown: .*days"),
        ({"limits": {"Three": {}}}, "limits: there is no strategy 'Three'; there are One, Two"),
        ({"parameters": {"one": {}}}, "parameters: there is no strategy 'one'; there are One, Two"),
        ({"priorities": {"one": 1}}, "priorities: there is no strategy 'one'"),
        ({"depends_on": {"One": ["Three"]}}, "depends_on.One: there is no strategy 'Three'"),
        ({"depends_on": {"One": ["Two"], "Two": ["One"]}}, "depends_on: One, Two depend on one another in a circle"),
        ({"symbols": {"One": ["C"]}}, "symbols.One: there is no symbol 'C'; there are A, B"),
        ({"portfolio": PortfolioPlan(limits={"cooldown": 3})}, "portfolio.limits: there is no limit 'cooldown'"),
        ({"portfolio": PortfolioPlan("net_signal")}, "say conflicts by conflict_resolution_mode"),
        ({"portfolio": PortfolioPlan(compatibility=CompatibilityPlan(60))}, "is required by files only"),
        (
            {"portfolio": PortfolioPlan(rebalance=RebalancePlan(Decimal(2)))},
            "portfolio.rebalance.threshold must lie between 0 and 1, not 2",
        ),
        (
            {"portfolio": PortfolioPlan(rebalance=RebalancePlan(every="hour"))},  # type: ignore[arg-type]  # refused
            "portfolio.rebalance.every must be None or 'day' or",
        ),
        (
            {"portfolio": PortfolioPlan(schedule=(Appointment("soon", "pause", "One"),))},
            r"portfolio.schedule\[0\].at: 'soon' is no date",
        ),
        (
            {"portfolio": PortfolioPlan(schedule=(Appointment("2020-02-03", "pause", "Three"),))},
            r"portfolio.schedule\[0\]: there is no strategy 'Three'",
        ),
        (
            {"portfolio": PortfolioPlan(target_volatility=VolatilityTarget(Decimal("0.1")))},
            "portfolio.target_volatility scales weights by the calendar: say rebalance.every",
        ),
        ({"allocation": "kelly"}, "allocation must be path.py:function or one of custom, equal"),
        ({"allocation": "equal"}, "allocation 'equal' weighs the strategies: give them no weights"),
        ({"strategies": (One(), Two()), "allocation": "hrp"}, "allocation 'hrp' weighs by the bars before start"),
    ],
)
def test_what_can_not_be_is_refused_before_a_run(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(**settings)


@pytest.mark.parametrize(
    ("annual", "lookback", "most", "message"),
    [
        ("0", 60, "1", "more than 0, not 0 and 1"),
        ("0.1", 60, "-1", "more than 0, not 0.1 and -1"),
        ("0.1", 1, "1", "1 returns have no volatility"),
    ],
)
def test_a_target_volatility_is_legal_from_birth(annual: str, lookback: int, most: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VolatilityTarget(Decimal(annual), lookback, Decimal(most))
