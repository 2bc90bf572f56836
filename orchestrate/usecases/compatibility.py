"""The compatibility of a run's strategies: before it by what is known of them, after it by what they did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrate.domain.results import Finding
from orchestrate.domain.strategies.compatibility import SHARED_SYMBOL, CompatibilityReport, StrategyMetadata
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer

if TYPE_CHECKING:
    from orchestrate.data.files.cache import ColumnCache
    from orchestrate.domain.plan import RunPlan
    from orchestrate.domain.results import FillRecord, RunResult

Document = dict[str, Any]
WHERE = "compatibility"


def with_returns(before: CompatibilityReport, result: RunResult, correlation: Any) -> CompatibilityReport:
    """Compare the strategies anew, by what they did; `correlation` is the matrix of the run's figures."""
    from orchestrate.analytics.compatibility import pair_statistics

    allocations = {strategy.id: strategy.weight * 100 for strategy in result.plan.strategies}
    strategies = [_observed(strategy, result) for strategy in before.strategies]
    return CompatibilityAnalyzer().analyze(strategies, allocations, pair_statistics(result, correlation))


def _observed(strategy: StrategyMetadata, result: RunResult) -> StrategyMetadata:
    """Return the same facts, with the direction and horizon of a strategy's trades where none was known."""
    from orchestrate.analytics.compatibility import horizon

    seen = replace(strategy, horizon=strategy.horizon or horizon(result, strategy.id))
    sides = {record.fill.quantity > 0 for record in result.fills if _opened(record, strategy.id)}
    if strategy.direction or not sides:
        return seen
    return replace(seen, direction="both" if len(sides) > 1 else "long" if True in sides else "short")


def _opened(record: FillRecord, strategy_id: str) -> bool:
    return record.fill.strategy_id == strategy_id and not record.closing


def summary(report: CompatibilityReport, required: int) -> Document:
    """Return the part of the report for a run's document; all of it is in `compatibility.json`."""
    return {"score": report.score, "required": required, "warnings": list(report.warnings)}


def falls_short(figures: Document) -> bool:
    """Return whether the strategies of a run are less compatible than its file requires."""
    report = figures.get("compatibility")
    return report is not None and bool(report["score"] < report["required"])


def measured(plan: RunPlan, before: CompatibilityReport, cache: ColumnCache | None) -> CompatibilityReport:
    """Compare the strategies of a plan by what they do, in a run of which nothing is kept."""
    from orchestrate.analytics.summary import summarise
    from orchestrate.usecases.running.run import run

    result = run(plan, lookahead=False, cache=cache)
    return with_returns(before, result, summarise(result)["correlation"])


def findings(report: CompatibilityReport) -> tuple[Finding, ...]:
    """Return the report as notes of a validation: the score, and every rule that applies.

    That conflicts can be expected is no more than a note, as it is in a run.
    """
    score = Finding("info", WHERE, f"score {report.score} of 100")
    notes = [
        Finding(
            "info" if match.rule == SHARED_SYMBOL else "warning",
            f"{WHERE}: {match.where}",
            f"{match.evidence}; {match.remedy}",
        )
        for match in report.matches
    ]
    synergies = [Finding("info", f"{WHERE}: {', '.join(one.strategies)}", one.evidence) for one in report.synergies]
    return (score, *notes, *synergies)
