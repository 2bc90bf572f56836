"""What a run left behind, as its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.analytics.orders.refusals import unable_to_trade
from orchestrate.analytics.returns import curve_of
from orchestrate.domain.errors import FunctionError
from orchestrate.domain.market.digests import data_hashes
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats, Market, Stamps
from orchestrate.domain.orders.execution import RuinRule
from orchestrate.domain.results import Finding, RunError, RunResult, RunStatus, StrategyResult
from orchestrate.engines.stopwatch import Stopwatch
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.runs.journal_format import path_from
from orchestrate.usecases.lookahead import Outcome
from orchestrate.usecases.running.periods import periods
from orchestrate.usecases.running.setup import Setup
from orchestrate.usecases.running.slippage import with_slippage


def run_result(
    setup: Setup,
    orchestrator: CrossFrameworkOrchestrator,
    results: dict[str, StrategyResult],
    findings: list[Finding],
    checked: Outcome,
    error: FunctionError | None,
) -> RunResult:
    """Return all that is known of a run; `findings` are from before its first step, `error` of a user's function."""
    plan, timeline, stop = setup.plan, setup.market.timeline, setup.followers.stop
    steps, session = orchestrator.steps_done, orchestrator.session
    stopped = (stop is not None and stop()) or (error is None and steps < len(timeline))
    result = RunResult(
        plan=plan,
        status=_status(results, plan.execution.ruin, interrupted=stopped, ended=error is not None),
        stamps=_first(timeline.stamps, steps),
        labels=_first(timeline.labels, steps),
        reserve=plan.capital.total - sum((result.allocated for result in results.values()), Decimal(0)),
        strategies={name: _from_root(result, setup.root) for name, result in results.items()},
        decisions=tuple(session.log.decisions),
        fills=with_slippage(orchestrator.fills, session.log.decisions, setup.market, plan.execution),
        findings=(*findings, *session.portfolio.findings, *_ruined(setup, results)),
        checks=checked.findings,
        coverage=checked.coverage,
        timings={name: engine.timing for name, engine in setup.engines.items() if isinstance(engine, Stopwatch)},
        data_hash=setup.market.data_hash,
        data_hashes=data_hashes(setup.market),
        periods_per_year=periods(plan, setup.market, results),
        benchmark=_worths(setup.market, session.marks, plan.benchmark, steps) if plan.benchmark else None,
        multipliers={name: one.multiplier for name, one in setup.market.instruments.items() if one.option is not None},
        series=setup.market.series,
        looked_ahead=checked.accused,
        error=_run_error(error, int(timeline.labels[steps - 1]) if steps else None) if error else None,
        stopped=session.portfolio.stopped,
        order_statuses=session.blotter.statuses(),
        conflicts=tuple(session.conflicts),
    )
    return replace(result, findings=(*result.findings, *unable_to_trade(result)))


def _first(stamps: Stamps, steps: int) -> Stamps:
    """Return the first stamps; of a whole run the same array, by which runs on one market know that they share it."""
    return stamps if steps == len(stamps) else stamps[:steps]


def _from_root(result: StrategyResult, root: Path) -> StrategyResult:
    """Return the result with the file of its error as the configuration names files: from its folder."""
    error = result.error
    if error is None or not error.file:
        return result
    return replace(result, error=replace(error, file=path_from(root, error.file)))


def _worths(market: Market, marks: Marks, symbol: str, steps: int) -> Floats:
    """Return what one unit of the symbol is worth in the capital's currency at each step; NaN before its first bar."""
    fx, path = market.instruments[symbol].fx, marks.path(symbol, steps)
    return path * marks.rates(fx, 0, steps) if fx else path


def _run_error(error: FunctionError, t: int | None) -> RunError:
    return RunError(error.kind, str(error), error.traceback, t, error.file, error.line)


_RUINED: Final = "it is ruined: all it held is closed at the next open, and it is called no more"


def _status(results: dict[str, StrategyResult], ruin: RuinRule, *, interrupted: bool, ended: bool) -> RunStatus:
    if interrupted or ended:
        return "interrupted" if interrupted else "failed"
    return run_status(results, ruin)


def run_status(results: Mapping[str, StrategyResult], ruin: RuinRule) -> RunStatus:
    """Return the status of a run that came to its end."""
    failed = sum(result.status == "failed" for result in results.values())
    ruined = sum(result.status == "ruined" for result in results.values())
    if failed == len(results):
        return "failed"
    return "degraded" if failed or (ruined and ruin == "degrade") else "completed"


def _ruined(setup: Setup, results: dict[str, StrategyResult]) -> list[Finding]:
    """Return a warning for each strategy that lost all it had, and whether it was ruined by that."""
    findings = []
    pooled = setup.plan.capital.mode == "pooled"
    means = "the others' money stands in for it; the run continued" if pooled else "nothing was left to close"
    for result in results.values():
        if result.status == "waiting" or not (result.equity <= 0.0).any():
            continue
        lost = curve_of([result]).equity <= 0.0  # whose money was moved away has lost nothing
        down = np.flatnonzero(lost & (result.equity <= 0.0))
        if len(down):
            first = label_text(int(setup.market.timeline.labels[down[0]]))
            end = _RUINED if result.status == "ruined" else means
            message = f"its equity fell to zero or below, first at {first}; {end}"
            findings.append(Finding("warning", f"strategies.{result.id}", message, len(down), (first,)))
    return findings
