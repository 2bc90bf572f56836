"""A user's script that needs every public name of strategies, runs, results and errors.

A test runs it, and mypy and pyright read it in their strict modes; `every_name_by_hand.py` needs the other names.
"""
# pyright: strict

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, assert_type

import numpy as np
import pandas as pd

from orchestrate import (
    TIE,
    AllocationPlan,
    BacktestEngine,
    BacktestResult,
    Bars,
    BarStrategy,
    BrinsonEffects,
    CapitalPlan,
    Commission,
    ConfigurationError,
    ConflictDemand,
    ConflictView,
    Context,
    CrossFrameworkAnalytics,
    DataError,
    DataPlan,
    Decision,
    DecisionRecord,
    Demand,
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
    InstrumentPlan,
    InterruptedRunError,
    IStrategy,
    MultiFrameworkConfig,
    NotFoundError,
    OrchestrateError,
    OrchestratorConfig,
    OrchestratorResult,
    OrderUpdate,
    Outcome,
    Parameter,
    Position,
    Problem,
    Reason,
    ReconciliationError,
    RunError,
    RunPlan,
    RunResult,
    Side,
    Signal,
    Signals,
    Sizing,
    Slippage,
    StoredResult,
    StoreError,
    StrategyDescription,
    StrategyError,
    StrategyLibrary,
    StrategyOrchestrator,
    StrategyPlan,
    StrategyResult,
    SweepResult,
    TimeLimitError,
    Trade,
    UnknownStrategyError,
    VectorStrategy,
    brinson_fachler,
    crossed_above,
    load_run,
    load_sweep,
    moving_average,
    risk_contributions,
    rolling_deviation,
    rolling_sum,
    run,
    run_backtest,
    run_orchestrator,
    run_sweep,
    runs,
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


class Breakout:
    """Buys a break of the high by a stop, protected by a bracket."""

    def __init__(self) -> None:
        self.filled: list[float | None] = []

    def on_bar(self, context: Context) -> Iterator[Signal]:
        high = context.bars()[-1].high
        yield Signal.enter("WAVE", "long", 5, stop=high, stop_loss=high * 0.9, trail_loss=2.0, tif="day", tag="break")
        yield Signal.oco(Signal.exit("WAVE", limit=high * 1.2), Signal.exit("WAVE", 2, trail=1.5, until="2030-01-01"))
        yield Signal.replace("break.stop_loss", stop=high * 0.95)

    def on_order(self, update: OrderUpdate) -> None:
        if update.status == "filled":
            self.filled.append(update.price)


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
    split, limits = AllocationPlan("custom"), {"Reversal": {"max_positions": 1}}
    config = OrchestratorConfig(conflict_resolution_mode=larger_half, exits="included", allocation=split, limits=limits)
    return StrategyOrchestrator([(Reversal(), 0.5), (Crossing(), 0.5)], config).run(prices()).error


def one_strategy() -> BacktestResult:
    result = run_backtest(Reversal(), prices(), configured())
    assert result.final_equity == BacktestEngine(Reversal(), configured()).run(prices()).final_equity
    assert_type(result.trades, pd.DataFrame)
    return result


def portfolio() -> OrchestratorResult:
    breakout = Breakout()
    assert run_backtest(breakout, prices()).final_equity > 0 and breakout.filled
    weighted = [(Crossing(), Decimal("0.5")), (Above(), Decimal("0.3")), (Broken(), Decimal("0.2"))]
    result = StrategyOrchestrator(weighted).run(prices())
    assert result.final_equity == run_orchestrator(weighted, prices()).final_equity
    return result


def stored(folder: str) -> StoredResult:
    path = Path(folder, "plan.yaml")
    path.write_text("strategy: BUY_AND_HOLD\ncapital: 1000\ndata: {WAVE: {synthetic: {bars: 40, seed: 7}}}\n")
    logs, reports = str(Path(folder, "log.jsonl")), Path(folder, "reports")
    result = run(path, reports=reports, logging__path=logs, capital=5_000)
    assert_type(result.trades, pd.DataFrame)
    assert_type(result.metrics, pd.DataFrame)
    assert load_run(reports=reports).run_id == result.run_id == runs(reports=reports)["run_id"].iloc[0]
    assert_type(result.report(), Path)
    return result


def swept(folder: str) -> SweepResult:
    path = Path(folder, "sweep.yaml")
    data = "data: {WAVE: {synthetic: {bars: 40, seed: 7}}}\n"
    parameters = "{MOMENTUM.fast: [2, 3], MOMENTUM.slow: [5, 8]}"
    path.write_text(f"strategy: MOMENTUM\n{data}sweep: {{parameters: {parameters}}}\n")
    result = run_sweep(path, workers=1, reports=Path(folder, "sweeps"))
    assert load_sweep(reports=Path(folder, "sweeps")).run_id == result.run_id
    assert_type(result.trials, pd.DataFrame)
    assert_type(result.best, dict[str, object])
    assert_type(result.heatmap("MOMENTUM.fast", "MOMENTUM.slow", reduction="max"), pd.DataFrame)
    assert_type(result.walk_forward, pd.DataFrame | None)
    orchestrator = StrategyOrchestrator([Crossing])
    assert_type(orchestrator.optimize({"Crossing": {"fast": [2, 3]}}, prices()), dict[str, dict[str, object]])
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
    effects: BrinsonEffects = brinson_fachler([0.5, 0.5], [1.0, 0.0], [0.1, 0.2], [0.1, 0.2])
    assert abs(effects.total - 0.05) < 1e-12
    risks: Floats = risk_contributions([0.5, 0.5], [[0.04, 0.0], [0.0, 0.04]])
    assert abs(float(risks.sum()) - 0.2 / 2**0.5) < 1e-12


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


def main() -> int:
    together = portfolio()
    facts_of(together)
    assert plan_of(together.facts).mode == "multi"
    assert one_strategy().status == "completed"
    with TemporaryDirectory() as folder:
        assert stored(folder).status == "completed"
        assert swept(folder).exit_code == 0
    assert settled_by_a_function() is None
    assert library().kind == "signals"
    assert set(exit_codes().values()) == {1, 2, 3, 4, 5, 124, 130}
    assert "MOMENTUM" in problem_of_a_typo().hint
    assert all(len(figure) == 120 for figure in figures(np.array([bar.close for bar in prices()])).values())
    return 0


if __name__ == "__main__":
    sys.exit(main())
