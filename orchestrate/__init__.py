"""Several strategies, on Backtrader and NautilusTrader, run as one portfolio from one YAML file.

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrate.analytics.attribution import CrossFrameworkAnalytics as CrossFrameworkAnalytics
    from orchestrate.domain.bars import Bars as Bars
    from orchestrate.domain.events import CapitalRebalancedEvent as CapitalRebalancedEvent
    from orchestrate.domain.events import DomainEvent as DomainEvent
    from orchestrate.domain.events import StrategyAddedEvent as StrategyAddedEvent
    from orchestrate.domain.events import StrategyConflictDetectedEvent as StrategyConflictDetectedEvent
    from orchestrate.domain.execution import Commission as Commission
    from orchestrate.domain.execution import ExecutionRules as ExecutionRules
    from orchestrate.domain.execution import Slippage as Slippage
    from orchestrate.domain.market import HistoricalDataBar as HistoricalDataBar
    from orchestrate.domain.market import MarketEvent as MarketEvent
    from orchestrate.domain.orders import StrategyCommand as StrategyCommand
    from orchestrate.domain.plan import InstrumentPlan as InstrumentPlan
    from orchestrate.domain.plan import MultiFrameworkConfig as MultiFrameworkConfig
    from orchestrate.domain.plan import Sizing as Sizing
    from orchestrate.domain.strategy import Context as Context
    from orchestrate.domain.strategy import IStrategy as IStrategy
    from orchestrate.domain.strategy import Parameter as Parameter
    from orchestrate.domain.strategy import Signal as Signal
    from orchestrate.domain.strategy import Signals as Signals
    from orchestrate.library.strategy_library import StrategyLibrary as StrategyLibrary
    from orchestrate.orchestration.capital import PortfolioCapitalManager as PortfolioCapitalManager
    from orchestrate.orchestration.capital import StrategyAllocation as StrategyAllocation
    from orchestrate.orchestration.compatibility import CompatibilityAnalyzer as CompatibilityAnalyzer
    from orchestrate.orchestration.compatibility import CompatibilityReport as CompatibilityReport
    from orchestrate.orchestration.compatibility import StrategyMetadata as StrategyMetadata
    from orchestrate.orchestration.coordinator import StrategyCoordinator as StrategyCoordinator
    from orchestrate.orchestration.cross_framework import CrossFrameworkOrchestrator as CrossFrameworkOrchestrator
    from orchestrate.orchestration.entries import AllocationConfig as AllocationConfig
    from orchestrate.orchestration.orchestrator import UnifiedStrategyOrchestrator as UnifiedStrategyOrchestrator
    from orchestrate.orchestration.ports import OrchestrationPort as OrchestrationPort
    from orchestrate.usecases.api import BacktestEngine as BacktestEngine
    from orchestrate.usecases.api import OrchestratorConfig as OrchestratorConfig
    from orchestrate.usecases.api import StrategyOrchestrator as StrategyOrchestrator
    from orchestrate.usecases.api import run_backtest as run_backtest
    from orchestrate.usecases.api import run_orchestrator as run_orchestrator
    from orchestrate.usecases.api_results import BacktestResult as BacktestResult
    from orchestrate.usecases.api_results import OrchestratorResult as OrchestratorResult

__version__ = "0.1.0"

_PUBLIC: Final = {
    "CrossFrameworkAnalytics": "analytics.attribution",
    "OrchestrationPort": "orchestration.ports",
    "CompatibilityReport": "orchestration.compatibility",
    "StrategyAllocation": "orchestration.capital",
    "StrategyConflictDetectedEvent": "domain.events",
    "CapitalRebalancedEvent": "domain.events",
    "StrategyAddedEvent": "domain.events",
    "DomainEvent": "domain.events",
    "StrategyCommand": "domain.orders",
    "MarketEvent": "domain.market",
    "MultiFrameworkConfig": "domain.plan",
    "Bars": "domain.bars",
    "Commission": "domain.execution",
    "ExecutionRules": "domain.execution",
    "Slippage": "domain.execution",
    "HistoricalDataBar": "domain.market",
    "InstrumentPlan": "domain.plan",
    "Sizing": "domain.plan",
    "Context": "domain.strategy",
    "IStrategy": "domain.strategy",
    "Parameter": "domain.strategy",
    "Signal": "domain.strategy",
    "Signals": "domain.strategy",
    "StrategyLibrary": "library.strategy_library",
    "PortfolioCapitalManager": "orchestration.capital",
    "CompatibilityAnalyzer": "orchestration.compatibility",
    "StrategyMetadata": "orchestration.compatibility",
    "StrategyCoordinator": "orchestration.coordinator",
    "CrossFrameworkOrchestrator": "orchestration.cross_framework",
    "AllocationConfig": "orchestration.entries",
    "UnifiedStrategyOrchestrator": "orchestration.orchestrator",
    "BacktestEngine": "usecases.api",
    "OrchestratorConfig": "usecases.api",
    "StrategyOrchestrator": "usecases.api",
    "run_backtest": "usecases.api",
    "run_orchestrator": "usecases.api",
    "BacktestResult": "usecases.api_results",
    "OrchestratorResult": "usecases.api_results",
}
__all__ = sorted(_PUBLIC)  # noqa: PLE0605  (the names stand in one place, above)


def __getattr__(name: str) -> object:
    """A public name, imported on first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'orchestrate' has no attribute {name!r}")
    found: object = getattr(import_module(f"orchestrate.{_PUBLIC[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *_PUBLIC]
