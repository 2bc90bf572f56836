"""Run several strategies, on Backtrader and NautilusTrader, as one portfolio from one YAML file.

The imports below are the list of public names, and the only one: type checkers follow them, Python reads their lines
and imports a name when it is first used, so that importing the package costs nothing (docs/decisions/011).
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # true for type checkers; importing `typing` would take longer than all of this
if TYPE_CHECKING:
    from orchestrate.analytics.attribution import CrossFrameworkAnalytics as CrossFrameworkAnalytics
    from orchestrate.analytics.contributions.brinson import BrinsonEffects as BrinsonEffects
    from orchestrate.analytics.contributions.brinson import brinson_fachler as brinson_fachler
    from orchestrate.analytics.contributions.risk import risk_contributions as risk_contributions
    from orchestrate.domain.accounts import StrategyAllocation as StrategyAllocation
    from orchestrate.domain.books import Position as Position
    from orchestrate.domain.books import Trade as Trade
    from orchestrate.domain.errors import ConfigurationError as ConfigurationError
    from orchestrate.domain.errors import DataError as DataError
    from orchestrate.domain.errors import EngineError as EngineError
    from orchestrate.domain.errors import FunctionError as FunctionError
    from orchestrate.domain.errors import InterruptedRunError as InterruptedRunError
    from orchestrate.domain.errors import NotFoundError as NotFoundError
    from orchestrate.domain.errors import OrchestrateError as OrchestrateError
    from orchestrate.domain.errors import Problem as Problem
    from orchestrate.domain.errors import ReconciliationError as ReconciliationError
    from orchestrate.domain.errors import StoreError as StoreError
    from orchestrate.domain.errors import TimeLimitError as TimeLimitError
    from orchestrate.domain.errors import UnknownStrategyError as UnknownStrategyError
    from orchestrate.domain.events import CapitalRebalancedEvent as CapitalRebalancedEvent
    from orchestrate.domain.events import CrossFrameworkEvent as CrossFrameworkEvent
    from orchestrate.domain.events import DomainEvent as DomainEvent
    from orchestrate.domain.events import LimitReachedEvent as LimitReachedEvent
    from orchestrate.domain.events import OppositionEndedEvent as OppositionEndedEvent
    from orchestrate.domain.events import OppositionStartedEvent as OppositionStartedEvent
    from orchestrate.domain.events import OrderFilledEvent as OrderFilledEvent
    from orchestrate.domain.events import PositionKeptEvent as PositionKeptEvent
    from orchestrate.domain.events import SignalBlockedEvent as SignalBlockedEvent
    from orchestrate.domain.events import SignalResizedEvent as SignalResizedEvent
    from orchestrate.domain.events import StrategyAddedEvent as StrategyAddedEvent
    from orchestrate.domain.events import StrategyConflictDetectedEvent as StrategyConflictDetectedEvent
    from orchestrate.domain.events import StrategyFailedEvent as StrategyFailedEvent
    from orchestrate.domain.events import StrategyPausedEvent as StrategyPausedEvent
    from orchestrate.domain.events import StrategyRemovedEvent as StrategyRemovedEvent
    from orchestrate.domain.events import StrategyResumedEvent as StrategyResumedEvent
    from orchestrate.domain.events import StrategySignalledEvent as StrategySignalledEvent
    from orchestrate.domain.instruments.instrument import Instrument as Instrument
    from orchestrate.domain.market.bars import Bars as Bars
    from orchestrate.domain.market.timeline import BarSeries as BarSeries
    from orchestrate.domain.market.timeline import Flags as Flags
    from orchestrate.domain.market.timeline import Floats as Floats
    from orchestrate.domain.market.timeline import HistoricalDataBar as HistoricalDataBar
    from orchestrate.domain.market.timeline import Market as Market
    from orchestrate.domain.market.timeline import MarketEvent as MarketEvent
    from orchestrate.domain.market.timeline import Stamps as Stamps
    from orchestrate.domain.market.timeline import Timeline as Timeline
    from orchestrate.domain.options.contract import OptionContract as OptionContract
    from orchestrate.domain.options.holding import HeldStructure as HeldStructure
    from orchestrate.domain.options.makers import butterfly as butterfly
    from orchestrate.domain.options.makers import calendar as calendar
    from orchestrate.domain.options.makers import cash_secured_put as cash_secured_put
    from orchestrate.domain.options.makers import collar as collar
    from orchestrate.domain.options.makers import covered_call as covered_call
    from orchestrate.domain.options.makers import iron_butterfly as iron_butterfly
    from orchestrate.domain.options.makers import iron_condor as iron_condor
    from orchestrate.domain.options.makers import straddle as straddle
    from orchestrate.domain.options.makers import strangle as strangle
    from orchestrate.domain.options.makers import vertical as vertical
    from orchestrate.domain.options.structure import Leg as Leg
    from orchestrate.domain.options.structure import Structure as Structure
    from orchestrate.domain.options.view import ChainView as ChainView
    from orchestrate.domain.orders.conflicts import ConflictDemand as ConflictDemand
    from orchestrate.domain.orders.conflicts import ConflictView as ConflictView
    from orchestrate.domain.orders.execution import Commission as Commission
    from orchestrate.domain.orders.execution import ExecutionRules as ExecutionRules
    from orchestrate.domain.orders.execution import Slippage as Slippage
    from orchestrate.domain.orders.order import Decision as Decision
    from orchestrate.domain.orders.order import Demand as Demand
    from orchestrate.domain.orders.order import Fill as Fill
    from orchestrate.domain.orders.order import Order as Order
    from orchestrate.domain.orders.order import OrderUpdate as OrderUpdate
    from orchestrate.domain.orders.order import Outcome as Outcome
    from orchestrate.domain.orders.order import Reason as Reason
    from orchestrate.domain.orders.order import StrategyCommand as StrategyCommand
    from orchestrate.domain.plan import CapitalPlan as CapitalPlan
    from orchestrate.domain.plan import DataPlan as DataPlan
    from orchestrate.domain.plan import Gate as Gate
    from orchestrate.domain.plan import InstrumentPlan as InstrumentPlan
    from orchestrate.domain.plan import MultiFrameworkConfig as MultiFrameworkConfig
    from orchestrate.domain.plan import OrchestratorMode as OrchestratorMode
    from orchestrate.domain.plan import RunPlan as RunPlan
    from orchestrate.domain.plan import Sizing as Sizing
    from orchestrate.domain.plan import StrategyPlan as StrategyPlan
    from orchestrate.domain.portfolio import AllocationPlan as AllocationPlan
    from orchestrate.domain.portfolio import Appointment as Appointment
    from orchestrate.domain.portfolio import PortfolioPlan as PortfolioPlan
    from orchestrate.domain.portfolio import RebalancePlan as RebalancePlan
    from orchestrate.domain.portfolio import VolatilityTarget as VolatilityTarget
    from orchestrate.domain.results import DecisionRecord as DecisionRecord
    from orchestrate.domain.results import FillRecord as FillRecord
    from orchestrate.domain.results import Finding as Finding
    from orchestrate.domain.results import FrameworkTiming as FrameworkTiming
    from orchestrate.domain.results import RunError as RunError
    from orchestrate.domain.results import RunResult as RunResult
    from orchestrate.domain.results import StrategyError as StrategyError
    from orchestrate.domain.results import StrategyResult as StrategyResult
    from orchestrate.domain.strategies.compatibility import CompatibilityReport as CompatibilityReport
    from orchestrate.domain.strategies.compatibility import StrategyMetadata as StrategyMetadata
    from orchestrate.domain.strategies.protocols import BarStrategy as BarStrategy
    from orchestrate.domain.strategies.protocols import Context as Context
    from orchestrate.domain.strategies.protocols import IStrategy as IStrategy
    from orchestrate.domain.strategies.protocols import Parameter as Parameter
    from orchestrate.domain.strategies.protocols import Side as Side
    from orchestrate.domain.strategies.protocols import Signal as Signal
    from orchestrate.domain.strategies.protocols import Signals as Signals
    from orchestrate.domain.strategies.protocols import StrategyDescription as StrategyDescription
    from orchestrate.domain.strategies.protocols import VectorStrategy as VectorStrategy
    from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter as BacktraderOrchestrationAdapter
    from orchestrate.engines.backtrader.settings import BacktraderSettings as BacktraderSettings
    from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter as NautilusOrchestrationAdapter
    from orchestrate.engines.nautilus.settings import NautilusSettings as NautilusSettings
    from orchestrate.library.incremental import Indicator as Indicator
    from orchestrate.library.indicators import TIE as TIE
    from orchestrate.library.indicators import crossed_above as crossed_above
    from orchestrate.library.indicators import moving_average as moving_average
    from orchestrate.library.indicators import rolling_deviation as rolling_deviation
    from orchestrate.library.indicators import rolling_sum as rolling_sum
    from orchestrate.library.indicators import wilder_rsi as wilder_rsi
    from orchestrate.library.indicators import z_score as z_score
    from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator as CrossFrameworkOrchestrator
    from orchestrate.orchestration.orders.ports import FrameworkPortfolioState as FrameworkPortfolioState
    from orchestrate.orchestration.orders.ports import OrchestrationPort as OrchestrationPort
    from orchestrate.orchestration.risk.capital import PortfolioCapitalManager as PortfolioCapitalManager
    from orchestrate.orchestration.risk.coordinator import CrossFrameworkCoordinator as CrossFrameworkCoordinator
    from orchestrate.orchestration.risk.coordinator import StrategyCoordinator as StrategyCoordinator
    from orchestrate.orchestration.risk.limits.losses import Cooldown as Cooldown
    from orchestrate.orchestration.risk.limits.losses import MaxDailyLoss as MaxDailyLoss
    from orchestrate.orchestration.risk.limits.losses import MaxDrawdown as MaxDrawdown
    from orchestrate.orchestration.risk.limits.losses import MaxPortfolioDrawdown as MaxPortfolioDrawdown
    from orchestrate.orchestration.risk.limits.sizes import MaxFrameworkPct as MaxFrameworkPct
    from orchestrate.orchestration.risk.limits.sizes import MaxGrossLeverage as MaxGrossLeverage
    from orchestrate.orchestration.risk.limits.sizes import MaxLeverage as MaxLeverage
    from orchestrate.orchestration.risk.limits.sizes import MaxNetLeverage as MaxNetLeverage
    from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct as MaxPositionPct
    from orchestrate.orchestration.risk.limits.sizes import MaxPositions as MaxPositions
    from orchestrate.orchestration.risk.limits.sizes import MaxSymbolPct as MaxSymbolPct
    from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer as CompatibilityAnalyzer
    from orchestrate.orchestration.strategies.facts import Board as Board
    from orchestrate.orchestration.strategies.facts import board as board
    from orchestrate.orchestration.strategies.registry import AllocationConfig as AllocationConfig
    from orchestrate.usecases.api.calls import BacktestEngine as BacktestEngine
    from orchestrate.usecases.api.calls import StrategyOrchestrator as StrategyOrchestrator
    from orchestrate.usecases.api.calls import run_backtest as run_backtest
    from orchestrate.usecases.api.calls import run_orchestrator as run_orchestrator
    from orchestrate.usecases.api.library import StrategyLibrary as StrategyLibrary
    from orchestrate.usecases.api.orchestrator import UnifiedStrategyOrchestrator as UnifiedStrategyOrchestrator
    from orchestrate.usecases.api.results import BacktestResult as BacktestResult
    from orchestrate.usecases.api.results import OrchestratorResult as OrchestratorResult
    from orchestrate.usecases.api.settings import OrchestratorConfig as OrchestratorConfig
    from orchestrate.usecases.api.stored import StoredResult as StoredResult
    from orchestrate.usecases.api.stored import load_run as load_run
    from orchestrate.usecases.api.stored import run as run
    from orchestrate.usecases.api.stored import runs as runs
    from orchestrate.usecases.api.sweeps import SweepResult as SweepResult
    from orchestrate.usecases.api.sweeps import load_sweep as load_sweep
    from orchestrate.usecases.api.sweeps import run_sweep as run_sweep
else:
    _modules = {}

    def _module_by_name():
        """Return the module of each public name, as the imports above say."""
        if not _modules:
            lines = __spec__.loader.get_data(__file__).decode().splitlines()
            imports = [line.split() for line in lines if line.startswith("    from orchestrate.")]
            _modules.update({name: module for _, module, _, _, _, name in imports})
        return _modules

    def __getattr__(name):
        """Import a public name when it is first used."""
        modules = _module_by_name()
        if name == "__all__":
            return sorted(modules)
        if name not in modules:
            raise AttributeError(f"module 'orchestrate' has no attribute {name!r}")
        from importlib import import_module

        globals()[name] = public = getattr(import_module(modules[name]), name)
        return public

    def __dir__():
        return [*globals(), *_module_by_name()]

    import sys

    class _Package(type(sys)):
        """This package, whose public name `runs` is the function although a folder of it has the same name."""

        @property
        def runs(self):
            return globals().get("runs") or __getattr__("runs")

        @runs.setter
        def runs(self, _folder):
            """Leave the name as it is where the folder is imported."""

    sys.modules[__name__].__class__ = _Package
