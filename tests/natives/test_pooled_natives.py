"""Natives of both engines beside a portable strategy, all on common cash.

Total 100,000: c buys 4,000 of C at 10, and C rises to 22.5. 60,000 are left for a and b, whose rooms are 60,000 and
30,000, as in tests/orchestration/risk/test_pooled_capital.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import backtrader as bt
import pytest

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import Sizing
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.natives.nautilus.scripts import Planned
from tests.orchestration.harness import PLAIN, Flags, HarnessRun, fixed

FLAT = series("A", [(10.0, 10.0)] * 8)
RISING = series("C", [(10.0, 10.0)] * 2 + [(22.5, 22.5)] * 6)


class Buyer(bt.Strategy):  # type: ignore[misc]  # Backtrader has no types
    """Buys at one bar (from 0) and sells all at another; without a size its sizer says how much."""

    params = (("size", None), ("enter", 2), ("leave", 5))

    def next(self) -> None:
        if len(self) - 1 == self.p.enter:
            self.buy(size=self.p.size)
        if len(self) - 1 == self.p.leave:
            self.close()


@pytest.fixture(autouse=True)
def _plan() -> Iterator[None]:
    Planned.plans["b"] = {
        2: lambda self, _: self.market(9_000),
        5: lambda self, _: self.close_all_positions(self.config.instrument_id),
    }
    yield
    Planned.plans.clear()
    Planned.notices.clear()
    Planned.alive.clear()


def run(
    strategies: Mapping[str, Any],
    stage: Market,
    *,
    sizing: Mapping[str, Sizing] | None = None,
    config: Mapping[str, Mapping[str, object]] | None = None,
) -> HarnessRun:
    """A pooled run of `a` (40%, A), `b` (20%, A) and `c` (40%, C); each step's books agree with the engines."""
    events: list[Any] = []
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(100_000), pooled=True),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: build_adapter(name, {}) for name in ("backtrader", "nautilus")},
        emit=events.append,
    )
    for name, strategy in strategies.items():
        native = isinstance(strategy, type)
        framework = "nautilus" if name == "b" else "backtrader"
        orchestrator.add_strategy(
            strategy,
            StrategyMetadata(name, symbols=("C" if name == "c" else "A",)),
            AllocationConfig({"a": 40, "b": 20, "c": 40}[name], (sizing or {}).get(name, Sizing())),
            framework=framework,
            kind=framework if native else None,
            config=(config or {}).get(name, {}),
        )
    orchestrator.run(stage, PLAIN)
    done = HarnessRun(orchestrator, events)
    assert {name: each.error for name, each in done.results.items() if each.error} == {}
    return done


def three(c: Flags, a_size: int | None = 9_000, **how: Any) -> HarnessRun:
    strategies = {"a": Buyer, "b": Planned, "c": c}
    sizes = {"c": fixed(4_000), **how.pop("sizing", {})}
    return run(
        strategies, market_of(FLAT, RISING), sizing=sizes, config={"a": {"size": a_size}, "b": {"tag": "b"}}, **how
    )


def test_natives_share_what_is_left_with_each_other() -> None:
    done = three(Flags(long=[0]))
    assert done.fills("a") == [(4_000.0, 10.0), (-4_000.0, 10.0)]
    assert done.fills("b") == [(2_000.0, 10.0), (-2_000.0, 10.0)]
    assert done.reasons("b")[0] == ("resized", "capital", 2_000.0)
    assert ("Filled", 2_000.0, 10.0) in Planned.notices["b"]


def test_a_native_may_owe_what_others_have() -> None:
    """c sells as the natives buy: both get their rooms, and are 20,000 and 10,000 below zero until they sell."""
    done = three(Flags(long=[0], out=[2]))
    assert done.fills("a") == [(6_000.0, 10.0), (-6_000.0, 10.0)]
    assert done.fills("b") == [(3_000.0, 10.0), (-3_000.0, 10.0)]
    assert [done.results[name].equity[-1] for name in "abc"] == [40_000.0, 20_000.0, 90_000.0]


def test_the_sizer_of_a_native_sizes_on_its_cap() -> None:
    """Half of 60,000, where half of its own account is 20,000."""
    done = three(Flags(long=[0]), None, sizing={"a": Sizing("percent", Decimal(50))})
    assert done.fills("a") == [(3_000.0, 10.0), (-3_000.0, 10.0)]


@pytest.mark.parametrize("strategy", [Buyer, Flags(long=[1])], ids=["native", "portable"])
def test_what_filled_at_the_open_counts_in_the_size_decided_at_the_close(strategy: Any) -> None:
    """c's 4,000 fill at 10 on the bar at whose close of 12.5 a decides: half of 40% of 110,000 is 22,000."""
    stage = market_of(FLAT, series("C", [(10.0, 10.0)] + [(10.0, 12.5)] * 7))
    sizes = {"a": Sizing("percent", Decimal(50)), "c": fixed(4_000)}
    config = {"a": {"enter": 1}} if strategy is Buyer else {}
    done = run({"a": strategy, "c": Flags(long=[0])}, stage, sizing=sizes, config=config)
    assert done.fills("a")[0] == (2_200.0, 10.0)
