"""Runs from plans: natives and portable strategies, the benchmark has its currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from orchestrate.analytics.exposure import rows
from orchestrate.domain.plan import InstrumentPlan
from orchestrate.domain.strategies.protocols import Kind
from tests.backtest.plans import part, plan_of, run_plan, synthetic


@pytest.mark.parametrize(
    ("kind", "reference", "config"),
    [
        ("backtrader", "backtrader.strategies.sma_crossover:MA_CrossOver", {"fast": 3, "slow": 8}),
        (
            "nautilus",
            "nautilus_trader.examples.strategies.ema_cross:EMACross",
            {"trade_size": 10, "fast_ema_period": 3, "slow_ema_period": 8},
        ),
    ],
)
def test_natives_trade_it(kind: Kind, reference: str, config: dict[str, object]) -> None:
    every = {"fx": "R", "borrow": Decimal("0.02"), "expiry": "2010-07-01"}
    own = replace(part("own", "Turning", kind, kind=kind, symbols=["A"], **config), reference=reference)
    plan = plan_of([own], {"A": synthetic("A"), "R": synthetic("R", price=2.0)})
    future = InstrumentPlan("A", asset_class="future", margin_rate=Decimal("0.1"), **every)  # type: ignore[arg-type]
    result = run_plan(replace(plan, instruments={"A": future}))
    assert result.strategies["own"].error is None
    assert str(result.fills[-1].reason) == "settlement"
    assert all(record.fill.rate != 1.0 for record in result.fills)


def test_portable_ones_trade_it() -> None:
    every = {"fx": "R", "borrow": Decimal("0.02"), "expiry": "2010-07-01"}
    plan = plan_of([part("ours", "Turning", symbols=["A"])], {"A": synthetic("A"), "R": synthetic("R")})
    future = InstrumentPlan("A", asset_class="future", margin_rate=Decimal("0.1"), **every)  # type: ignore[arg-type]
    result = run_plan(replace(plan, instruments={"A": future}, benchmark="A"))
    assert str(result.fills[-1].reason) == "settlement"
    assert result.strategies["ours"].fees > 0
    assert result.benchmark is not None
    alone = run_plan(replace(plan, instruments={"A": replace(future, fx=None)}, benchmark="A")).benchmark
    assert alone is not None
    rates = run_plan(replace(plan, benchmark="R")).benchmark
    assert rates is not None
    assert result.benchmark.tolist() == (alone * rates).tolist()
    assert {finding.where for finding in result.findings} >= {"instruments.A", "strategies.ours"}


@pytest.mark.parametrize("asset_class", ["equity", "future"])
def test_exposure_and_margin_are_in_the_capitals_currency(asset_class: str) -> None:
    """Of the last step: what is held, at its close and the rate's; what was paid, at the rate of the entry."""
    plan = plan_of(
        [part("ours", "Turning", symbols=["A"], percent=40)], {"A": synthetic("A"), "R": synthetic("R", price=2.0)}
    )
    foreign = InstrumentPlan("A", asset_class=asset_class, margin_rate=Decimal("0.5"), fx="R")
    result = run_plan(replace(plan, instruments={"A": foreign}))
    [position] = result.strategies["ours"].open_positions
    holding = result.strategies["ours"].holdings["A"]
    assert holding.rates is not None
    worth = abs(position.quantity) * float(holding.closes[-1]) * float(holding.rates.closes[-1])
    paid = abs(position.quantity) * position.average_price * result.fills[-1].fill.rate
    initial = position.instrument.initial_rate(position.quantity)
    [own] = [row.columns for row in rows(result) if row.group.scope == "strategy"]
    last = {name: float(column[-1]) for name, column in own.items()}
    assert last["gross"] == pytest.approx(worth)
    assert last["margin_initial"] == pytest.approx(worth * initial)
    assert last["margin_maintenance"] == pytest.approx(worth * position.instrument.maintenance(position.quantity))
    assert last["used"] == pytest.approx(paid * initial)
    equity = float(result.strategies["ours"].equity[-1])
    earned = sum(trade.profit for trade in result.strategies["ours"].trades)
    assert last["available"] == pytest.approx(max(0.0, min(100_000 + earned - last["used"], equity - worth * initial)))
