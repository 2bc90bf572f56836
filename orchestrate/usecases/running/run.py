"""A plan becomes a result: load, wire, step, collect. Writes nothing."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import numpy as np

from orchestrate import wiring
from orchestrate.analytics.returns import curve_of
from orchestrate.data.calendar import DAY, periods_per_year
from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.loading import data_hash, load_market
from orchestrate.domain.errors import ChangedDataError, UserInterrupt
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Flags, Market
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.results import Finding, RunResult, RunStatus, StrategyResult
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.engines.stopwatch import Stopwatch, timed
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator, Progress
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.conflicts import CONFLICT_POLICIES
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import CallScope, refuse_run_in_callback
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.supervision.board import board
from orchestrate.usecases.lookahead import check_run
from orchestrate.usecases.running.stopping import interrupts
from orchestrate.usecases.running.watchdog import Watchdog


def run(
    plan: RunPlan,
    *,
    emit: Callable[[DomainEvent], None] | None = None,
    progress: Progress | None = None,
    ready: Callable[[], None] | None = None,
    stop: Callable[[], bool] | None = None,
    lookahead: bool = True,
    strategies: Mapping[str, object] | None = None,
    bars: Mapping[str, Columns] | None = None,
    cache: ColumnCache | None = None,
) -> RunResult:
    """Run the plan, on the thread that calls. `stop` is asked between steps; a run it ends is `interrupted`.

    `ready` is told when data and engines are there, before the code of any strategy is loaded.
    What strategies print goes to stderr. DataError where data is missing; a strategy that breaks fails alone.
    `strategies` (by id; of natives their class) and `bars` (by symbol) are those that are in memory already, `cache`
    holds files that were parsed before.
    """
    refuse_run_in_callback()
    began = time.perf_counter()
    given = strategies or {}
    with redirect_stdout(sys.stderr), chdir("."):  # a strategy may change the folder; not for the rest of the process
        market, findings = load_market(plan, bars or {}, cache)
        engines = {
            framework: timed(wiring.build_adapter(framework, plan.frameworks.get(framework, {})), time.perf_counter)
            for framework in dict.fromkeys(strategy.framework for strategy in plan.strategies)
        }
        if ready is not None:
            ready()
        watchdog = Watchdog(plan.execution.strategy_timeout)

        with interrupts(), watchdog.armed() as armed:
            told = list(findings)
            if not armed:
                told.append(
                    Finding("info", "execution.strategy_timeout", "not enforced: it works on the main thread only")
                )
            made = {one.id: given[one.id] if one.id in given else _load(one, plan, watchdog) for one in plan.strategies}
            twins = _twins(plan, made, given, watchdog) if lookahead else None
            try:
                return _run(plan, market, told, made, engines, watchdog, emit, progress, stop, twins, began)
            finally:
                board().keep(made)
                gc.collect(0)  # what lives through it is finalised in order: files left open are flushed, then closed


def _run(
    plan: RunPlan,
    market: Market,
    findings: list[Finding],
    strategies: Mapping[str, object],
    engines: Mapping[str, Stopwatch],
    watchdog: Watchdog,
    emit: Callable[[DomainEvent], None] | None,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    twins: Mapping[str, object] | None,
    began: float,
) -> RunResult:
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(plan.capital.total, pooled=plan.capital.mode == "pooled"),
        StrategyCoordinator(CONFLICT_POLICIES[plan.portfolio.conflicts], plan.portfolio.limits),
        CompatibilityAnalyzer(),
        engines,
        fed_in_full=plan.frameworks.fed_in_full,
        emit=emit,
        watch=watchdog,
        portfolio=plan.portfolio,
    )
    for strategy in plan.strategies:
        orchestrator.add_strategy(
            strategies[strategy.id],
            StrategyMetadata(
                strategy.id, strategy.name, strategy.symbols, strategy.priority, depends_on=strategy.depends_on
            ),
            AllocationConfig(strategy.weight * 100, strategy.sizing, strategy.limits),
            framework=strategy.framework,
            kind=strategy.kind,
            config=strategy.config,
        )
    report = orchestrator.validate_compatibility()
    findings += [replace(finding, severity="info") for finding in report.findings]
    orchestrator.run(market, plan.execution, progress=progress, stop=stop)

    results = orchestrator.results()
    checked = check_run(orchestrator, twins, market, watchdog, stop, began)
    _require_same_bars(market, orchestrator)
    findings += _ruined(results, market, pooled=plan.capital.mode == "pooled")
    steps, timeline = orchestrator.steps_done, market.timeline
    stopped = steps < len(timeline) or (stop is not None and stop())
    return RunResult(
        plan=plan,
        status=_status(results, interrupted=stopped),
        stamps=timeline.stamps[:steps],
        labels=timeline.labels[:steps],
        reserve=plan.capital.total - sum((result.allocated for result in results.values()), Decimal(0)),
        strategies=results,
        decisions=tuple(orchestrator.session.log.decisions),
        fills=tuple(orchestrator.fills),
        findings=tuple(findings),
        checks=checked.findings,
        coverage=checked.coverage,
        timings={framework: engine.timing for framework, engine in engines.items()},
        data_hash=market.data_hash,
        periods_per_year=_periods(plan, market, results),
        benchmark=orchestrator.session.marks.path(plan.benchmark, steps) if plan.benchmark else None,
        looked_ahead=checked.accused,
    )


def _require_same_bars(market: Market, orchestrator: CrossFrameworkOrchestrator) -> None:
    """ChangedDataError where bars, or the copies that strategies saw, are not what was loaded."""
    shown = orchestrator.session.runner.past.values()
    if data_hash(market.series) != market.data_hash or not all(past.intact for past in shown):
        ran = ", ".join(orchestrator.strategies)
        raise ChangedDataError(f"the bars were changed during the run, by one of the strategies that ran: {ran}")


def _twins(
    plan: RunPlan, made: Mapping[str, object], given: Mapping[str, object], watchdog: Watchdog
) -> dict[str, object]:
    """A second instance of each vectorised strategy, which has seen nothing: loaded anew, or else a copy."""
    twins: dict[str, object] = {}
    for one in plan.strategies:
        if one.kind == "signals":
            anew = None if one.id in given else _load(one, plan, watchdog)
            copy_it = anew is None or isinstance(anew, BaseException)
            twins[one.id] = _copied(made[one.id], CallScope(one.id, watchdog)) if copy_it else anew
    return twins


def _copied(strategy: object, asking: CallScope) -> object:
    """A copy made by the strategy's own code; the strategy itself where that fails."""
    try:
        with asking:
            return deepcopy(strategy)
    except UserInterrupt:
        raise
    except BaseException:
        return strategy


