"""Runs of small markets on each engine, with jumps and bar by bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import PLAIN, HarnessRun, Part, run_harness

ENGINES = [InMemoryAdapter, BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter]
Bars = Sequence[tuple[float, float] | float | None]


@pytest.fixture(params=[(engine, full) for engine in ENGINES for full in (False, True)], ids=str)
def run(request: pytest.FixtureRequest) -> Callable[..., HarnessRun]:
    """A run on one engine, with jumps or bar by bar; bars are (open, close) or one price, None where there is none."""
    engine, full = request.param

    def done(
        parts: Mapping[str, Part],
        bars: Mapping[str, Bars],
        rules: ExecutionRules = PLAIN,
        *,
        instruments: Sequence[Instrument] = (),
        settlements: Mapping[str, str] | None = None,
        earlier_rates: Mapping[str, float] | None = None,
        **how: Any,
    ) -> HarnessRun:
        columns = {name: [(bar, bar) if isinstance(bar, float) else bar for bar in own] for name, own in bars.items()}
        days = {name: [day for day, bar in enumerate(own) if bar is not None] for name, own in columns.items()}
        all_series = [series(name, [bar for bar in own if bar], days=days[name]) for name, own in columns.items()]
        market = market_of(*all_series, **{one.symbol: one for one in instruments})
        for part in parts.values():
            part.framework = "engine"
        adapters: dict[str, OrchestrationPort] = {"engine": engine()}
        market = replace(market, settlements=settlements or {}, earlier_rates=earlier_rates or {})
        return run_harness(market, parts, rules, adapters=adapters, full=["engine"] if full else (), **how)

    return done
