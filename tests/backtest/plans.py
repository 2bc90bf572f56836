"""Whole plans, written in a few words, and runs of them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import CapitalPlan, DataPlan, InstrumentPlan, RunPlan, Sizing, StrategyPlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.strategies.protocols import Kind
from orchestrate.usecases.running.run import run

HERE = Path(__file__).parent
REAL = HERE.parents[2] / "shared" / "data"
ENGINES = ("backtrader", "nautilus")
CENT = 0.005
FILES = {
    "SPY": "equities_daily/SPY.csv",
    "AAPL": "equities_daily/AAPL.csv",
    "CL": "futures_daily/CL.csv",
    "ZN": "futures_daily/ZN.csv",
    "EURUSD": "fx/EURUSD_1h.csv",
}
FUTURE = InstrumentPlan("", multiplier=Decimal(1000), margin_rate=Decimal("0.1"), asset_class="future")
CONTRACTS = {
    "CL": replace(FUTURE, symbol="CL", tick_size=Decimal("0.01")),
    "ZN": replace(FUTURE, symbol="ZN", tick_size=Decimal("0.015625")),
    "EURUSD": InstrumentPlan("EURUSD", asset_class="fx"),
}


def real(*symbols: str) -> dict[str, DataPlan]:
    """Entries for real series; the test is skipped where they are not there."""
    if not REAL.is_dir():
        pytest.skip("the real market data (../shared/data) is not on this machine")
    return {symbol: DataPlan(symbol, path=str(REAL / FILES[symbol])) for symbol in symbols}


def synthetic(symbol: str, bars: int = 250, seed: int = 7, **more: object) -> DataPlan:
    """A seeded series."""
    return DataPlan(symbol, synthetic={"bars": bars, "seed": seed, **more})


def sized(percent: int | str) -> Sizing:
    """`percent` sizing."""
    return Sizing("percent", Decimal(percent))


def part(
    strategy_id: str,
    name: str,
    framework: str = "backtrader",
    *,
    symbols: Sequence[str] = (),
    weight: Decimal | str | int = 1,
    percent: int | str = 95,
    kind: Kind = "signals",
    **config: object,
) -> StrategyPlan:
    """One strategy; `name` is one of the library or a class in own_strategies.py."""
    reference = name if name.isupper() else f"own_strategies.py:{name}"
    return StrategyPlan(
        strategy_id,
        name,
        kind,
        reference,
        framework,
        Decimal(weight),
        tuple(symbols),
        sizing=sized(percent),
        config=config,
    )


def plan_of(
    parts: Sequence[StrategyPlan],
    data: Mapping[str, DataPlan],
    rules: ExecutionRules | None = None,
    *,
    capital: int | str | Decimal = 100_000,
    **more: Any,
) -> RunPlan:
    """A plan; strategies without symbols get them all."""
    return RunPlan(
        mode="multi" if len(parts) > 1 else "single",
        capital=CapitalPlan(Decimal(capital)),
        data=data,
        instruments={symbol: CONTRACTS[symbol] for symbol in data if symbol in CONTRACTS},
        strategies=tuple(replace(each, symbols=each.symbols or tuple(data)) for each in parts),
        execution=rules or ExecutionRules(),
        root=HERE,
        **more,
    )


def run_plan(plan: RunPlan, **how: Any) -> RunResult:
    """Run it; no strategy may fail."""
    result = run(plan, **how)
    assert {name: each.error for name, each in result.strategies.items() if each.error} == {}
    return result


def fills_of(result: RunResult, strategy_id: str) -> list[tuple[object, ...]]:
    """Everything that is to be said of a strategy's fills."""
    return [
        (one.t, one.fill.order_id, one.fill.symbol, one.fill.quantity, one.fill.price, one.closing, str(one.reason))
        for one in result.fills
        if one.fill.strategy_id == strategy_id
    ]


def digest(result: RunResult) -> str:
    """A fingerprint of all facts of a run but its timings, and what depends on them."""
    hashed = hashlib.sha256()
    for name in (field.name for field in dataclasses.fields(result)):
        if name not in ("timings", "coverage", "plan"):
            hashed.update(f"{name}={_text(getattr(result, name))}\n".encode())
    hashed.update(result.plan.hash.encode())
    return hashed.hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return value.tobytes().hex()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return "(" + ",".join(_text(getattr(value, field.name)) for field in dataclasses.fields(value)) + ")"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return value.hex() if isinstance(value, float) else repr(value)
