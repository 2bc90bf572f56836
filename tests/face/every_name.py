"""A user's script that needs every public name: a test runs it, and mypy and pyright read it in their strict modes.

It is long because there are many names, and one file because it is one script.
"""
# pyright: strict

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, assert_type

import numpy as np
import pandas as pd

from orchestrate import (
    TIE,
    AllocationConfig,
    Appointment,
    BacktestEngine,
    BacktestResult,
    BacktraderOrchestrationAdapter,
    BacktraderSettings,
    Bars,
    BarSeries,
    BarStrategy,
    Board,
    CapitalPlan,
    CapitalRebalancedEvent,
    Commission,
    CompatibilityAnalyzer,
    CompatibilityReport,
    ConfigurationError,
    ConflictDemand,
    ConflictView,
    Context,
    Cooldown,
    CrossFrameworkAnalytics,
    CrossFrameworkOrchestrator,
    DataError,
    DataPlan,
    Decision,
    DecisionRecord,
    Demand,
    DomainEvent,
    EngineError,
    ExecutionRules,
    Fill,
    FillRecord,
    Finding,
    Flags,
    Floats,
    FrameworkTiming,
    FunctionError,
    Gate,
    HistoricalDataBar,
    Indicator,
    Instrument,
    InstrumentPlan,
    InterruptedRunError,
    IStrategy,
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
    MultiFrameworkConfig,
    NautilusOrchestrationAdapter,
    NautilusSettings,
    NotFoundError,
    OppositionEndedEvent,
    OppositionStartedEvent,
    OrchestrateError,
    OrchestrationPort,
    OrchestratorConfig,
    OrchestratorResult,
    Order,
    OrderFilledEvent,
    Outcome,
    Parameter,
    PortfolioCapitalManager,
    PortfolioPlan,
    Position,
    Problem,
    Reason,
    RebalancePlan,
    ReconciliationError,
    RunError,
    RunPlan,
    RunResult,
    Side,
    Signal,
    SignalBlockedEvent,
    SignalResizedEvent,
    Signals,
    Sizing,
    Slippage,
    Stamps,
    StoreError,
    StrategyAddedEvent,
    StrategyAllocation,
    StrategyCommand,
    StrategyConflictDetectedEvent,
    StrategyCoordinator,
    StrategyDescription,
    StrategyError,
    StrategyFailedEvent,
    StrategyLibrary,
    StrategyMetadata,
    StrategyOrchestrator,
    StrategyPausedEvent,
    StrategyPlan,
    StrategyRemovedEvent,
    StrategyResult,
    StrategyResumedEvent,
    StrategySignalledEvent,
    TimeLimitError,
    Timeline,
    Trade,
    UnifiedStrategyOrchestrator,
    UnknownStrategyError,
    VectorStrategy,
    VolatilityTarget,
    board,
    crossed_above,
    moving_average,
    rolling_deviation,
    rolling_sum,
    run_backtest,
    run_orchestrator,
    wilder_rsi,
    z_score,
)

DAY = 86_400_000_000_000


# ---- three ways to write a strategy


class Crossing:
    """Long while the fast average is above the slow one."""

    parameters: ClassVar[dict[str, Parameter]] = {"fast": Parameter(int, minimum=1, help="bars in the fast average")}

    def __init__(self, fast: int = 3, slow: int = 9) -> None:
        self.fast, self.slow = fast, slow

    def signals(self, bars: Bars) -> Signals:
        fast, slow = moving_average(bars.close, self.fast), moving_average(bars.close, self.slow)
        up, down = crossed_above(fast, slow), crossed_above(slow, fast)
        assert_type(fast, Floats)
        assert_type(up, Flags)
        return Signals(enter_long=up, exit_long=down)


