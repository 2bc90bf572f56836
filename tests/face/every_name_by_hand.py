"""A user's script that needs every public name of orchestrators, engines, limits and events.

It is read and run as `every_name_of_runs.py` is, which needs the other names.
"""
# pyright: strict

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import assert_type

import numpy as np

from orchestrate import (
    AllocationConfig,
    Appointment,
    BacktraderOrchestrationAdapter,
    BacktraderSettings,
    BarSeries,
    Board,
    CapitalRebalancedEvent,
    CompatibilityAnalyzer,
    CompatibilityReport,
    Context,
    Cooldown,
    CrossFrameworkCoordinator,
    CrossFrameworkEvent,
    CrossFrameworkOrchestrator,
    DomainEvent,
    ExecutionRules,
    Floats,
    FrameworkPortfolioState,
    Instrument,
    LimitReachedEvent,
    Market,
    MarketEvent,
    MaxDailyLoss,
    MaxDrawdown,
    MaxFrameworkPct,
    MaxGrossLeverage,
    MaxLeverage,
    MaxNetLeverage,
    MaxPortfolioDrawdown,
    MaxPositionPct,
    MaxPositions,
    MaxSymbolPct,
    NautilusOrchestrationAdapter,
    NautilusSettings,
    OppositionEndedEvent,
    OppositionStartedEvent,
    OrchestrationPort,
    OrchestratorMode,
    Order,
    OrderFilledEvent,
    PortfolioCapitalManager,
    PortfolioPlan,
    PositionKeptEvent,
    RebalancePlan,
    Signal,
    SignalBlockedEvent,
    SignalResizedEvent,
    Stamps,
    StrategyAddedEvent,
    StrategyAllocation,
    StrategyCommand,
    StrategyConflictDetectedEvent,
    StrategyCoordinator,
    StrategyFailedEvent,
    StrategyMetadata,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
    StrategySignalledEvent,
    Timeline,
    UnifiedStrategyOrchestrator,
    VolatilityTarget,
    board,
)

DAY = 86_400_000_000_000


class Above:
    """Holds a symbol while it closes above its close of five bars before."""

    def on_bar(self, context: Context) -> Iterator[Signal]:
        for symbol in context.updated:
            bars, position = context.bars(symbol), context.position(symbol)
            above = len(bars) > 5 and bool(bars.close[-1] > bars.close[-6])
            if above and position is None:
                yield Signal.enter(symbol, "long", context.available / 4 / bars[-1].close)
            elif not above and position is not None:
                yield Signal.exit(symbol)


def market() -> Market:
    stamps: Stamps = np.arange(120, dtype=np.int64) * DAY
    closes: Floats = 100 + 10 * np.sin(np.arange(120) / 4)
    series = BarSeries("WAVE", stamps, closes, closes + 1, closes - 1, closes, np.full(120, 1e3), stamps, DAY)
    return Market({"WAVE": series}, {"WAVE": Instrument("WAVE")}, Timeline(stamps, stamps, {"WAVE": np.arange(120)}))


def both_frameworks() -> list[DomainEvent]:
    adapters: dict[str, OrchestrationPort] = {
        "backtrader": BacktraderOrchestrationAdapter(BacktraderSettings(feed="full")),
        "nautilus": NautilusOrchestrationAdapter(NautilusSettings()),
    }
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(10_000)), CrossFrameworkCoordinator(), CompatibilityAnalyzer(), adapters
    )
    for framework in adapters:
        metadata, half = StrategyMetadata(f"on_{framework}", symbols=("WAVE",)), AllocationConfig(Decimal(50))
        orchestrator.add_strategy(Above(), metadata, half, framework=framework)
    assert_type(orchestrator.detect_mode({"strategies": {}}), OrchestratorMode)
    report: CompatibilityReport = orchestrator.validate_compatibility()
    assert report.is_compatible and report.warnings
    orchestrator.run(market(), ExecutionRules())
    states: list[FrameworkPortfolioState] = [adapter.get_portfolio_state() for adapter in adapters.values()]
    assert [state.framework for state in states] == ["backtrader", "nautilus"]
    return orchestrator.events


