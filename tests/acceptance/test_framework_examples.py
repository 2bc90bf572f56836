"""The users' examples of classes for two frameworks run word for word, and take part in runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orchestrate
from orchestrate import (
    AllocationConfig,
    CompatibilityAnalyzer,
    CrossFrameworkCoordinator,
    CrossFrameworkEvent,
    CrossFrameworkOrchestrator,
    ExecutionRules,
    FrameworkPortfolioState,
    OrderFilledEvent,
    PortfolioCapitalManager,
    StrategyMetadata,
)
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, fixed

ORCHESTRATOR = '''
# Extended orchestrator supporting multiple frameworks
class CrossFrameworkOrchestrator(UnifiedStrategyOrchestrator):
    """
    Extends unified orchestrator to manage strategies across different frameworks.
    Maintains EPIC-001 patterns while adding framework-specific coordination.
    """

    def __init__(
        self,
        nautilus_adapter: NautilusOrchestrationAdapter,
        backtrader_adapter: BacktraderOrchestrationAdapter,
        capital_manager: PortfolioCapitalManager,
        coordinator: CrossFrameworkCoordinator
    ):
        super().__init__(capital_manager, coordinator, CompatibilityAnalyzer())
        self.adapters = {
            'nautilus': nautilus_adapter,
            'backtrader': backtrader_adapter
        }
        self.framework_strategies: Dict[str, List[str]] = {}

    def add_strategy(
        self,
        strategy: Strategy,
        framework: str,  # 'nautilus' or 'backtrader'
        metadata: StrategyMetadata,
        allocation: AllocationConfig
    ) -> None:
        """Add strategy to specific framework with allocation."""
        # Validate framework support
        # Register with appropriate adapter
        # Update cross-framework coordination
'''
ADAPTERS = '''
# Enhanced Nautilus adapter
class NautilusMultiStrategyAdapter(NautilusOrchestrationAdapter):
    """Nautilus adapter with cross-framework coordination."""

    def coordinate_with_framework(
        self,
        other_framework: str,
        coordination_event: CrossFrameworkEvent
    ) -> None:
        """Handle coordination events from other frameworks."""

    def get_framework_portfolio_state(self) -> FrameworkPortfolioState:
        """Get Nautilus-specific portfolio state for aggregation."""

# Enhanced Backtrader adapter
class BacktraderMultiStrategyAdapter(BacktraderOrchestrationAdapter):
    """Backtrader adapter with cross-framework coordination."""

    # Similar coordination methods...
'''


def names_after(text: str) -> dict[str, Any]:
    """Run an example with the public names; `Strategy` is the users' own base class."""
    public = {name: getattr(orchestrate, name) for name in orchestrate.__all__}
    space: dict[str, Any] = {**public, "Strategy": object, "Dict": dict, "List": list}
    exec(compile(text, "example", "exec", dont_inherit=True), space)  # annotations are evaluated
    return space


def test_an_orchestrator_of_two_adapters() -> None:
    space = names_after(ORCHESTRATOR + ADAPTERS)
    made = space["CrossFrameworkOrchestrator"](
        nautilus_adapter=space["NautilusMultiStrategyAdapter"](),
        backtrader_adapter=space["BacktraderMultiStrategyAdapter"](),
        capital_manager=PortfolioCapitalManager(),
        coordinator=CrossFrameworkCoordinator(),
    )
    assert [adapter.framework for adapter in made.adapters.values()] == ["nautilus", "backtrader"]
    assert made.framework_strategies == {}
    assert made.detect_mode({"strategies": {}}) == "multi"


def test_adapters_of_their_own_take_part_in_a_run() -> None:
    """Each has a strategy; Nautilus's gets the events of the run, and both return what they hold."""
    space = names_after(ADAPTERS)
    received: list[CrossFrameworkEvent] = []

    class Noting(space["NautilusMultiStrategyAdapter"]):  # type: ignore[misc]  # defined by the example
        def coordinate_with_framework(self, other_framework: str, coordination_event: CrossFrameworkEvent) -> None:
            assert super().coordinate_with_framework(other_framework, coordination_event) is None
            received.append(coordination_event)

        def get_framework_portfolio_state(self) -> FrameworkPortfolioState:
            return self.get_portfolio_state()  # type: ignore[no-any-return]  # its base is the example's

    nautilus, backtrader = Noting(), space["BacktraderMultiStrategyAdapter"]()
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(10_000)),
        CrossFrameworkCoordinator(),
        CompatibilityAnalyzer(),
        {"nautilus": nautilus, "backtrader": backtrader},
        emit=lambda event: nautilus.coordinate_with_framework("backtrader", event),
    )
    for framework, size in (("nautilus", 3), ("backtrader", 5)):
        metadata, half = StrategyMetadata(framework, symbols=("A",)), AllocationConfig(Decimal(50), fixed(size))
        orchestrator.add_strategy(Flags(long=[0]), metadata, half, framework=framework)
    orchestrator.begin(market_of(series("A", [(10.0, 10.0)] * 3)), ExecutionRules())
    for event in orchestrator.clock():
        orchestrator.step(event)
    assert orchestrator.framework_strategies == {"nautilus": ["nautilus"], "backtrader": ["backtrader"]}
    assert nautilus.get_framework_portfolio_state().quantities == {"A": 3.0}
    assert backtrader.get_portfolio_state().quantities == {"A": 5.0}
    filled = [event.fill.quantity for event in received if isinstance(event, OrderFilledEvent)]
    assert sorted(filled) == [3.0, 5.0]
    orchestrator.end()
