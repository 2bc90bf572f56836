"""One native on each engine in one run, against the sum of both engines' free runs: 200,000 minute bars, CPU seconds.

All contestants run in this process by turns. Loading rows into Backtrader's own feed and making Nautilus's bars isn't
counted in the free runs; everything from the first step to the last is counted in ours.
"""

from __future__ import annotations

import gc
import time
from decimal import Decimal
from statistics import median

import pytest
from nautilus_trader.examples.strategies.ema_cross import EMACross

from bench.goals import Ledger
from bench.preloading import Preloading
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.natives.backtrader.builders import MINUTE, bare, market, walk

from .test_bench_hosted_backtrader import BARS, Cross
from .test_bench_hosted_nautilus import CONFIG, free

TURNS = 3


def together(stage: Market) -> tuple[float, dict[str, int]]:
    """Seconds from the first step to the last, and how many fills each native had."""
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(20_000_000)),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: build_adapter(name, {}) for name in ("backtrader", "nautilus")},
        emit=lambda _: None,
    )
    half = AllocationConfig(Decimal(50))
    orchestrator.add_strategy(Cross, StrategyMetadata("bt"), half, framework="backtrader", kind="backtrader")
    orchestrator.add_strategy(
        EMACross, StrategyMetadata("n"), half, framework="nautilus", kind="nautilus", config=CONFIG
    )
    orchestrator.begin(stage, ExecutionRules())
    gc.collect()
    started = time.process_time()
    for event in orchestrator.clock():
        orchestrator.step(event)
    taken = time.process_time() - started
    orchestrator.end()
    assert not [entry.error for entry in orchestrator.strategies.values() if entry.error]
    return taken, {entry.id: len(entry.book.fills) for entry in orchestrator.strategies.values()}


@pytest.mark.timeout(1800)
def test_both_at_once_cost_little_more_than_both_alone(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = market(walk("A", BARS, 1, length=MINUTE, sigma=0.0005))
    loading = Preloading(monkeypatch)
    apart: dict[str, list[float]] = {"backtrader": [], "nautilus": []}
    ours = []
    for _ in range(TURNS):
        gc.collect()
        loading.seconds = 0.0
        started = time.process_time()
        alone = bare(Cross, stage)
        apart["backtrader"].append(time.process_time() - started - loading.seconds)
        seconds, orders = free(stage)
        apart["nautilus"].append(seconds)
        seconds, fills = together(stage)
        ours.append(seconds)
        assert fills["bt"] == len(alone.trades)
        assert abs(fills["n"] - orders) <= 1
    middle = {name: median(taken) for name, taken in apart.items()}
    ratio = median(ours) / sum(middle.values())
    apart_text = " + ".join(f"{name} {seconds:.2f}" for name, seconds in middle.items())
    ledger.report(
        "hosted: one on each",
        f"A native on each engine, {BARS:,} minute bars, {sum(fills.values()):,} fills: free {apart_text} s, "
        f"together {median(ours):.2f} s, ratio {ratio:.3f}",
    )
    assert ratio <= 1.15
