"""A run that is about to begin: its equipment, which those that follow it may use again, and whom it calls."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrate import wiring
from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.loading import Loaded, load
from orchestrate.domain.errors import ChangedDataError
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.plan import RunPlan
from orchestrate.engines.stopwatch import timed
from orchestrate.orchestration.loop.clock import Clock
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator, Progress
from orchestrate.orchestration.orders.ports import OrchestrationPort
from orchestrate.usecases.running.allocation import symbols_to_weigh
from orchestrate.usecases.running.instances import Loader
from orchestrate.usecases.running.watchdog import Watchdog

Checksums = tuple[int, ...]


@dataclass(slots=True)
class Equipment:
    """What runs are made with. Data stay loaded as long as the plans that come ask for the same.

    `bars` (by symbol) and `strategies` (by id; of natives their class) are in memory already, `cache` holds files that
    were parsed before.
    """

    bars: Mapping[str, Columns] = field(default_factory=dict)
    cache: ColumnCache | None = None
    strategies: Mapping[str, object] = field(default_factory=dict)
    loader: Loader = field(default_factory=Loader)
    _asked: tuple[object, ...] = ()
    _loaded: Loaded | None = None
    _checksums: Checksums = ()
    _engines: dict[str, tuple[Mapping[str, object], Callable[[], OrchestrationPort]]] = field(default_factory=dict)
    _roots: dict[Path, Path] = field(default_factory=dict)

    def data(self, plan: RunPlan) -> Loaded:
        """Return the market of a plan, the findings on its data, and the closes from before it."""
        weighed = symbols_to_weigh(plan)
        span = plan.start, plan.end, plan.periods_per_year
        asked = (plan.root, plan.data, plan.chains, plan.instruments, plan.capital.currency, *span, weighed)
        if self._loaded is None or asked != self._asked:
            self._loaded, self._asked = load(plan, self.bars, self.cache, before=weighed), asked
            self._checksums = _checksums(self._loaded.market.series)
            self.loader.renew()
        return self._loaded

    def clock(self) -> Clock | None:
        """Return the clock of the run; None for that of stored bars."""
        return None

    def stored(self, market: Market) -> Market:
        """Return the bars of the run that has ended, all known; `market` is what it ran on."""
        return market

    def engines(self, plan: RunPlan, *, clocked: bool) -> dict[str, OrchestrationPort]:
        """Return the engines that strategies of the plan run on; behind stopwatches if `clocked`."""
        frameworks = dict.fromkeys(strategy.framework for strategy in plan.strategies)
        engines = {name: self._engine(name, plan.frameworks.get(name, {})) for name in frameworks}
        return {name: timed(one, time.perf_counter) for name, one in engines.items()} if clocked else engines

    def _engine(self, framework: str, settings: Mapping[str, object]) -> OrchestrationPort:
        """Return a new engine; to make one that is imported takes less time than to bring a used one back."""
        asked, made = self._engines.get(framework, (None, None))
        if made is None or asked != settings:
            made = wiring.adapters(framework, settings)
            self._engines[framework] = settings, made
        return made()

    def root(self, plan: RunPlan) -> Path:
        """Return the folder of the configuration, absolute; it is looked up before the first strategy runs."""
        if plan.root not in self._roots:
            self._roots[plan.root] = plan.root.resolve()
        return self._roots[plan.root]

    def require_unchanged(self, orchestrator: CrossFrameworkOrchestrator) -> None:
        """Raise ChangedDataError if bars, or the copies that strategies saw, are not what was loaded."""
        shown = orchestrator.session.runner.past.values()
        loaded = self._loaded
        if loaded is None or _checksums(loaded.market.series) != self._checksums or not all(p.intact for p in shown):
            ran = ", ".join(orchestrator.strategies)
            raise ChangedDataError(f"the bars were changed during the run, by one of the strategies that ran: {ran}")


@dataclass(frozen=True, slots=True)
class Followers:
    """Whom a run calls as it goes on: with each event, after each step, and before each step, to ask for its end.

    `ready` when data and engines are there, `begin` with the plan that has the weights in force, `ended` when all steps
    are done.
    """

    emit: Callable[[DomainEvent], None] | None = None
    progress: Progress | None = None
    stop: Callable[[], bool] | None = None
    ready: Callable[[], None] | None = None
    begin: Callable[[RunPlan], None] | None = None
    ended: Callable[[CrossFrameworkOrchestrator], None] | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A run about to begin, with data, engines and weights in force; `began` is the time of its call.

    `root` is the folder of the configuration, absolute: a strategy may change the one that a path starts from.
    """

    plan: RunPlan
    equipment: Equipment
    market: Market
    engines: Mapping[str, OrchestrationPort]
    watchdog: Watchdog
    followers: Followers
    began: float
    root: Path


def _checksums(series: Mapping[str, BarSeries]) -> Checksums:
    """Return a checksum of every column that a strategy can see."""
    return tuple(zlib.crc32(column.data) for one in series.values() for column in one.columns)
