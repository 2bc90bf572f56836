"""The scene as a run of ours: all that `usecases.run` does between loading and storing, its watchdog included."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from itertools import cycle

import numpy as np

from bench.scenes.crossing_talib import Streaming
from bench.scenes.crossings import Running, Stateless
from bench.scenes.scene import CASH, FEE, NS, QUANTITY, Done, Scene
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries, Market, Timeline
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.engines.stopwatch import timed
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.usecases.running.watchdog import Watchdog
from orchestrate.wiring import build_adapter, load, shipped


def strategy(kind: str, fast: int, slow: int) -> object:
    """The crossing, written as `signals`, `istrategy`, `on_bar`, or `streaming`: `on_bar` with TA-Lib."""
    if kind == "signals":
        return load(shipped()["MOMENTUM"], {"fast": fast, "slow": slow})
    return {"istrategy": Stateless, "on_bar": Running, "streaming": Streaming}[kind](fast, slow)


def market_of(scene: Scene) -> Market:
    series, rows = {}, {}
    for name, data in scene.data.items():
        columns = [data[field] for field in ("open", "high", "low", "close", "volume")]
        series[name] = BarSeries(name, data["t"], *columns, available_at=data["t"], length=scene.step * NS)
        rows[name] = np.arange(scene.bars, dtype=np.int64)
    stamps = scene.data["S0"]["t"]
    return Market(series, {name: Instrument(name) for name in series}, Timeline(stamps, stamps, rows))


def orchestrator(
    scene: Scene, frameworks: tuple[str, ...], feed: str, kind: str, watchdog: Watchdog
) -> CrossFrameworkOrchestrator:
    """The scene's strategies, which take the frameworks in turn."""
    made = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(int(CASH))),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: timed(build_adapter(name, {"feed": feed}), time.perf_counter) for name in frameworks},
        fed_in_full=frozenset(frameworks if feed == "full" else ()),
        emit=lambda _: None,
        watch=watchdog,
    )
    for number, ((symbol, fast, slow), framework) in enumerate(zip(scene.rules, cycle(frameworks), strict=False)):
        made.add_strategy(
            strategy(kind, fast, slow),
            StrategyMetadata(f"s{number:03d}", symbols=(symbol,)),
            AllocationConfig(Decimal(100) / scene.strategies, Sizing("fixed", Decimal(QUANTITY))),
            framework=framework,
        )
    return made


def run(
    scene: Scene,
    *frameworks: str,
    feed: str = "on_demand",
    kind: str = "signals",
    around: AbstractContextManager[None] | None = None,
) -> Done:
    """`around` is entered for the time that is measured."""
    market, watchdog = market_of(scene), Watchdog(5.0)
    ours = orchestrator(scene, frameworks, feed, kind, watchdog)
    with watchdog.armed(), around or nullcontext():
        started = time.process_time()
        ours.run(market, ExecutionRules(commission=Commission(percent=FEE * 100)))
        results = ours.results()
        seconds = time.process_time() - started
    fills = [[(fill.t, fill.quantity, fill.price) for fill in entry.book.fills] for entry in ours.strategies.values()]
    reserve = CASH - float(sum(result.allocated for result in results.values()))
    return Done(seconds, reserve + sum(float(result.equity[-1]) for result in results.values()), fills)
