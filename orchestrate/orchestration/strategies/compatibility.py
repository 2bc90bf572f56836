"""Can these strategies run together, and what should their owner know before they do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from orchestrate.domain.strategies.compatibility import (
    CompatibilityReport,
    Pair,
    PairReport,
    PairStatistics,
    RuleMatch,
    StrategyMetadata,
    Synergy,
)
from orchestrate.orchestration.strategies.compatibility_rules import (
    RULES,
    SYNERGIES,
    Candidates,
    decision_order,
    shared_symbols,
    unknown_dependencies,
)

__all__ = [
    "CompatibilityAnalyzer",
    "CompatibilityReport",
    "StrategyMetadata",
    "decision_order",
    "unknown_dependencies",
]

BEST: Final = 100


class CompatibilityAnalyzer:
    """An analyzer that compares strategies by the rules of `RULES`, before a run or with what came of one."""

    def analyze(
        self,
        strategies: Sequence[StrategyMetadata],
        allocations: Mapping[str, Decimal],
        statistics: Mapping[Pair, PairStatistics] | None = None,
    ) -> CompatibilityReport:
        """Judge the strategies; `allocations` are percentages by id. A single strategy is always compatible."""
        if len(strategies) < 2:
            return CompatibilityReport(BEST, (), (), True, strategies=tuple(strategies))
        candidates = Candidates(strategies, allocations, statistics or {})
        matches = _matches(candidates)
        findings = tuple(match.finding for match in matches)
        return CompatibilityReport(
            score=_score(matches),
            findings=findings,
            recommendations=tuple(dict.fromkeys(match.remedy for match in matches)),
            is_compatible=not any(match.severity == "error" for match in matches),
            warnings=tuple(f"{one.where}: {one.message}" for one in findings if one.severity == "warning"),
            matches=matches,
            pairs=_pairs(candidates, matches),
            concentration={
                "symbols": candidates.concentration(lambda strategy: strategy.symbols),
                "asset_classes": candidates.concentration(lambda strategy: _known(strategy.asset_class)),
                "frameworks": candidates.concentration(lambda strategy: _known(strategy.framework)),
            },
            synergies=tuple(
                Synergy((evidence.strategies[0], evidence.strategies[1]), evidence.text)
                for find in SYNERGIES.values()
                for evidence in find(candidates)
            ),
            strategies=tuple(strategies),
        )


def _matches(candidates: Candidates) -> tuple[RuleMatch, ...]:
    return tuple(
        RuleMatch(
            rule=name,
            severity=rule.severity,
            where=evidence.where,
            evidence=evidence.text,
            penalty=rule.penalty,
            remedy=rule.remedy.replace("{where}", evidence.where),
            strategies=evidence.strategies,
        )
        for name, rule in RULES.items()
        for evidence in rule.find(candidates)
    )


def _score(matches: Sequence[RuleMatch]) -> int:
    return max(0, BEST - sum(match.penalty for match in matches))


def _pairs(candidates: Candidates, matches: Sequence[RuleMatch]) -> tuple[PairReport, ...]:
    """Return the score of every pair; rules about all strategies don't count."""
    pairs = []
    for first, second in candidates.pairs:
        both = {first.id, second.id}
        theirs = [match for match in matches if both.issubset(match.strategies) and not RULES[match.rule].all_together]
        statistics = candidates.statistics.get((first.id, second.id))
        pairs.append(PairReport((first.id, second.id), _score(theirs), shared_symbols(first, second), statistics))
    return tuple(pairs)


def _known(name: str) -> tuple[str, ...]:
    return (name,) if name else ()
