"""A plan becomes a result: load, wire, step, collect. Writes nothing."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout, suppress
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import numpy as np

from orchestrate import wiring
from orchestrate.analytics.returns import curve_of
from orchestrate.data.calendar import DAY, periods_per_year
from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.loading import data_hash, load
from orchestrate.domain.errors import ChangedDataError, FunctionError, UserInterrupt
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Flags, Market
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.results import Finding, RunError, RunResult, RunStatus, StrategyResult
from orchestrate.domain.strategies.compatibility import SHARED_SYMBOL
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.engines.stopwatch import Stopwatch, timed
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator, Progress
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.calls import CallScope, refuse_run_in_callback
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.supervision.board import board
from orchestrate.usecases.lookahead import check_run
from orchestrate.usecases.running.allocation import allocate, estimation, symbols_to_weigh
from orchestrate.usecases.running.policies import Policy, conflict_policy
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
    """Run the plan, on the thread that calls. `stop` is asked between steps; a run it ends is `interrupted`.

    `ready` is called when data and engines are there, before the code of any strategy is loaded; `begin` gets the plan
    with the weights in force.
    What strategies print goes to stderr. DataError where data is missing; a strategy that breaks fails alone.
    `strategies` (by id; of natives their class) and `bars` (by symbol) are those that are in memory already, `cache`
    holds files that were parsed before. `policy` is a function that settles conflicts in place of the plan's.
    """
    refuse_run_in_callback()
    began = time.perf_counter()
    given = strategies or {}
    with redirect_stdout(sys.stderr), chdir("."):  # a strategy may change the folder; not for the rest of the process
        loaded = load(plan, bars or {}, cache, before=symbols_to_weigh(plan))
        engines = {
            framework: timed(wiring.build_adapter(framework, plan.frameworks.get(framework, {})), time.perf_counter)
            for framework in dict.fromkeys(strategy.framework for strategy in plan.strategies)
        }
        if ready is not None:
            ready()
        watchdog = Watchdog(plan.execution.strategy_timeout)

        with interrupts(), watchdog.armed() as armed:
            notes = list(loaded.findings)
            if not armed:
                notes.append(
                    Finding("info", "execution.strategy_timeout", "not enforced: it works on the main thread only")
                )
            plan, weighing = allocate(plan, loaded.before, watchdog)
            notes += weighing
            if begin is not None:
                begin(plan)
            instances = {
                one.id: given[one.id] if one.id in given else _load(one, plan, watchdog) for one in plan.strategies
            }
            twins = _twins(plan, instances, given, watchdog) if lookahead else None
            try:
                with conflict_policy(plan, policy, watchdog) as settle:
                    return _run(
                        plan,
                        loaded.market,
                        notes,
                        instances,
                        engines,
                        watchdog,
                        emit,
                        progress,
                        stop,
                        twins,
                        began,
                        settle,
                    )
            finally:
                board().keep(instances)
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
    policy: Policy,
) -> RunResult:
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(plan.capital.total, pooled=plan.capital.mode == "pooled"),
        StrategyCoordinator(policy.settle, plan.portfolio.limits, mode=policy.mode, exits=plan.portfolio.exits),
        CompatibilityAnalyzer(),
        engines,
        fed_in_full=plan.frameworks.fed_in_full,
        emit=emit,
        watch=watchdog,
        portfolio=plan.portfolio,
        estimation=estimation(plan, watchdog, _periods_ahead(plan, market)),
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
    findings += [replace(match.finding, severity="info") for match in report.matches if match.rule == SHARED_SYMBOL]
    with suppress(FunctionError):  # what is done is kept
        orchestrator.run(market, plan.execution, progress=progress, stop=stop if policy.error is None else _at_once)

    results = orchestrator.results()
    checked = check_run(orchestrator, twins, market, watchdog, stop, began)
    _require_same_bars(market, orchestrator)
    findings += [
        *orchestrator.session.portfolio.findings,
        *_ruined(results, market, pooled=plan.capital.mode == "pooled"),
    ]
    steps, timeline = orchestrator.steps_done, market.timeline
    error = policy.error or orchestrator.session.error
    stopped = (stop is not None and stop()) or (error is None and steps < len(timeline))
    return RunResult(
        plan=plan,
        status=_status(results, interrupted=stopped, ended=error is not None),
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
        error=_run_error(error, int(timeline.labels[steps - 1]) if steps else None) if error else None,
    )


def _at_once() -> bool:
    """Stop before the first step."""
    return True


def _run_error(error: FunctionError, t: int | None) -> RunError:
    return RunError(error.kind, str(error), error.traceback, t, error.file, error.line)


def _require_same_bars(market: Market, orchestrator: CrossFrameworkOrchestrator) -> None:
    """Raise ChangedDataError if bars, or the copies that strategies saw, are not what was loaded."""
    shown = orchestrator.session.runner.past.values()
    if data_hash(market.series) != market.data_hash or not all(past.intact for past in shown):
        ran = ", ".join(orchestrator.strategies)
        raise ChangedDataError(f"the bars were changed during the run, by one of the strategies that ran: {ran}")


def _twins(
    plan: RunPlan, instances: Mapping[str, object], given: Mapping[str, object], watchdog: Watchdog
) -> dict[str, object]:
    """Return a second instance of each vectorised strategy, which has seen nothing: loaded anew, or else a copy."""
    twins: dict[str, object] = {}
    for one in plan.strategies:
        if one.kind == "signals":
            anew = None if one.id in given else _load(one, plan, watchdog)
            copy_it = anew is None or isinstance(anew, BaseException)
            twins[one.id] = _copied(instances[one.id], CallScope(one.id, watchdog)) if copy_it else anew
    return twins


def _copied(strategy: object, asking: CallScope) -> object:
    """Return a copy made by the strategy's own code; the strategy itself where that fails."""
    try:
        with asking:
            return deepcopy(strategy)
    except UserInterrupt:
        raise
    except BaseException:
        return strategy