class Reversal:
    """Buys after a fall, leaves after a rise; remembers its fills and what was refused."""

    side: Side = "long"

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.refused: list[Demand] = []

    def should_enter(self, bars: Bars) -> bool:
        return len(bars) > 1 and bars[-1].close < bars[-2].close * (1 - TIE)

    def should_exit(self, position: Position, bars: Bars) -> bool:
        return position.is_long and bars[-1].close > position.average_price

    def on_fill(self, fill: Fill) -> None:
        self.fills.append(fill)

    def on_rejected(self, decision: Decision) -> None:
        assert decision.outcome is Outcome.REJECTED and decision.reason is not Reason.NONE
        self.refused.append(decision.demand)


class Above:
    """Holds a symbol while it closes above its average."""

    def __init__(self) -> None:
        self.average = Indicator("SMA", timeperiod=5)

    def on_bar(self, context: Context) -> Iterator[Signal]:
        for symbol in context.updated:
            bars, position = context.bars(symbol), context.position(symbol)
            assert_type(position, Position | None)
            above = bool(bars.close[-1] > self.average(bars))
            if above and position is None:
                quantity = context.available / 4 / bars[-1].close / context.instrument(symbol).multiplier
                yield Signal.enter(symbol, "long", quantity)
            elif not above and position is not None:
                yield Signal.exit(symbol)


class Broken:
    """Fails at once."""

    def signals(self, bars: Bars) -> Signals:
        raise RuntimeError(f"no signals for {bars.symbol}")


def figures(close: Floats) -> Mapping[str, Floats]:
    return {
        "sum": rolling_sum(close, 5),
        "deviation": rolling_deviation(close, 5),
        "score": z_score(close, 5),
        "rsi": wilder_rsi(close, 5),
    }


# ---- runs in one line


def prices() -> list[HistoricalDataBar]:
    close = [100 + 10 * float(np.sin(day / 4)) for day in range(120)]
    return [HistoricalDataBar(day * DAY, c, c + 1, c - 1, c, 1_000.0, "WAVE") for day, c in enumerate(close)]


def configured() -> OrchestratorConfig:
    rules = ExecutionRules(commission=Commission(percent=0.1), slippage=Slippage(ticks=1))
    sizing = Sizing("percent", Decimal(90))
    return OrchestratorConfig(execution=rules, sizing=sizing, instruments={"WAVE": InstrumentPlan("WAVE", precision=2)})


