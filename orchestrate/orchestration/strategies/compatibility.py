"""Can these strategies run together, and what should their owner know before they do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from orchestrate.domain.results import Finding

_ERROR_COST: Final = 50
_WARNING_COST: Final = 5


@dataclass(frozen=True, slots=True)
class StrategyMetadata:
    """The facts about a strategy that an orchestrator needs; only the id is required.

    Empty `symbols` means every symbol.
    """

    id: str
    name: str = ""
    symbols: tuple[str, ...] = ()
    priority: int = 0
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a strategy needs an id")


@dataclass(frozen=True, slots=True)
class CompatibilityReport:
    """The result of an analysis; `score` runs from 100 (no issues found) to 0.

    `is_compatible` is False when there is an error among the findings.
    """

    score: int
    findings: tuple[Finding, ...]
    recommendations: tuple[str, ...]
    is_compatible: bool
    warnings: tuple[str, ...] = field(default=())


class CompatibilityAnalyzer:
    """An analyzer that compares strategies before a run."""

    def analyze(
        self, strategies: Sequence[StrategyMetadata], allocations: Mapping[str, Decimal]
    ) -> CompatibilityReport:
        """Check strategies against each other; `allocations` are percentages by strategy id."""
        findings: list[Finding] = []
        recommendations: list[str] = []
        total = sum(allocations.values(), Decimal(0))
        if total > 100:
            findings.append(Finding("error", "allocation", f"allocations sum to {total}%, more than 100%"))
            recommendations.append("lower the allocations to 100% in all, or normalize them")
        findings += [
            Finding("error", strategy_id, "depends on a strategy that takes no part")
            for strategy_id in unknown_dependencies(strategies)
        ]
        try:
            decision_order(strategies)
        except ValueError as error:
            findings.append(Finding("error", "depends_on", str(error)))
        for symbol, ids in _shared(strategies).items():
            findings.append(Finding("warning", symbol, f"traded by {', '.join(ids)}: their orders can conflict"))
            recommendations.append(f"say in portfolio.conflicts how {symbol} is settled")
        errors = sum(finding.severity == "error" for finding in findings)
        warnings = tuple(f"{finding.where}: {finding.message}" for finding in findings if finding.severity == "warning")
        score = max(0, 100 - _ERROR_COST * errors - _WARNING_COST * len(warnings))
        return CompatibilityReport(score, tuple(findings), tuple(recommendations), not errors, warnings)


def unknown_dependencies(strategies: Sequence[StrategyMetadata]) -> list[str]:
    """Return ids of strategies that depend on one that isn't among `strategies`."""
    known = {strategy.id for strategy in strategies}
    return [strategy.id for strategy in strategies if not known.issuperset(strategy.depends_on)]


def decision_order(strategies: Sequence[StrategyMetadata]) -> list[str]:
    """Return the order in which strategies are asked: dependencies first, then priority, then id.

    ValueError on a cycle.
    """
    waiting = sorted(strategies, key=lambda strategy: (strategy.priority, strategy.id))
    known = {strategy.id for strategy in strategies}
    asked: list[str] = []
    while waiting:
        ready = next((s for s in waiting if all(name in asked or name not in known for name in s.depends_on)), None)
        if ready is None:
            raise ValueError(f"{', '.join(strategy.id for strategy in waiting)} depend on one another in a circle")
        asked.append(ready.id)
        waiting.remove(ready)
    return asked


def _shared(strategies: Sequence[StrategyMetadata]) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for strategy in strategies:
        for symbol in strategy.symbols:
            users.setdefault(symbol, []).append(strategy.id)
    return {symbol: ids for symbol, ids in users.items() if len(ids) > 1}