def _load(strategy: StrategyPlan, plan: RunPlan, watchdog: Watchdog) -> object:
    """Return the strategy, or the exception that its code raised while it was loaded or created."""
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


def _status(results: dict[str, StrategyResult], *, interrupted: bool, ended: bool) -> RunStatus:
    if interrupted or ended:
        return "interrupted" if interrupted else "failed"
    failed = sum(result.status == "failed" for result in results.values())
    if not failed:
        return "completed"
    return "failed" if failed == len(results) else "degraded"


def _ruined(results: dict[str, StrategyResult], market: Market, *, pooled: bool) -> list[Finding]:
    """Return a warning for each strategy that lost all it had: margin calls are not supported, nothing is closed."""
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


def _periods_ahead(plan: RunPlan, market: Market) -> float:
    """Bars per year of the portfolio, before the run: those of all symbols that strategies trade."""
    if plan.periods_per_year is not None:
        return plan.periods_per_year
    traded = tuple(
        dict.fromkeys(symbol for strategy in plan.strategies for symbol in strategy.symbols or market.series)
    )
    union = np.logical_or.reduce([market.timeline.rows[symbol] >= 0 for symbol in traded])
    return _periods_of(market, traded, union)


def _periods(plan: RunPlan, market: Market, results: dict[str, StrategyResult]) -> dict[str, float]:
    """Return bars per year by strategy, and of all together under ""."""
    if plan.periods_per_year is not None:
        return dict.fromkeys(("", *results), plan.periods_per_year)
    union = np.logical_or.reduce([result.has_bar for result in results.values()])
    traded = tuple(dict.fromkeys(symbol for result in results.values() for symbol in result.symbols))
    return {
        "": _periods_of(market, traded, union),
        **{result.id: _periods_of(market, result.symbols, result.has_bar) for result in results.values()},
    }


def _periods_of(market: Market, symbols: tuple[str, ...], own: Flags) -> float:
    """Return those of the stamps at which `symbols` have a bar.

    Two hourly symbols make two returns an hour where their bars end at different minutes, so what each symbol has by
    itself decides for daily bars only.
    """
    traded = [symbol for symbol in symbols if market.series[symbol].tradable] or symbols  # resampled ones make no step
    periods = {market.periods_per_year[symbol] for symbol in traded}
    daily = all(market.series[symbol].length == DAY for symbol in traded)
    stamps = market.timeline.stamps[: len(own)][own]
    if len(traded) == 1 or (daily and len(periods) == 1) or not len(stamps):
        return min(periods)
    return periods_per_year(stamps, daily=daily)
