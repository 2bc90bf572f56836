"""The users' examples of classes and events run as they are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import orchestrate
from orchestrate import (
    CapitalRebalancedEvent,
    CompatibilityAnalyzer,
    DomainEvent,
    OrchestratorConfig,
    PortfolioCapitalManager,
    StrategyAddedEvent,
    StrategyAllocation,
    StrategyConflictDetectedEvent,
    StrategyLibrary,
)

MADE = """
orchestrator = UnifiedStrategyOrchestrator(
    capital_manager=PortfolioCapitalManager(),
    coordinator=StrategyCoordinator(),
    compatibility_analyzer=CompatibilityAnalyzer()
)
"""
ONE = """
config = {
    "strategy": "OPTIONS_MONTHLY_WEEKLY_HEDGE",
    "config": {
        "num_lots": 4,
        "max_positions": 3
    }
}
mode = orchestrator.detect_mode(config)
assert mode is OrchestratorMode.SINGLE

strategy = strategy_library.get_strategy("OPTIONS_MONTHLY_WEEKLY_HEDGE")
orchestrator.add_strategy(
    strategy=strategy,
    metadata=StrategyMetadata(id="OPTIONS_01"),
    allocation=AllocationConfig(target_pct=100.0)
)
"""
SEVERAL = """
config = {
    "strategies": {
        "OPTIONS_MONTHLY_WEEKLY_HEDGE": {
            "enabled": true,
            "allocation_pct": 60.0,
            "config": {"num_lots": 4}
        },
        "MOMENTUM_FUTURES": {
            "enabled": true,
            "allocation_pct": 30.0,
            "config": {"leverage": 2.0}
        },
        "MEAN_REVERSION_EQUITY": {
            "enabled": true,
            "allocation_pct": 10.0,
            "config": {"position_size_pct": 3.0}
        }
    }
}
mode = orchestrator.detect_mode(config)
assert mode is OrchestratorMode.MULTI

for strategy_name, strategy_config in config["strategies"].items():
    if strategy_config["enabled"]:
        strategy = strategy_library.get_strategy(strategy_name)
        orchestrator.add_strategy(
            strategy=strategy,
            metadata=StrategyMetadata(id=strategy_name),
            allocation=AllocationConfig(target_pct=strategy_config["allocation_pct"])
        )
"""
ENDS = """
if not orchestrator.is_single_strategy_mode:
    report = orchestrator.validate_compatibility()
    if not report.is_compatible:
        raise ValueError(f"Incompatible strategies: {report.warnings}")

allocations = orchestrator.allocate_capital()
"""


def outcome_of(text: str) -> dict[str, Any]:
    """Run an example with the public names."""
    names = {name: getattr(orchestrate, name) for name in orchestrate.__all__}
    space: dict[str, Any] = {**names, "strategy_library": StrategyLibrary, "true": True}
    exec(text, space)
    return space


def test_one_strategy_gets_all_of_the_capital() -> None:
    space = outcome_of(MADE + ONE + ENDS)
    assert space["mode"] == "single"
    assert space["orchestrator"].is_single_strategy_mode
    assert space["allocations"] == {"OPTIONS_01": Decimal("100000.00")}


def test_several_strategies_share_it() -> None:
    space = outcome_of(MADE + SEVERAL + ENDS)
    assert space["mode"] == "multi"
    assert space["allocations"] == {
        "OPTIONS_MONTHLY_WEEKLY_HEDGE": Decimal("60000.00"),
        "MOMENTUM_FUTURES": Decimal("30000.00"),
        "MEAN_REVERSION_EQUITY": Decimal("10000.00"),
    }
    added = [event for event in space["orchestrator"].events if isinstance(event, StrategyAddedEvent)]
    assert [(event.strategy_id, event.allocation_pct) for event in added] == [
        ("OPTIONS_MONTHLY_WEEKLY_HEDGE", Decimal("60.0")),
        ("MOMENTUM_FUTURES", Decimal("30.0")),
        ("MEAN_REVERSION_EQUITY", Decimal("10.0")),
    ]


def test_more_than_all_is_incompatible() -> None:
    with pytest.raises(ValueError, match="Incompatible strategies"):
        outcome_of(MADE + SEVERAL.replace("60.0", "80.0") + ENDS)


def test_events_hold_what_the_users_name() -> None:
    allocations = {"a": Decimal(60), "b": Decimal(40)}
    added = StrategyAddedEvent(strategy_id="a", allocation_pct=Decimal(60))
    moved = CapitalRebalancedEvent(allocations=allocations)
    conflict = StrategyConflictDetectedEvent(strategy_ids=("a", "b"), conflict_type="opposite")
    assert (added.strategy_id, added.allocation_pct) == ("a", 60)
    assert moved.allocations == allocations
    assert (conflict.strategy_ids, conflict.conflict_type) == (("a", "b"), "opposite")
    assert all(isinstance(event, DomainEvent) for event in (added, moved, conflict))


def test_an_allocation_and_the_settings_hold_what_the_users_name() -> None:
    allocation = StrategyAllocation(
        strategy_id="a", allocated_capital=Decimal(60), used_capital=Decimal(20), available_capital=Decimal(40)
    )
    assert allocation.allocated_capital - allocation.used_capital == allocation.available_capital
    config = OrchestratorConfig(
        conflict_resolution_mode="net_signal", rebalance_threshold=Decimal("0.1"), logging_level="warning"
    )
    assert (config.conflict_resolution_mode, config.rebalance_threshold) == ("net_signal", Decimal("0.1"))


def test_the_coordinator_of_all_frameworks_has_the_name_of_the_users() -> None:
    frameworks = outcome_of(MADE.replace("StrategyCoordinator", "CrossFrameworkCoordinator"))["orchestrator"].frameworks
    assert set(frameworks) == {"backtrader", "nautilus"}


def test_parts_are_made_without_arguments() -> None:
    assert PortfolioCapitalManager().calculate_allocations(Decimal(100), {"a": Decimal(1)}) == {"a": Decimal(100)}
    assert CompatibilityAnalyzer().analyze((), {}).is_compatible
