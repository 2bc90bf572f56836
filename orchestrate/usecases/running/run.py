"""A plan becomes a result: load, wire, step, collect. Writes nothing."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout, suppress
from dataclasses import replace

from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.errors import FunctionError
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding, RunResult
from orchestrate.domain.strategies.compatibility import SHARED_SYMBOL
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator, Progress
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import refuse_run_in_callback
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.supervision.board import board
from orchestrate.usecases.lookahead import check_run
from orchestrate.usecases.running.allocation import allocate, estimation
from orchestrate.usecases.running.instances import Instances, instances_of
from orchestrate.usecases.running.periods import periods_ahead
from orchestrate.usecases.running.policies import Policy, conflict_policy
from orchestrate.usecases.running.results import run_result
from orchestrate.usecases.running.setup import Equipment, Followers, Setup
from orchestrate.usecases.running.stopping import interrupts
from orchestrate.usecases.running.watchdog import Watchdog


def run(
    plan: RunPlan,
    *,
    emit: Callable[[DomainEvent], None] | None = None,
    progress: Progress | None = None,
    ready: Callable[[], None] | None = None,
    begin: Callable[[RunPlan], None] | None = None,
    stop: Callable[[], bool] | None = None,
    lookahead: bool = True,
    strategies: Mapping[str, object] | None = None,
    bars: Mapping[str, Columns] | None = None,
    cache: ColumnCache | None = None,
    policy: Callable[..., object] | None = None,
) -> RunResult:
    """Run the plan, on the thread that calls. `stop` is called between steps; a run that it ends is `interrupted`.

    `ready` is called when data and engines are there, before the code of any strategy is loaded; `begin` gets the plan
    with the weights in force.
    What strategies print goes to stderr. DataError where data is missing; a strategy that breaks fails alone.
    `strategies` (by id; of natives their class) and `bars` (by symbol) are those that are in memory already, `cache`
    holds files that were parsed before. `policy` is a function that settles conflicts in place of the plan's.
    """
    refuse_run_in_callback()
    equipment = Equipment(bars or {}, cache, strategies or {})
    return run_on(equipment, plan, Followers(emit, progress, stop, ready, begin), lookahead=lookahead, policy=policy)


def run_on(
    equipment: Equipment,
    plan: RunPlan,
    followers: Followers,
    *,
    lookahead: bool = False,
    clocked: bool = True,
    policy: Callable[..., object] | None = None,
) -> RunResult:
    """Run the plan on equipment that others may have used before; `clocked` says whether engines are timed."""
    began = time.perf_counter()
    with redirect_stdout(sys.stderr), chdir("."):  # a strategy may change the folder; not for the rest of the process
        loaded = equipment.data(plan)
        engines = equipment.engines(plan, clocked=clocked)
        if followers.ready is not None:
            followers.ready()
        watchdog = Watchdog(plan.execution.strategy_timeout)
        with interrupts(), watchdog.armed() as armed:
            plan, weighing = allocate(plan, loaded.before, watchdog)
            if followers.begin is not None:
                followers.begin(plan)
            market = loaded.market.with_room() if loaded.market.chains else loaded.market
            setup = Setup(plan, equipment, market, engines, watchdog, followers, began, equipment.root(plan))
            findings = [*loaded.findings, *_unenforced(armed=armed), *weighing]
            instances = instances_of(plan, equipment.loader, equipment.strategies, watchdog, twins=lookahead)
            return _run_to_end(setup, findings, instances, policy)


def _unenforced(*, armed: bool) -> list[Finding]:
    if armed:
        return []
    return [Finding("info", "execution.strategy_timeout", "not enforced: it works on the main thread only")]


def _run_to_end(
    setup: Setup, findings: list[Finding], instances: Instances, policy: Callable[..., object] | None
) -> RunResult:
    """Run under the conflict policy; the strategies outlive the run, and files that they left open are closed."""
    try:
        with conflict_policy(setup.plan, policy, setup.watchdog) as settle:
            return _run(setup, findings, instances, settle)
    finally:
        board().keep(instances.strategies)
        setup.watchdog.facts = None  # the context has the watchdog until its next run
        gc.collect(0)  # what lives through it is finalised in order: files left open are flushed, then closed


def _run(setup: Setup, findings: list[Finding], instances: Instances, policy: Policy) -> RunResult:
    """Take every step, check vectorised strategies for look-ahead, and collect the result."""
    plan, market, stop = setup.plan, setup.market, setup.followers.stop
    orchestrator = _orchestrator(setup, policy)
    _add_strategies(orchestrator, plan, instances)
    report = orchestrator.validate_compatibility()
    findings += [replace(match.finding, severity="info") for match in report.matches if match.rule == SHARED_SYMBOL]
    with suppress(FunctionError):  # what is done is kept
        orchestrator.run(
            market,
            plan.execution,
            clock=setup.equipment.clock(),
            progress=setup.followers.progress,
            stop=stop if policy.error is None else _at_once,
        )
    if setup.followers.ended is not None:
        setup.followers.ended(orchestrator)
    results = orchestrator.results()
    checked = check_run(orchestrator, instances.twins, market, setup.watchdog, stop, setup.began)
    setup.equipment.require_unchanged(orchestrator)
    setup = replace(setup, market=setup.equipment.stored(market))
    return run_result(setup, orchestrator, results, findings, checked, policy.error or orchestrator.session.error)


def _orchestrator(setup: Setup, policy: Policy) -> CrossFrameworkOrchestrator:
    plan = setup.plan
    return CrossFrameworkOrchestrator(
        PortfolioCapitalManager(plan.capital.total, pooled=plan.capital.mode == "pooled", account=plan.capital.account),
        StrategyCoordinator(policy.settle, plan.portfolio.limits, mode=policy.mode, exits=plan.portfolio.exits),
        CompatibilityAnalyzer(),
        setup.engines,
        fed_in_full=plan.frameworks.fed_in_full,
        emit=setup.followers.emit,
        watch=setup.watchdog,
        portfolio=plan.portfolio,
        estimation=estimation(plan, setup.watchdog, periods_ahead(plan, setup.market)),
    )


def _add_strategies(orchestrator: CrossFrameworkOrchestrator, plan: RunPlan, instances: Instances) -> None:
    for strategy in plan.strategies:
        orchestrator.add_strategy(
            instances.strategies[strategy.id],
            StrategyMetadata(
                strategy.id, strategy.name, strategy.symbols, strategy.priority, depends_on=strategy.depends_on
            ),
            AllocationConfig(strategy.weight * 100, strategy.sizing, strategy.limits),
            framework=strategy.framework,
            kind=strategy.kind,
            config=strategy.config,
        )


def _at_once() -> bool:
    """Stop before the first step."""
    return True
