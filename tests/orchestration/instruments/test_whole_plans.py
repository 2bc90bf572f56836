"""Runs from plans: natives are refused by name, also where no file says it; the benchmark has its currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.plan import InstrumentPlan
from tests.backtest.plans import part, plan_of, run_plan, synthetic


@pytest.mark.parametrize("key", [{"fx": "R"}, {"borrow": Decimal("0.02")}, {"expiry": "2012-06-15"}])
@pytest.mark.parametrize("kind", ["backtrader", "nautilus"])
def test_a_native_on_such_an_instrument(key: dict[str, Any], kind: str) -> None:
    native, ours = part("own", "Turning", kind, kind=kind, weight="0.5"), part("ours", "Turning", weight="0.5")
    plan = plan_of([native, ours], {"A": synthetic("A"), "R": synthetic("R")})
    instruments = {"A": InstrumentPlan("A", asset_class="future", **key)}
    with pytest.raises(
        ConfigurationError, match=rf"instruments\.A\.{next(iter(key))} with a native strategy, strategies\.own"
    ):
        run_plan(replace(plan, instruments=instruments))


def test_portable_ones_trade_it() -> None:
    every = {"fx": "R", "borrow": Decimal("0.02"), "expiry": "2010-06-15"}
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
