"""One plan after another on the same equipment: market, engines and strategy classes are made ready once."""

from __future__ import annotations

import gc
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding, RunResult
from orchestrate.domain.sweeps import Measured, TrialStatus
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.usecases.running.instances import Loader
from orchestrate.usecases.running.run import run_on
from orchestrate.usecases.running.setup import Equipment, Followers
from orchestrate.usecases.sweeping.independent import IndependentStrategies
from orchestrate.usecases.sweeping.measured import measured
from orchestrate.usecases.sweeping.strategies import KeptClasses


class Workbench:
    """What trials are run on. Its trials give what `backtest` stores, bit for bit; none leaves anything for the next.

    `bars` (by symbol) are in memory already, `cache` holds files that were parsed before. `paths` are figures beside
    the metrics that each trial is to have, named as gates name them.
    """

    def __init__(
        self,
        plan: RunPlan,
        *,
        bars: Mapping[str, Columns] | None = None,
        cache: ColumnCache | None = None,
        paths: Collection[str] = (),
    ) -> None:
        self._equipment, self._paths = Equipment(bars or {}, cache, loader=KeptClasses()), tuple(paths)
        self._independent = IndependentStrategies(self._equipment, self._run_of_independent)
        self._exchanged = False
        self.market: Market = self._equipment.data(plan).market
        self.data_hash = self.market.data_hash

    def trial(self, plan: RunPlan) -> Measured:
        """Return the figures of a plan; raises what ends a sweep: data that are wrong, an engine that broke."""
        result = None if self._paths else self._independent.result(plan)  # further figures may need whatever a run has
        found = measured(result or self.run(plan), self._paths)
        gc.collect(1)  # what is left of a run refers to itself, and few trials make enough of it to be collected
        return found

    def run(self, plan: RunPlan) -> RunResult:
        """Return all facts of the run of a plan but timings, and without a check for look-ahead."""
        return run_on(self._equipment, plan, Followers(emit=_ignore, ended=self._note_facts), clocked=False)

    def check(self, plan: RunPlan) -> tuple[Finding, ...]:
        """Return what the check for look-ahead holds against the strategies of a plan; they are loaded as for a run."""
        equipment = replace(self._equipment, loader=Loader())
        result = run_on(equipment, plan, Followers(emit=_ignore), lookahead=True, clocked=False)
        return tuple(finding for finding in result.checks if finding.severity != "info")

    def _note_facts(self, orchestrator: CrossFrameworkOrchestrator) -> None:
        """Note whether strategies have published facts or asked for some."""
        self._exchanged = orchestrator.session.runner.facts.were_used

    def _run_of_independent(self, plan: RunPlan) -> tuple[RunResult, bool]:
        """Return a result, and whether facts were exchanged, which a run of fewer strategies would not have had."""
        return self.run(plan), self._exchanged


@dataclass(frozen=True, slots=True)
class Unusable:
    """In place of a workbench whose data can't be run: every trial fails for that reason."""

    reason: str
    data_hash: str = ""

    def trial(self, _plan: RunPlan) -> Measured:
        """Return a trial that failed."""
        return Measured(TrialStatus.FAILED, self.reason)


def _ignore(_event: DomainEvent) -> None:
    """Note no event."""