def _load(strategy: StrategyPlan, plan: RunPlan, watchdog: Watchdog) -> object:
    """The strategy, or the exception that its code raised while it was loaded or made."""
    description = wiring.describe(strategy.reference, plan.root)
    try:
        with CallScope(strategy.id, watchdog):
            if strategy.kind in PORTABLE_KINDS:
                return wiring.load(description, strategy.config)
            return wiring.load_class(description)
    except UserInterrupt:
        raise
    except BaseException as error:
        return error


def _status(results: dict[str, StrategyResult], *, interrupted: bool) -> RunStatus:
    if interrupted:
        return "interrupted"
    failed = sum(result.status == "failed" for result in results.values())
    if not failed:
        return "completed"
    return "failed" if failed == len(results) else "degraded"


def _ruined(results: dict[str, StrategyResult], market: Market, *, pooled: bool) -> list[Finding]:
    """A warning for each strategy that lost all it had: margin calls are not supported, nothing is closed."""
    findings = []
    means = "the others' money stands in for it" if pooled else "margin calls are not supported"
    for result in results.values():
        lost = curve_of([result]).equity <= 0.0  # whose money was moved away has lost nothing
        down = np.flatnonzero(lost & (result.equity <= 0.0))
        if len(down):
            first = label_text(int(market.timeline.labels[down[0]]))
            message = f"its equity fell to zero or below, first at {first}; {means}; the run continued"
            findings.append(Finding("warning", f"strategies.{result.id}", message, len(down), (first,)))
    return findings


def _periods(plan: RunPlan, market: Market, results: dict[str, StrategyResult]) -> dict[str, float]:
    """Bars per year by strategy, and of all together under ""."""
    if plan.periods_per_year is not None:
        return dict.fromkeys(("", *results), plan.periods_per_year)
    union = np.logical_or.reduce([result.own for result in results.values()])
    traded = tuple(dict.fromkeys(symbol for result in results.values() for symbol in result.symbols))
    return {
        "": _periods_of(market, traded, union),
        **{result.id: _periods_of(market, result.symbols, result.own) for result in results.values()},
    }


def _periods_of(market: Market, symbols: tuple[str, ...], own: Flags) -> float:
    """Those of the stamps at which `symbols` have a bar. Two hourly symbols make two returns an hour where their bars
    end at different minutes, so what each symbol has by itself decides for daily bars only."""
    traded = [symbol for symbol in symbols if market.series[symbol].tradable] or symbols  # resampled ones make no step
    found = {market.periods_per_year[symbol] for symbol in traded}
    daily = all(market.series[symbol].length == DAY for symbol in traded)
    stamps = market.timeline.stamps[: len(own)][own]
    if len(traded) == 1 or (daily and len(found) == 1) or not len(stamps):
        return min(found)
    return periods_per_year(stamps, daily=daily)
