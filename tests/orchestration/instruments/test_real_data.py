"""Instruments on real data: both engines, with jumps and bar by bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from orchestrate.domain.plan import InstrumentPlan, MultiFrameworkConfig, StrategyPlan
from orchestrate.domain.results import RunResult
from tests.backtest.plans import CONTRACTS, ENGINES, digest, fills_of, part, plan_of, real, run_plan

FULL = MultiFrameworkConfig({engine: {"feed": "full"} for engine in ENGINES})


def both_ways(
    parts: Sequence[StrategyPlan], symbols: Sequence[str], instruments: Mapping[str, InstrumentPlan], **more: object
) -> RunResult:
    """Run with jumps and with every bar visited; both give the same digest."""
    plan = replace(plan_of(parts, real(*symbols), **more), instruments=instruments)
    jumping, dense = run_plan(plan), run_plan(replace(plan, frameworks=FULL))
    assert digest(jumping) == digest(dense)
    return jumping


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_crude_oil_is_settled(fill: str) -> None:
    """The last close on or before 2015-06-21, a Sunday, is that of Friday; the other strategy goes on."""
    oil = replace(CONTRACTS["CL"], expiry="2015-06-21")
    parts = [
        part(f"{engine}_{symbol.lower()}", "Turning", engine, symbols=[symbol], weight="0.25")
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
