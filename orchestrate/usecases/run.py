"""A plan becomes a result: load, wire, step, collect. Writes nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from orchestrate import wiring
from orchestrate.data.calendar import DAY, periods_per_year
from orchestrate.data.columns import Columns
from orchestrate.data.loading import load_market
from orchestrate.domain.bars import Bars
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market import Flags, Market
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.results import Finding, RunResult, RunStatus, StrategyResult
from orchestrate.domain.strategy import PORTABLE_KINDS
from orchestrate.engines.stopwatch import timed
from orchestrate.library.catalogue import describe
from orchestrate.library.loading import load, load_class
from orchestrate.orchestration.asking import refuse_run_in_callback
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.conflicts import CONFLICT_POLICIES
from orchestrate.orchestration.coordinator import StrategyCoordinator
from orchestrate.orchestration.cross_framework import CrossFrameworkOrchestrator, Progress
from orchestrate.orchestration.entries import AllocationConfig
from orchestrate.orchestration.lookahead import LookAheadReport, check_lookahead
from orchestrate.usecases.watchdog import StrategyTimeout, Watchdog


def run(
    plan: RunPlan,
    *,
    emit: Callable[[DomainEvent], None] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    lookahead: bool = True,
    strategies: Mapping[str, object] | None = None,
    bars: Mapping[str, Columns] | None = None,
) -> RunResult:
    """Run the plan, on the thread that calls. `stop` is asked between steps; a run it ends is `interrupted`.

    What strategies print goes to stderr. DataError where data is missing; a strategy that breaks fails alone.
    `strategies` (by id; of natives their class) and `bars` (by symbol) are those that are in memory already.
    """
    refuse_run_in_callback()
    given = strategies or {}
    with redirect_stdout(sys.stderr), chdir("."):  # a strategy may change the folder; not for the rest of the process
        market, findings = load_market(plan, bars or {})
        watchdog = Watchdog(plan.execution.strategy_timeout)

        def twin(strategy: StrategyPlan) -> object:
            return given[strategy.id] if strategy.id in given else _load(strategy, plan, watchdog)

        with watchdog.armed() as armed:
            told = list(findings)
            if not armed:
                told.append(Finding("info", "execution.strategy_timeout", "can't be kept off the main thread"))
            made = {strategy.id: twin(strategy) for strategy in plan.strategies}
            return _run(plan, market, told, made, watchdog, emit, progress, stop, twin if lookahead else None)


def _run(
    plan: RunPlan,
    market: Market,
    findings: list[Finding],
    strategies: Mapping[str, object],
    watchdog: Watchdog,
    emit: Callable[[DomainEvent], None] | None,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    twin: Callable[[StrategyPlan], object] | None,
) -> RunResult:
    engines = {
        framework: timed(wiring.build_adapter(framework, plan.frameworks.get(framework, {})), time.perf_counter)
        for framework in dict.fromkeys(strategy.framework for strategy in plan.strategies)
    }
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(plan.capital.total),
        StrategyCoordinator(CONFLICT_POLICIES[plan.conflicts]),
        CompatibilityAnalyzer(),
        engines,
        fed_in_full=plan.frameworks.fed_in_full,
        emit=emit,
        watch=watchdog,
    )
    for strategy in plan.strategies:
        orchestrator.add_strategy(
            strategies[strategy.id],
            StrategyMetadata(
                strategy.id, strategy.name, strategy.symbols, strategy.priority, depends_on=strategy.depends_on
            ),
            AllocationConfig(strategy.weight * 100, strategy.sizing),
            framework=strategy.framework,
            kind=strategy.kind,
            config=strategy.config,
        )
    report = orchestrator.validate_compatibility()
    findings += [replace(finding, severity="info") for finding in report.findings]
    orchestrator.run(market, plan.execution, progress=progress, stop=stop)

    results = orchestrator.results()
    looked_ahead = []
    if twin is not None:
        for strategy in plan.strategies:
            if strategy.kind == "signals" and results[strategy.id].status != "failed":
                told = _look_ahead_findings(strategy, (strategies[strategy.id], twin(strategy)), market, watchdog)
                findings += told
                looked_ahead += [strategy.id for finding in told if finding.severity == "error"]
    else:
        findings.append(Finding("warning", "strategies", "not checked for look-ahead (--no-lookahead-check)"))
    steps, timeline = orchestrator.steps_done, market.timeline
    return RunResult(
        plan=plan,
        status=_status(results, interrupted=steps < len(timeline)),
        stamps=timeline.stamps[:steps],
        labels=timeline.labels[:steps],
        reserve=plan.capital.total - sum((result.allocated for result in results.values()), Decimal(0)),
        strategies=results,
        decisions=tuple(orchestrator.desk.decisions),
        fills=tuple(orchestrator.fills),
        findings=tuple(findings),
        timings={framework: engine.timing for framework, engine in engines.items()},
        data_hash=market.data_hash,
        periods_per_year=_periods(plan, market, results),
        benchmark=orchestrator.desk.marks.path(plan.benchmark, steps) if plan.benchmark else None,
        looked_ahead=tuple(dict.fromkeys(looked_ahead)),
    )


def _load(strategy: StrategyPlan, plan: RunPlan, watchdog: Watchdog) -> object:
    """The strategy, or the exception that its code raised while it was loaded or made."""
    description = describe(strategy.reference, plan.root)
    try:
        with watchdog:
            if strategy.kind in PORTABLE_KINDS:
                return load(description, strategy.config)
            return load_class(description)
    except KeyboardInterrupt:
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


@dataclass(frozen=True, slots=True)
class _Watched:
    """A vectorised strategy whose every call is timed, and breaks with an ordinary exception."""

    strategy: Any
    watchdog: Watchdog

    def __deepcopy__(self, seen: dict[int, Any]) -> _Watched:
        return _Watched(deepcopy(self.strategy, seen), self.watchdog)

    def signals(self, bars: Bars) -> Any:
        try:
            with self.watchdog:
                return self.strategy.signals(bars)
        except StrategyTimeout as error:
            raise TimeoutError(str(error)) from None


def _look_ahead_findings(
    plan: StrategyPlan, pair: tuple[object, object], market: Market, watchdog: Watchdog
) -> list[Finding]:
    """`pair`: the strategy as it ran, and its twin, made anew for the cuts."""
    strategy, twin = (_Watched(one, watchdog) for one in pair)
    findings = []
    for symbol in plan.symbols:
        series = market.series[symbol]
        try:
            finding = look_ahead_finding(plan.id, check_lookahead(strategy, series, twin=twin), market)
        except Exception as error:
            message = f"could not be checked for look-ahead on {symbol}: {type(error).__name__}: {error}"
            finding = Finding("warning", f"strategies.{plan.id}", message)
        if finding is not None:
            findings.append(finding)
    return findings


def look_ahead_finding(strategy_id: str, report: LookAheadReport, market: Market) -> Finding | None:
    """What a user should know of a look-ahead check; None where there is nothing to say."""
    where = f"strategies.{strategy_id}"
    if report.first_row is not None:
        label = market.series[report.symbol].label[report.first_row].astype("datetime64[ns]")
        return Finding(
            "error",
            where,
            f"looks ahead on {report.symbol}: {report.side} at {label} changes when later bars are missing",
            first=(str(label),),
        )
    if report.unchecked:
        cuts = ", ".join(str(cut) for cut in report.unchecked)
        message = f"could not be checked for look-ahead on {report.symbol}: it fails on its first {cuts} bars"
        return Finding("warning", where, message, count=len(report.unchecked))
    return None


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
