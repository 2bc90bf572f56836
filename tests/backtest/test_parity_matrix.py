"""Both engines give the same fills, and equity to the cent, in every cell of the execution rules."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import DataPlan, MultiFrameworkConfig
from orchestrate.domain.results import DecisionRecord, RunResult
from orchestrate.domain.strategies.protocols import Kind
from tests.backtest.plans import CENT, ENGINES, REAL, digest, fills_of, part, plan_of, real, run_plan, synthetic

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

FILLS: list[Any] = ["next_open", "close"]
COMMISSIONS = {"percent": Commission(percent=0.1), "per share": Commission(per_share=0.005, minimum=1.0)}
SLIPPAGES = {"none": Slippage(), "percent": Slippage(percent=0.05), "ticks": Slippage(ticks=2)}
LOTS: list[Any] = ["integer", "fractional"]
CELLS = list(itertools.product(FILLS, COMMISSIONS, SLIPPAGES, LOTS))
SYNTHETIC = {"SYN": synthetic("SYN", 200, seed=11, start="2019-01-02", volatility=0.6)}


def both_engines(
    fill: Any, commission: str, slippage: str, lots: Any, data: dict[str, DataPlan], **spans: str
) -> list[RunResult]:
    """Two vectorised strategies, long only and both ways, and two others, all of their capital in each trade."""
    rules = ExecutionRules(fill, COMMISSIONS[commission], SLIPPAGES[slippage], lots)
    kinds: list[tuple[str, str, Kind, dict[str, object]]] = [
        ("up", "Turning", "signals", {"window": 8, "long_only": True}),
        ("both", "Turning", "signals", {"window": 8, "long_only": False}),
        ("dips", "Dips", "istrategy", {"falls": 2}),
    ]
    return [
        run_plan(
            plan_of(
                [
                    part(name, strategy, engine, kind=kind, weight="0.25", percent=100, **config)
                    for name, strategy, kind, config in kinds
                ],
                data,
                rules,
                capital=400_000,
                **spans,
            ),
            lookahead=False,
        )
        for engine in ENGINES
    ]


def check_same(runs: list[RunResult]) -> None:
    one, other = runs
    for name in one.strategies:
        fills = fills_of(one, name)
        assert fills == fills_of(other, name)
        assert len(fills) > 30
        assert np.abs(one.strategies[name].equity - other.strategies[name].equity).max() <= CENT
        assert one.strategies[name].fees == pytest.approx(other.strategies[name].fees, abs=CENT)
    sides = {
        record.fill.quantity > 0 for record in one.fills if record.fill.strategy_id == "both" and not record.closing
    }
    assert sides == {True, False}
    assert all(
        record.fill.quantity > 0 for record in one.fills if record.fill.strategy_id != "both" and not record.closing
    )
    assert np.abs(one.portfolio_equity - other.portfolio_equity).max() <= CENT
    assert [facts_of(record) for record in one.decisions] == [facts_of(record) for record in other.decisions]


def facts_of(record: DecisionRecord) -> tuple[object, ...]:
    """A decision without the last digits of its demand: an engine's fees carry eight decimals."""
    decision = record.decision
    return record.t, record.order_id, decision.outcome, decision.reason, decision.quantity, decision.demand.symbol


@pytest.mark.parametrize(("fill", "commission", "slippage", "lots"), CELLS, ids=[" ".join(cell) for cell in CELLS])
def test_synthetic(fill: str, commission: str, slippage: str, lots: str) -> None:
    check_same(both_engines(fill, commission, slippage, lots, SYNTHETIC))


@pytest.mark.parametrize(("fill", "commission", "slippage", "lots"), CELLS, ids=[" ".join(cell) for cell in CELLS])
def test_real(fill: str, commission: str, slippage: str, lots: str) -> None:
    check_same(both_engines(fill, commission, slippage, lots, real("SPY"), start="2019-01-01", end="2019-12-31"))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real market data (../shared/data) is not on this machine")
@pytest.mark.parametrize("symbol", ["CL", "ZN", "EURUSD"])
def test_real_contracts_long_and_short(symbol: str) -> None:
    rules = ExecutionRules("next_open", Commission(percent=0.01), Slippage(ticks=1))
    one, other = (
        run_plan(
            plan_of(
                [part("both", "Turning", engine, window=20)],
                real(symbol),
                rules,
                capital=2_000_000,
                start="2017-01-01",
                end="2017-12-31",
            ),
            lookahead=False,
        )
        for engine in ENGINES
    )
    fills = fills_of(one, "both")
    assert fills == fills_of(other, "both")
    assert len(fills) > 40
    assert np.abs(one.portfolio_equity - other.portfolio_equity).max() <= CENT


@pytest.mark.parametrize("engine", ENGINES)
def test_feeding_every_bar_changes_nothing(engine: str) -> None:
    """And a run that visits every step is the same as one that jumps."""
    results = []
    for feed in ("on_demand", "full"):
        parts = [
            part("up", "Turning", engine, weight="0.5", window=8, long_only=True),
            part("both", "Turning", engine, weight="0.5", window=5),
        ]
        rules = ExecutionRules(commission=Commission(percent=0.1), slippage=Slippage(ticks=1), close_at_end=True)
        results.append(
            digest(
                run_plan(plan_of(parts, SYNTHETIC, rules, frameworks=MultiFrameworkConfig({engine: {"feed": feed}})))
            )
        )
    assert results[0] == results[1]
