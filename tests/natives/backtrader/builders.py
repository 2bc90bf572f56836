"""The same Backtrader strategy twice: in a Cerebro of its own, and under the orchestrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.usecases.running.watchdog import Watchdog
from tests.engines.builders import market_of
from tests.natives.hosted import HostedRun

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
FIRST = 1_577_836_800_000_000_000  # 2020-01-01
CASH = 1_000_000
PLAIN = ExecutionRules()
AT_CLOSE = ExecutionRules(fill="close")
ONE_LOT = Sizing("fixed", Decimal(1))
market = market_of
#: (label, symbol, quantity, price)
Trades = list[tuple[datetime, str, float, float]]


def walk(
    symbol: str,
    bars: int,
    seed: int,
    *,
    length: int = DAY,
    start: int = FIRST,
    every: int = 1,
    sigma: float = 0.02,
    price: float = 100.0,
) -> BarSeries:
    """A random walk with gaps, to the cent; `every` leaves only each n-th bar."""
    chance = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(chance.normal(0, sigma, bars)))
    gaps = np.exp(chance.normal(0, sigma / 2, bars))
    opened = np.concatenate([[price], close[:-1]]) * gaps
    high = np.maximum(opened, close) * (1 + np.abs(chance.normal(0, sigma / 2, bars)))
    low = np.minimum(opened, close) * (1 - np.abs(chance.normal(0, sigma / 2, bars)))
    opened, high, low, close = (np.round(column, 2)[::every] for column in (opened, high, low, close))
    label = (start + np.arange(bars, dtype=np.int64) * length)[::every]
    return BarSeries(symbol, label, opened, high, low, close, np.full(len(label), 1e6), label.copy(), length * every)


class _Trades(bt.Analyzer):
    """What was executed, in order."""

    def start(self) -> None:
        self.trades: Trades = []

    def notify_order(self, order: bt.Order) -> None:
        if order.status == order.Completed:
            when = bt.num2date(order.executed.dt).replace(tzinfo=UTC)
            self.trades.append((when, order.data._name, order.executed.size, round(order.executed.price, 9)))


class _Fee(bt.CommInfoBase):
    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True), ("minimum", 0.0))

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
        return max(super()._getcommission(size, price, pseudoexec), self.p.minimum)


@dataclass
class Bare:
    """A run in a bare Cerebro."""

    trades: Trades
    strategy: Any
    value: float


def bare(
    native: type,
    stage: Market,
    rules: ExecutionRules = PLAIN,
    config: Mapping[str, object] | None = None,
    symbols: Sequence[str] = (),
    *,
    stake: int = 1,
    cash: float = CASH,
    how: Mapping[str, object] | None = None,
) -> Bare:
    """The strategy alone in Backtrader, as its users run it."""
    cerebro = bt.Cerebro(stdstats=False)
    frames = {1: bt.TimeFrame.Minutes, 1440: bt.TimeFrame.Days}
    for symbol in symbols or stage.series:
        one = stage.series[symbol]
        columns = {name: getattr(one, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=pd.to_datetime(one.timestamp))
        minutes = one.length // MINUTE
        unit = 1440 if minutes % 1440 == 0 else 1
        feed = bt.feeds.PandasData(dataname=frame, timeframe=frames[unit], compression=minutes // unit)
        cerebro.adddata(feed, name=symbol)
    cerebro.broker.setcash(cash)
    cerebro.broker.addcommissioninfo(_Fee(commission=rules.commission.percent / 100, minimum=rules.commission.minimum))
    cerebro.broker.set_coc(rules.fill == "close")
    if rules.slippage.percent:
        cerebro.broker.set_slippage_perc(rules.slippage.percent / 100, slip_out=True)
    cerebro.addsizer(bt.sizers.FixedSize, stake=stake)
    cerebro.addanalyzer(_Trades, _name="executions")
    cerebro.addstrategy(native, **(config or {}))
    (strategy,) = cerebro.run(**(how or {}))
    return Bare(strategy.analyzers.executions.trades, strategy, cerebro.broker.getvalue())


@dataclass
class Part:
    """One strategy of a portfolio; `native` may be a portable one."""

    native: Any
    symbols: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    pct: int = 100
    sizing: Sizing = ONE_LOT
    kind: str | None = "backtrader"


@dataclass
class Hosted(HostedRun):
    """A run under the orchestrator."""

    only = "one"

    def trades(self, strategy_id: str = "one") -> Trades:
        return [
            (
                datetime.fromtimestamp(record.t / 1e9, UTC),
                record.fill.symbol,
                record.fill.quantity,
                round(record.fill.price, 9),
            )
            for record in self.orchestrator.fills
            if record.fill.strategy_id == strategy_id
        ]


def host(
    parts: Mapping[str, Part] | type,
    stage: Market,
    rules: ExecutionRules = PLAIN,
    config: Mapping[str, object] | None = None,
    symbols: Sequence[str] = (),
    *,
    sizing: Sizing = ONE_LOT,
    cash: float = CASH,
    coordinator: StrategyCoordinator | None = None,
    timeout: float = 30.0,
) -> Hosted:
    """The same under the orchestrator; every step's books are reconciled with the engine's."""
    if isinstance(parts, type):
        parts = {"one": Part(parts, tuple(symbols), config or {}, 100, sizing)}
    events: list[DomainEvent] = []
    watchdog = Watchdog(timeout)
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(str(cash))),
        coordinator or StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {"backtrader": BacktraderOrchestrationAdapter()},
        emit=events.append,
        watch=watchdog,
    )
    for name, part in parts.items():
        orchestrator.add_strategy(
            part.native,
            StrategyMetadata(name, symbols=part.symbols or tuple(stage.series)),
            AllocationConfig(Decimal(part.pct), part.sizing),
            framework="backtrader",
            kind=part.kind,
            config=part.config,
        )
    with watchdog.armed():
        orchestrator.run(stage, rules)
    return Hosted(orchestrator, events)
