"""Results of runs on the in-memory engine, and their exposure as rows that a test can list."""

from __future__ import annotations

from decimal import Decimal

from orchestrate.analytics.exposure import FIGURES, Exposure, Figures, groups, rows
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import CapitalPlan, RunPlan
from orchestrate.domain.results import RunResult
from tests.orchestration.harness import HarnessRun

#: A step with all figures: gross, net, used, reserved, available, margin_initial, margin_maintenance.
Row = tuple[int, float, float, float, float, float, float, float]


def result_of_run(market: Market, done: HarnessRun) -> RunResult:
    """The result of a run on that market."""
    capital, strategies = done.orchestrator.capital_manager.total, done.results
    return RunResult(
        plan=RunPlan("multi", CapitalPlan(capital), {}, {}, ()),
        status="completed",
        stamps=market.timeline.stamps,
        labels=market.timeline.labels,
        reserve=capital - sum((one.allocated for one in strategies.values()), Decimal(0)),
        strategies=strategies,
        decisions=tuple(done.orchestrator.session.log.decisions),
        fills=tuple(done.orchestrator.fills),
    )


def rows_of(result: RunResult, scope: str, name: str = "") -> list[Row]:
    """The stored rows of one group."""
    (own,) = (one for one in rows(result) if one.group.scope == scope and one.group.id == (name or scope))
    columns = [own.columns[name].tolist() for name in FIGURES]
    return list(zip(own.steps.tolist(), *columns, strict=True))


def figures_of(result: RunResult, scope: str, name: str = "") -> Figures:
    """The figures of one group at every step."""
    (group,) = (one for one in groups(result) if (one.scope, one.id) == (scope, name or scope))
    return Exposure(result).figures(group)
