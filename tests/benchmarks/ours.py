"""The scene as a run of ours: what `usecases.run` does between loading and storing."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import cycle

import numpy as np

from orchestrate.domain.bars import Bars
from orchestrate.domain.books import Position
from orchestrate.domain.execution import Commission, ExecutionRules
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import BarSeries, Market, Timeline
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategy import Context, Signal
from orchestrate.library.catalogue import shipped
from orchestrate.library.loading import load
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.coordinator import StrategyCoordinator
from orchestrate.orchestration.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.entries import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.benchmarks.scenes import CASH, FEE, NS, QUANTITY, Done, Scene


class Stateless:
    """The crossing as an `IStrategy`: the averages anew at every bar."""

    def __init__(self, fast: int, slow: int) -> None:
        self.fast, self.slow = fast, slow

    def _gap(self, close: np.ndarray, end: int) -> float:
        return float(close[end - self.fast : end].sum() / self.fast - close[end - self.slow : end].sum() / self.slow)

    def should_enter(self, bars: Bars) -> bool:
        size = len(bars)
        if size <= self.slow:
            return False
        close = bars.close
        return self._gap(close, size) > 1e-9 and self._gap(close, size - 1) <= 1e-9

    def should_exit(self, position: Position, bars: Bars) -> bool:
        size, close = len(bars), bars.close
        return self._gap(close, size) < -1e-9 and self._gap(close, size - 1) >= -1e-9


class Running:
    """The crossing as `on_bar`: two running sums, brought back to the exact ones once in a while."""

    def __init__(self, fast: int, slow: int) -> None:
        self.fast, self.slow = fast, slow
        self.sums = (0.0, 0.0)
        self.gap = 0.0

    def on_bar(self, context: Context) -> Signal | None:
        bars = context.bars()
        size, close = len(bars), bars.close
        if size < self.slow:
            return None
        if size % 512 == self.slow % 512:
            self.sums = float(close[-self.fast :].sum()), float(close[-self.slow :].sum())
        else:
            fast, slow = self.sums
            now = close[-1]
            self.sums = fast + now - close[-1 - self.fast], slow + now - close[-1 - self.slow]
        before, self.gap = self.gap, self.sums[0] / self.fast - self.sums[1] / self.slow
        if size == self.slow:
            return None
        if before <= 1e-9 < self.gap:
            return Signal.enter(bars.symbol)
        return Signal.exit(bars.symbol) if before >= -1e-9 > self.gap else None


def strategy(kind: str, fast: int, slow: int) -> object:
    """The crossing, written as `signals`, `istrategy` or `on_bar`."""
    if kind == "signals":
        return load(shipped()["MOMENTUM"], {"fast": fast, "slow": slow})
    return {"istrategy": Stateless, "on_bar": Running}[kind](fast, slow)


def market(scene: Scene) -> Market:
    series, rows = {}, {}
    for name, data in scene.data.items():
        columns = [data[field] for field in ("open", "high", "low", "close", "volume")]
        series[name] = BarSeries(name, data["t"], *columns, known=data["t"], length=scene.step * NS)
        rows[name] = np.arange(scene.bars, dtype=np.int64)
    stamps = scene.data["S0"]["t"]
    return Market(series, {name: Instrument(name) for name in series}, Timeline(stamps, stamps, rows))


def orchestrator(scene: Scene, frameworks: tuple[str, ...], feed: str, kind: str) -> CrossFrameworkOrchestrator:
    """The scene's strategies, which take the frameworks in turn."""
    made = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(int(CASH))),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: build_adapter(name, {"feed": feed}) for name in frameworks},
        fed_in_full=frozenset(frameworks if feed == "full" else ()),
        emit=lambda _: None,
    )
    for number, ((symbol, fast, slow), framework) in enumerate(zip(scene.rules, cycle(frameworks), strict=False)):
        made.add_strategy(
            strategy(kind, fast, slow),
            StrategyMetadata(f"s{number:03d}", symbols=(symbol,)),
            AllocationConfig(Decimal(100) / scene.strategies, Sizing("fixed", Decimal(QUANTITY))),
            framework=framework,
        )
    return made


def run(scene: Scene, *frameworks: str, feed: str = "on_demand", kind: str = "signals") -> Done:
    stage = market(scene)
    ours = orchestrator(scene, frameworks, feed, kind)
    started = time.process_time()
    ours.run(stage, ExecutionRules(commission=Commission(percent=FEE * 100)))
    results = ours.results()
    seconds = time.process_time() - started
    fills = [[(fill.t, fill.quantity, fill.price) for fill in entry.book.fills] for entry in ours.strategies.values()]
    reserve = CASH - float(sum(result.allocated for result in results.values()))
    return Done(seconds, reserve + sum(float(result.equity[-1]) for result in results.values()), fills)
