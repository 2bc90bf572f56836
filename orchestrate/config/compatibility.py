"""What is known of a file's strategies before a run, and whether they are as compatible as the file requires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestrate.config.reading import Reading
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.strategies.compatibility import CompatibilityReport, StrategyMetadata
from orchestrate.domain.strategies.protocols import StrategyDescription

#: Compares strategies by their metadata and their allocations in percent.
Analyze = Callable[[Sequence[StrategyMetadata], Mapping[str, Decimal]], CompatibilityReport]
_REQUIRE = ("portfolio", "compatibility", "require")


def compatibility(
    reading: Reading, plan: RunPlan, descriptions: Mapping[str, StrategyDescription], analyze: Analyze
) -> CompatibilityReport:
    """Compare the plan's strategies; less than the file requires is a mistake in it."""
    metadata = [metadata_of(one, plan, descriptions[one.id]) for one in plan.strategies]
    report = analyze(metadata, {one.id: one.weight * 100 for one in plan.strategies})
    required = plan.portfolio.compatibility.require
    if report.score < required:
        causes = "; ".join(f"{match.where}: {match.evidence}" for match in report.matches)
        message = f"the compatibility of the strategies is {report.score}, less than {required}"
        reading.wrong(_REQUIRE, message, causes)
    return report


def metadata_of(strategy: StrategyPlan, plan: RunPlan, description: StrategyDescription) -> StrategyMetadata:
    """Return what the class declares of itself, with symbols, asset class and leverage of the configuration."""
    traits: dict[str, Any] = dict(description.traits)
    classes = {
        plan.instruments[symbol].asset_class if symbol in plan.instruments else None for symbol in strategy.symbols
    }
    if len(classes) == 1 and None not in classes:
        traits["asset_class"] = classes.pop()
    leverage = strategy.config.get("leverage")
    if isinstance(leverage, (int, float)) and not isinstance(leverage, bool):
        traits["leverage"] = float(leverage)
    return StrategyMetadata(
        strategy.id,
        strategy.name,
        strategy.symbols,
        strategy.priority,
        strategy.depends_on,
        framework=strategy.framework,
        **traits,
    )
