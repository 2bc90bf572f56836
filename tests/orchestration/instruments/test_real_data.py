"""Instruments on real data: both engines, with jumps and bar by bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.errors import DataError
from orchestrate.domain.orders.execution import Commission, ExecutionRules, FillRule, Slippage
from orchestrate.domain.plan import DataPlan, InstrumentPlan, MultiFrameworkConfig, RunPlan, StrategyPlan
from orchestrate.domain.portfolio import PortfolioPlan, RebalancePlan
from orchestrate.domain.results import RunResult
from tests.backtest.plans import CONTRACTS, ENGINES, REAL, digest, fills_of, part, plan_of, real, run_plan

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

MONTHLY = PortfolioPlan(rebalance=RebalancePlan(Decimal("0.02"), "month"))
FULL = MultiFrameworkConfig({engine: {"feed": "full"} for engine in ENGINES})


def both_ways(
    parts: Sequence[StrategyPlan], symbols: Sequence[str], instruments: Mapping[str, InstrumentPlan], **more: object
) -> RunResult:
    """Run with jumps and with every bar visited; both give the same digest."""
    return ways_agree(replace(plan_of(parts, real(*symbols), **more), instruments=instruments))


def ways_agree(plan: RunPlan) -> RunResult:
    """Run with jumps and with every bar visited; both give the same digest."""
    jumping, dense = run_plan(plan), run_plan(replace(plan, frameworks=FULL))
    assert digest(jumping) == digest(dense)
    return jumping


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_crude_oil_is_settled(fill: str) -> None:
    """The last close on or before 2015-06-21, a Sunday, is that of Friday; the other strategy goes on."""
    oil = replace(CONTRACTS["CL"], expiry="2015-06-21")
    parts = [
        part(f"{engine}_{symbol.lower()}", "Turning", engine, symbols=[symbol], weight="0.25", window=20)
        for engine in ENGINES
        for symbol in ("CL", "SPY")
    ]
    rules = replace(plan_of(parts, {}).execution, fill=fill)
    span = {"start": "2015-01-02", "end": "2015-12-31", "capital": 4_000_000}
    result = both_ways(parts, ["CL", "SPY"], {"CL": oil}, rules=rules, **span)
    [last_backtrader], [last_nautilus] = (
        [record for record in result.fills if record.fill.strategy_id == f"{engine}_cl" and record.reason]
        for engine in ENGINES
    )
    assert str(last_backtrader.reason) == "settlement"
    assert (last_backtrader.t, last_backtrader.fill.price) == (1_434_672_000_000_000_000, 59.61)
    assert [row[0:1] + row[2:] for row in fills_of(result, "backtrader_cl")] == [
        row[0:1] + row[2:] for row in fills_of(result, "nautilus_cl")
    ]
    assert last_nautilus.fill.price == 59.61
    assert result.strategies["backtrader_cl"].open_positions == ()
    assert any("no later" in one.message or "not rolled" in one.message for one in result.findings)


@pytest.mark.parametrize(("fill", "more"), [("next_open", {}), ("close", {"portfolio": MONTHLY})])
def test_shares_and_crude_oil_in_other_currencies(fill: FillRule, more: Mapping[str, Any]) -> None:
    """Apple as if it were quoted in euros, oil in pounds; both engines fill and earn the same."""
    daily = {name: DataPlan(name, path=str(REAL / "fx" / f"{name}_1d.csv")) for name in ("EURUSD", "GBPUSD")}
    instruments = {
        "AAPL": InstrumentPlan("AAPL", currency="EUR", fx="EURUSD", borrow=Decimal("0.03")),
        "CL": replace(CONTRACTS["CL"], currency="GBP", fx="GBPUSD"),
    }
    parts = [
        part(f"{engine}_{symbol.lower()}", "Turning", engine, symbols=[symbol], weight="0.25", percent=60)
        for engine in ENGINES
        for symbol in ("AAPL", "CL")
    ]
    rules = ExecutionRules(fill=fill, commission=Commission(percent=0.05, minimum=2.0), slippage=Slippage(percent=0.02))
    plan = plan_of(
        parts, real("AAPL", "CL") | daily, rules, capital=8_000_000, start="2010-01-01", end="2014-05-30", **more
    )
    result = ways_agree(replace(plan, instruments=instruments))
    for symbol in ("aapl", "cl"):
        ours, theirs = (result.strategies[f"{engine}_{symbol}"] for engine in ENGINES)
        assert len(ours.trades) > 50
        assert ours.equity.tolist() == pytest.approx(theirs.equity.tolist(), rel=1e-9)
    assert result.strategies["nautilus_aapl"].fees > sum(
        record.fill.fee for record in result.fills if record.fill.strategy_id == "nautilus_aapl"
    )
    rates = {record.fill.rate for record in result.fills}
    assert len(rates) > 100
    assert min(rates) > 1.1


def test_a_rate_that_begins_too_late_is_an_error_before_the_run() -> None:
    late = replace(real("EURUSD")["EURUSD"], path=str(REAL / "fx" / "EURUSD_1d.csv"))
    plan = plan_of([part("a", "Turning", symbols=["SPY"])], real("SPY") | {"EURUSD": late}, end="2010-12-31")
    shares = {"SPY": InstrumentPlan("SPY", currency="EUR", fx="EURUSD")}
    with pytest.raises(DataError, match=r"SPY has no rate at its first bar, 1998-01-02.*EURUSD begins at 2007-01-01"):
        run_plan(replace(plan, instruments=shares))