def commands_by_hand() -> list[Order]:
    capital = PortfolioCapitalManager()
    orchestrator = UnifiedStrategyOrchestrator(capital, StrategyCoordinator(), CompatibilityAnalyzer())
    orchestrator.add_strategy(Above(), StrategyMetadata("above"), AllocationConfig(Decimal(100)))
    orchestrator.prepare(market(), ExecutionRules())
    commands: list[StrategyCommand] = []
    for step in range(12):
        commands += orchestrator.coordinate_execution(MarketEvent(step, step * DAY, {"WAVE": step}))
    allocation = capital.allocation("above", orchestrator.session.marks)
    assert_type(allocation, StrategyAllocation)
    return [command.order for command in commands]


def in_words(event: CrossFrameworkEvent) -> str:
    match event:
        case StrategyAddedEvent():
            return f"{event.strategy_id} takes {event.allocation_pct}%"
        case StrategyRemovedEvent() | StrategyPausedEvent() | StrategyResumedEvent():
            return event.strategy_id
        case StrategyFailedEvent():
            return f"{event.strategy_id}: {event.error_type}"
        case StrategySignalledEvent():
            return f"{event.strategy_id}: {event.signal_type} {event.symbol}"
        case SignalBlockedEvent() | SignalResizedEvent():
            return event.decision.detail
        case OrderFilledEvent():
            return f"{event.fill.quantity} at {event.fill.price}"
        case PositionKeptEvent():
            return f"{event.quantity} of {event.symbol} at {event.average_price}, now of {event.holder}"
        case StrategyConflictDetectedEvent():
            return " and ".join(event.strategy_ids)
        case OppositionStartedEvent() | OppositionEndedEvent():
            return f"{event.symbol}: {' against '.join(event.strategies)}"
        case CapitalRebalancedEvent():
            return ", ".join(event.allocations)
        case LimitReachedEvent():
            return f"{event.limit}: {event.figure:g} of {event.bound:g}"
        case _:
            return ""


def limited() -> CrossFrameworkOrchestrator:
    """A run whose portfolio has limits and a schedule."""
    plan = PortfolioPlan(
        rebalance=RebalancePlan(every="month"),
        target_volatility=VolatilityTarget(Decimal("0.1")),
        schedule=(Appointment("2024-03-01", "pause", "above"),),
    )
    limits = {
        "max_symbol_pct": MaxSymbolPct(90),
        "max_framework_pct": MaxFrameworkPct(100),
        "max_gross_leverage": MaxGrossLeverage(1),
        "max_net_leverage": MaxNetLeverage(1),
        "max_drawdown": MaxPortfolioDrawdown(0.5),
    }
    own = {
        "max_position_pct": MaxPositionPct(20),
        "max_positions": MaxPositions(1),
        "max_leverage": MaxLeverage(1),
        "max_daily_loss": MaxDailyLoss(0.5),
        "max_drawdown": MaxDrawdown(0.5),
        "cooldown": Cooldown(1),
    }
    adapters = {"backtrader": BacktraderOrchestrationAdapter(BacktraderSettings())}
    coordinator = StrategyCoordinator(limits=limits)
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(), coordinator, CompatibilityAnalyzer(), adapters, portfolio=plan
    )
    orchestrator.add_strategy(Above(), StrategyMetadata("above"), AllocationConfig(Decimal(100), limits=own))
    orchestrator.run(market(), ExecutionRules())
    return orchestrator


def no_board() -> Board | None:
    """There is none outside of a strategy's callbacks."""
    try:
        return board(None)
    except RuntimeError:
        return None


def main() -> int:
    events = both_frameworks()
    assert any(isinstance(event, OrderFilledEvent) for event in events)
    assert all(in_words(event) for event in events)
    assert commands_by_hand()[0].symbol == "WAVE"
    assert any(isinstance(event, LimitReachedEvent) for event in limited().events)
    assert no_board() is None
    return 0


if __name__ == "__main__":
    sys.exit(main())
