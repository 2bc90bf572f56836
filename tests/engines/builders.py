"""Small markets, scripts of orders, and a loop that plays them to an engine as the orchestrator does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries, Market, Timeline
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, Order, StrategyCommand
from orchestrate.orchestration.orders.ports import FrameworkPortfolioState, OrchestrationPort, StrategySeat

DAY = 86_400_000_000_000
START = 1_577_836_800_000_000_000  # 2020-01-01


def series(
    symbol: str, prices: Sequence[tuple[float, float]], *, days: Iterable[int] = (), start: int = START
) -> BarSeries:
    """Daily bars of (open, close); `days` says on which days they are, one after another by default."""
    opens, closes = (np.array(column, dtype=np.float64) for column in zip(*prices, strict=True))
    when = np.array(list(days) or range(len(prices)), dtype=np.int64)
    label = start + when * DAY
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    known = label + DAY - 1_000_000
    return BarSeries(symbol, label, opens, high, low, closes, np.full(len(prices), 3.0), known, DAY)


def market_of(*all_series: BarSeries, **kinds: Instrument) -> Market:
    """A market of these series; instruments are plain shares of two decimals unless given by symbol."""
    stamps = np.unique(np.concatenate([one.available_at for one in all_series]))
    labels = np.full(len(stamps), np.iinfo(np.int64).min)
    rows = {}
    for one in all_series:
        places = np.full(len(stamps), -1, dtype=np.int64)
        steps = np.searchsorted(stamps, one.available_at)
        places[steps] = np.arange(len(one))
        labels[steps] = np.maximum(labels[steps], one.timestamp)
        rows[one.symbol] = places
    instruments = {one.symbol: kinds.get(one.symbol, Instrument(one.symbol)) for one in all_series}
    return Market({one.symbol: one for one in all_series}, instruments, Timeline(stamps, labels, rows))


def order(name: str, quantity: float, symbol: str = "A", strategy_id: str = "one") -> Order:
    """An order as the orchestrator makes them; what an engine doesn't look at is left plain."""
    return Order(name, strategy_id, symbol, quantity, closing=False, reserve=0.0)


def submit(*orders: Order) -> list[StrategyCommand]:
    """Commands that hand the orders over."""
    return [StrategyCommand(each.strategy_id, "submit", each) for each in orders]


def cancel(*orders: Order) -> list[StrategyCommand]:
    """Commands that take the orders back."""
    return [StrategyCommand(each.strategy_id, "cancel", each) for each in orders]


def accounts(market: Market, *strategy_ids: str) -> list[StrategySeat]:
    """Strategies that may trade everything."""
    return [StrategySeat(strategy_id, 100_000.0, tuple(market.series)) for strategy_id in strategy_ids or ("one",)]


Script = Mapping[int, Sequence[Order]]


@dataclass
class ScriptRun:
    """The result of a script: all fills, and the engine's state after each step with commands."""

    fills: list[Fill] = field(default_factory=list)
    states: list[FrameworkPortfolioState] = field(default_factory=list)

    @property
    def prices(self) -> list[float]:
        return [fill.price for fill in self.fills]

    @property
    def fees(self) -> list[float]:
        return [fill.fee for fill in self.fills]

    @property
    def realised(self) -> float:
        return self.states[-1].realised

    @property
    def held(self) -> dict[str, float]:
        return {symbol: quantity for symbol, quantity in self.states[-1].quantities.items() if quantity}


def steps(
    engine: OrchestrationPort,
    market: Market,
    rules: ExecutionRules,
    script: Script,
    script_run: ScriptRun,
    *,
    every_bar: bool,
) -> Iterator[int]:
    """Play a script step by step, as the orchestrator does; the engine must have begun."""
    for event in market.timeline.events():
        orders = script.get(event.step, ())
        if not orders and not every_bar:
            continue
        if rules.fill == "close":
            script_run.fills.extend(engine.advance(event.t, event.rows).fills)
            engine.execute_commands(submit(*orders))
            script_run.fills.extend(engine.close(event.t))
        else:
            engine.execute_commands(submit(*orders))
            script_run.fills.extend(engine.advance(event.t, event.rows).fills)
        script_run.states.append(engine.get_portfolio_state())
        yield event.step


def run_script(
    engine: OrchestrationPort, market: Market, rules: ExecutionRules, script: Script, *, every_bar: bool = False
) -> ScriptRun:
    """A whole run: begin, every step of the script, end."""
    names = dict.fromkeys(each.strategy_id for orders in script.values() for each in orders)
    engine.begin(market, accounts(market, *names), rules)
    script_run = ScriptRun()
    try:
        for _ in steps(engine, market, rules, script, script_run, every_bar=every_bar):
            pass
    finally:
        engine.end()
    return script_run
