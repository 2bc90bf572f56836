"""Entries at a steady pace whose exits rest in an engine, and the same entries with market exits at the same bars."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from bench.scenes.ours import market_of
from bench.scenes.scene import CASH, FEE, QUANTITY, Scene
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter

#: An entry every so many bars, and how far its exits are: most are reached before the next entry.
EVERY, NEAR = 50, {"stop_loss": 0.002, "take_profit": 0.002}
#: How long an order rests at most, and an exit that no bar reaches.
LONG, SHORT, FAR = 10_000, 30, {"stop_loss": 0.9}


class Paced:
    """Enter every so many bars; leave at the bars `exits`, and by brackets where `figures` names exits."""

    def __init__(self, every: int, exits: Sequence[int] | slice = (), figures: Mapping[str, float] | None = None):
        self.every, self.exits, self.figures = every, exits, figures or {}

    def signals(self, bars: Bars) -> Signals:
        entries, exits = np.zeros((2, len(bars)), dtype=np.bool_)
        entries[:: self.every] = True
        exits[self.exits if isinstance(self.exits, slice) else list(self.exits)] = True
        return Signals(entries, exits, **self.figures)


def minutes(bars: int) -> Market:
    """The first symbol of the races, in minutes."""
    return market_of(Scene(bars, 1, 1, 60))


def run(market: Market, strategies: Sequence[object], framework: str) -> tuple[float, CrossFrameworkOrchestrator]:
    """Return the seconds of a loop, and what it leaves."""
    made = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(int(CASH))),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {framework: build_adapter(framework, {})},
        emit=lambda _: None,
    )
    share = Decimal(100) / len(strategies)
    for number, strategy in enumerate(strategies):
        allocation = AllocationConfig(share, Sizing("fixed", Decimal(QUANTITY)))
        made.add_strategy(strategy, StrategyMetadata(f"s{number}"), allocation, framework=framework)
    started = time.process_time()
    made.run(market, ExecutionRules(commission=Commission(percent=FEE * 100)))
    made.results()
    return time.process_time() - started, made


def market_exits(market: Market, framework: str) -> Paced:
    """Return the strategy whose market exits fill where the brackets are reached."""
    _, made = run(market, [Paced(EVERY, figures=NEAR)], framework)
    [series] = market.series.values()
    closings = [record.t for record in made.fills if record.closing]
    return Paced(EVERY, np.maximum(np.searchsorted(series.timestamp, closings) - 1, 0).tolist())


def lying(bars: int, figures: Mapping[str, float] | None = None) -> list[Paced]:
    """Ten strategies that hold for `bars` at a time, their exits (if any) out of reach."""
    return [Paced(LONG + 100, slice(bars, None, LONG + 100), figures) for _ in range(10)]
