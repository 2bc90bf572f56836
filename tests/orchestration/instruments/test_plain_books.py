"""Random runs in several currencies against plain arithmetic: on both engines and mixed, with jumps and bar by bar."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, FillRule
from orchestrate.domain.plan import Sizing
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from tests.orchestration.harness import HarnessRun, Part, run_harness
from tests.orchestration.instruments.plain_cases import CAPITAL, Case, Wanted, case, flags_of, require

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

ENGINES = {"backtrader": BacktraderOrchestrationAdapter, "nautilus": NautilusOrchestrationAdapter}


def run(made: Case, fill: FillRule, engine: str, *, full: bool) -> HarnessRun:
    parts = {
        name: Part(
            Wanted(flags_of(made)),
            symbols=("A", "B", "C"),
            pct=50,
            sizing=Sizing("percent", Decimal(40)),
            framework=framework,
        )
        for name, framework in zip("xy", (engine, engine) if engine in ENGINES else ENGINES, strict=True)
    }
    used = dict.fromkeys(part.framework for part in parts.values())
    adapters = {name: ENGINES[name]() for name in used}
    rules = ExecutionRules(fill=fill, commission=Commission(percent=0.1))
    return run_harness(made.market, parts, rules, capital=2 * CAPITAL, adapters=adapters, full=used if full else ())


@pytest.mark.parametrize("engine", [*ENGINES, "mixed"])
@pytest.mark.parametrize("seed", range(6))
def test_fills_trades_and_equity_are_what_they_come_to(seed: int, engine: str) -> None:
    fill: FillRule = "close" if seed % 2 else "next_open"
    made = case(seed)
    expected, done = made.expected(fill), run(made, fill, engine, full=False)
    require(done, expected)
    full = run(made, fill, engine, full=True)
    for name, result in done.results.items():
        assert result.equity.tobytes() == full.results[name].equity.tobytes()
        assert result.trades == full.results[name].trades