def larger_half(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    held: Mapping[str, float] = view.positions[demands[0].strategy_id]
    assert_type(held["WAVE"], float)
    return [demand.quantity / 2 if abs(demand.quantity) > 1 else 0.0 for demand in demands]


def settled_by_a_function() -> RunError | None:
    config = OrchestratorConfig(conflict_resolution_mode=larger_half, exits="included")
    return StrategyOrchestrator([(Reversal(), 0.5), (Crossing(), 0.5)], config).run(prices()).error


def one_strategy() -> BacktestResult:
    result = run_backtest(Reversal(), prices(), configured())
    assert result.final_equity == BacktestEngine(Reversal(), configured()).run(prices()).final_equity
    assert_type(result.trades, pd.DataFrame)
    return result


def portfolio() -> OrchestratorResult:
    weighted = [(Crossing(), Decimal("0.5")), (Above(), Decimal("0.3")), (Broken(), Decimal("0.2"))]
    result = StrategyOrchestrator(weighted).run(prices())
    assert result.final_equity == run_orchestrator(weighted, prices()).final_equity
    return result


def facts_of(result: OrchestratorResult) -> None:
    facts = result.facts
    assert_type(facts, RunResult)
    strategies: dict[str, StrategyResult] = result.strategy_results
    trades: tuple[Trade, ...] = strategies["Crossing"].trades
    fills: tuple[FillRecord, ...] = facts.fills
    decisions: tuple[DecisionRecord, ...] = facts.decisions
    findings: tuple[Finding, ...] = result.findings
    timings: Mapping[str, FrameworkTiming] = facts.timings
    error: StrategyError | None = strategies["Broken"].error
    assert result.status == "degraded" and error is not None and error.type == "RuntimeError"
    assert trades and fills and decisions and timings and not [one for one in findings if one.severity == "error"]
    analytics = CrossFrameworkAnalytics(result.figures)
    assert abs(analytics.portfolio - sum(analytics.frameworks.values())) < 1e-12


def plan_of(facts: RunResult) -> RunPlan:
    plan = facts.plan
    capital: CapitalPlan = plan.capital
    data: Mapping[str, DataPlan] = plan.data
    strategies: tuple[StrategyPlan, ...] = plan.strategies
    frameworks: MultiFrameworkConfig = plan.frameworks
    assert capital.total == 100_000 and list(data) == ["WAVE"] and len(strategies) == 3 and not frameworks
    assert str(Gate("sharpe", ">=", 0.5)) == "sharpe >= 0.5"
    return plan


def library() -> StrategyDescription:
    described: StrategyDescription = StrategyLibrary.STRATEGIES["RSI"]
    assert isinstance(StrategyLibrary.get_strategy("RSI", period=7), VectorStrategy)
    assert isinstance(Reversal(), IStrategy) and isinstance(Above(), BarStrategy)
    return described


# ---- errors


def exit_codes() -> dict[str, int]:
    kinds: list[type[OrchestrateError]] = [ConfigurationError, UnknownStrategyError, DataError, EngineError]
    kinds += [FunctionError, ReconciliationError, StoreError, NotFoundError, TimeLimitError, InterruptedRunError]
    return {kind.__name__: kind.exit_code for kind in kinds}


def problem_of_a_typo() -> Problem:
    try:
        run_backtest("MOMENTUN", prices())
    except UnknownStrategyError as error:
        assert_type(error.problems, tuple[Problem, ...])
        return error.problems[0]
    raise AssertionError("a typo runs")


# ---- the orchestrators, driven by hand


def market() -> Market:
    bars = prices()
    stamps: Stamps = np.array([bar.timestamp for bar in bars], dtype=np.int64)
    opens, highs, lows, closes, volumes = [
        np.array([getattr(bar, name) for bar in bars], dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    ]
    series = BarSeries("WAVE", stamps, opens, highs, lows, closes, volumes, stamps, DAY)
    return Market({"WAVE": series}, {"WAVE": Instrument("WAVE")}, Timeline(stamps, stamps, {"WAVE": np.arange(120)}))


def both_frameworks() -> list[DomainEvent]:
    adapters: dict[str, OrchestrationPort] = {
        "backtrader": BacktraderOrchestrationAdapter(BacktraderSettings(feed="full")),
        "nautilus": NautilusOrchestrationAdapter(NautilusSettings()),
    }
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(10_000)), StrategyCoordinator(), CompatibilityAnalyzer(), adapters
    )
    for framework in adapters:
        metadata, half = StrategyMetadata(f"on_{framework}", symbols=("WAVE",)), AllocationConfig(Decimal(50))
        orchestrator.add_strategy(Reversal(), metadata, half, framework=framework)
    report: CompatibilityReport = orchestrator.validate_compatibility()
    assert report.is_compatible and report.warnings
    orchestrator.run(market(), ExecutionRules())
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


def in_words(event: DomainEvent) -> str:
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
    together = portfolio()
    facts_of(together)
    assert plan_of(together.facts).mode == "multi"
    assert one_strategy().status == "completed"
    assert settled_by_a_function() is None
    assert library().kind == "signals"
    assert set(exit_codes().values()) == {1, 2, 3, 4, 5, 124, 130}
    assert "MOMENTUM" in problem_of_a_typo().hint
    assert all(len(figure) == 120 for figure in figures(market().series["WAVE"].close).values())
    events = both_frameworks()
    assert any(isinstance(event, OrderFilledEvent) for event in events)
    assert all(in_words(event) for event in events)
    assert commands_by_hand()[0].symbol == "WAVE"
    assert any(isinstance(event, LimitReachedEvent) for event in limited().events)
    assert no_board() is None
    return 0


if __name__ == "__main__":
    sys.exit(main())
