"""Runs of one small market, stored or arriving bar by bar, and all that comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import backtrader as bt
import numpy as np
from nautilus_trader.trading.strategy import Strategy

from orchestrate.data.alignment import align
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.arriving import Arrival, MarketBuffer
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import (
    NO_LIMITS,
    Limits,
    PortfolioPlan,
)
from orchestrate.orchestration.loop.clock import Clock, FeedClock
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.backtest.own_strategies import Dips, Spread, Turning
from tests.engines.builders import DAY, START
from tests.natives.nautilus.scripts import BracketCross, Pair, TimerRebalancer

ENGINES = ("backtrader", "nautilus")
ROOM = 3
NO_PLAN = PortfolioPlan()


class Part(NamedTuple):
    """A strategy of a run; natives are classes, made anew for each run as the others are by `make`."""

    make: Any
    framework: str
    symbols: tuple[str, ...] = ()
    config: Mapping[str, object] = {}
    sizing: Sizing = Sizing("percent", Decimal(60))


class Crosses(bt.Strategy):
    """Indicators on all its datas; brackets on the first, market orders on the others."""

    params = (("fast", 2), ("slow", 4))

    def __init__(self) -> None:
        self.crossings = [
            bt.ind.CrossOver(bt.ind.SMA(data, period=self.p.fast), bt.ind.EMA(data, period=self.p.slow))
            for data in self.datas
        ]

    def next(self) -> None:
        first, close = self.datas[0], self.datas[0].close[0]
        if self.crossings[0][0] and not self.getposition(first):
            self.buy_bracket(data=first, size=7, price=close * 0.99, stopprice=close * 0.95, limitprice=close * 1.03)
        for data, crossing in zip(self.datas[1:], self.crossings[1:], strict=True):
            if crossing[0] > 0:
                self.order_target_size(data, 5)
            elif crossing[0] < 0:
                self.close(data)


class Touchy(Turning):
    """Breaks when it is notified of its third fill."""

    fills = 0

    def on_fill(self, fill: object) -> None:
        self.fills += 1
        if self.fills == 3:
            raise RuntimeError("enough")


PORTABLES = (lambda: Turning(3), lambda: Turning(4, long_only=True), lambda: Dips(1), Spread, lambda: Touchy(2))
NATIVES: tuple[Part, ...] = (
    Part(Crosses, "backtrader"),
    Part(Crosses, "backtrader", ("A",), {"fast": 3}),
    Part(BracketCross, "nautilus", ("A",), {"fast": 2, "slow": 4}),
    Part(BracketCross, "nautilus", ("B",), {"fast": 3, "slow": 5, "modify": True}),
    Part(Pair, "nautilus", ("A", "B")),
    Part(TimerRebalancer, "nautilus", ("A",)),
)


def stage(seed: int, spans: Iterable[tuple[int, int]], start: int = START) -> Market:
    """A symbol for each span of days, the first from day 0 on; some of its days have no bar."""
    generator = np.random.default_rng(seed)
    parts = {}
    for name, (first, length) in zip("ABC", spans, strict=False):
        days = [first, *(first + day for day in range(1, length) if generator.random() < 0.8)]
        closes = 50 * np.exp(np.cumsum(generator.normal(0, 0.03, len(days))))
        opens = closes * np.exp(generator.normal(0, 0.01, len(days)))
        highs = np.maximum(opens, closes) * (1 + generator.random(len(days)) / 30)
        lows = np.minimum(opens, closes) * (1 - generator.random(len(days)) / 30)
        label = start + np.array(days, dtype=np.int64) * DAY
        prices = (np.round(column, 2) for column in (opens, highs, lows, closes))
        volume = np.round(generator.random(len(days)) * 90)
        parts[name] = BarSeries(name, label, *prices, volume, label + DAY - 1_000_000, DAY)
    return Market(parts, {name: Instrument(name) for name in parts}, align(parts))


def arrivals(stage: Market, *, announced: bool = True) -> Iterator[Arrival]:
    """The steps of a stored market as a feed brings them, which may know which bars are the last."""
    ends = stage.timeline.ends.steps
    for event in stage.timeline.events():
        bars = {symbol: stage.series[symbol].bar(row) for symbol, row in event.rows.items()}
        yield Arrival(event.t, bars, [symbol for symbol in bars if announced and ends[symbol] == event.step])


def buffer_for(stage: Market) -> MarketBuffer:
    """Room for all its bars and a few that never come."""
    lengths = {symbol: series.length for symbol, series in stage.series.items()}
    return MarketBuffer(stage.instruments, lengths, start=stage.timeline.begins, capacity=len(stage.timeline) + ROOM)


def prepare(
    parts: Iterable[Part], symbols: Iterable[str], feed: str, limits: Limits, plan: PortfolioPlan
) -> tuple[CrossFrameworkOrchestrator, list[DomainEvent]]:
    """An orchestrator with these strategies, and where its events go."""
    events: list[DomainEvent] = []
    parts = list(parts)
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(100_000)),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: build_adapter(name, {"feed": feed}) for name in ENGINES},
        fed_in_full=frozenset(ENGINES if feed == "full" else ()),
        emit=events.append,
        portfolio=plan,
    )
    for number, part in enumerate(parts):
        native = isinstance(part.make, type) and issubclass(part.make, (bt.Strategy, Strategy))
        orchestrator.add_strategy(
            part.make if native else part.make(),
            StrategyMetadata(f"s{number}", symbols=part.symbols or tuple(symbols)),
            AllocationConfig(Decimal(100) / len(parts), part.sizing, limits),
            framework=part.framework,
            kind=part.framework if native else None,
            config=part.config,
        )
    return orchestrator, events


def facts(
    parts: Iterable[Part],
    market: Market,
    rules: ExecutionRules,
    clock: Clock | None = None,
    *,
    feed: str = "on_demand",
    limits: Limits = NO_LIMITS,
    plan: PortfolioPlan = NO_PLAN,
    steps: int = 0,
) -> dict[str, Any]:
    """All that comes of a run, or of its first `steps`."""
    orchestrator, events = prepare(parts, market.series, feed, limits, plan)
    stop = (lambda: orchestrator.steps_done == steps) if steps else None
    orchestrator.run(market, rules, clock=clock, stop=stop)
    results = orchestrator.results().values()
    return {
        "events": events,
        "fills": orchestrator.fills,
        "decisions": orchestrator.session.log.decisions,
        "steps": orchestrator.steps_done,
        "curves": [(one.equity.tolist(), one.exposed.tolist(), one.has_bar.tolist()) for one in results],
        "strategies": [
            (one.trades, one.open_positions, one.status, one.error and one.error.message) for one in results
        ],
    }


def arriving_facts(
    parts: Iterable[Part], stage: Market, rules: ExecutionRules, *, announced: bool = True, **how: Any
) -> dict[str, Any]:
    """The same, of bars that arrive one at a time."""
    buffer = buffer_for(stage)
    return facts(parts, buffer.market, rules, FeedClock(buffer, arrivals(stage, announced=announced)), **how)
