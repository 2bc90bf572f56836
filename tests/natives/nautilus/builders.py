"""A native Nautilus strategy twice: hosted by the orchestrator, and in a bare BacktestEngine under the same rules."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig, SimulationModuleConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel, LatencyModel
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import Bar, BarType, BookOrder
from nautilus_trader.model.enums import AccountType, BookType, LiquiditySide, OmsType, OrderSide, OrderStatus, OrderType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.events import DomainEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries, Market, Timeline
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.orders.ports import OrchestrationPort
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.natives.hosted import HostedRun

DAY = 86_400_000_000_000
MINUTE = 60_000_000_000
START = 1_577_836_800_000_000_000  # 2020-01-01
VENUE = Venue("ORCHESTRATE")
NEXT_OPEN = ExecutionRules()
AT_CLOSE = ExecutionRules(fill="close")


# ---- markets


def wave(
    symbol: str = "A",
    bars: int = 400,
    *,
    seed: int = 7,
    volatility: float = 0.012,
    length: int = DAY,
    gap: float = 0.25,
) -> BarSeries:
    """A random walk in bars, of two decimals."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, volatility, bars)))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0.0, volatility * gap, bars))
    high = np.maximum(open_, close) * (1.0 + np.abs(rng.normal(0.0, volatility / 2, bars)))
    low = np.minimum(open_, close) * (1.0 - np.abs(rng.normal(0.0, volatility / 2, bars)))
    prices = [np.round(column, 2) for column in (open_, high, low, close)]
    label = START + np.arange(bars, dtype=np.int64) * length
    return BarSeries(symbol, label, *prices, np.round(rng.uniform(10, 90, bars)), label + length, length)


def drawn(symbol: str, rows: Sequence[tuple[float, float, float, float]], days: Iterable[int] = ()) -> BarSeries:
    """Daily bars given as open, high, low, close; `days` says on which days they are."""
    columns = [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
    label = START + np.array(list(days) or range(len(rows)), dtype=np.int64) * DAY
    return BarSeries(symbol, label, *columns, np.full(len(rows), 7.0), label + DAY, DAY)


def market(*series: BarSeries, **kinds: Instrument) -> Market:
    """A market of these series; t is the label of each bar."""
    stamps = np.unique(np.concatenate([one.timestamp for one in series]))
    rows = {}
    for one in series:
        places = np.full(len(stamps), -1, dtype=np.int64)
        places[np.searchsorted(stamps, one.timestamp)] = np.arange(len(one))
        rows[one.symbol] = places
    instruments = {one.symbol: kinds.get(one.symbol, Instrument(one.symbol)) for one in series}
    return Market({one.symbol: one for one in series}, instruments, Timeline(stamps, stamps, rows))


Trade = tuple[int, str, float, float]
"""Step, symbol, signed quantity, price."""


# ---- hosted


@dataclass
class Part:
    """One strategy of a run: a native class or a portable strategy."""

    strategy: object
    config: Mapping[str, object] = field(default_factory=dict)
    symbols: tuple[str, ...] = ("A",)
    pct: int = 100
    framework: str = "nautilus"


@dataclass
class Hosted(HostedRun):
    """What came of a run."""

    stage: Market
    only = "native"

    def trades(self, strategy_id: str = "native") -> list[Trade]:
        step = {int(stamp): number for number, stamp in enumerate(self.stage.timeline.stamps)}
        return [
            (step[record.fill.t], record.fill.symbol, record.fill.quantity, record.fill.price)
            for record in self.orchestrator.fills
            if record.fill.strategy_id == strategy_id
        ]


def play(
    stage: Market,
    parts: Mapping[str, Part],
    rules: ExecutionRules = NEXT_OPEN,
    *,
    capital: int = 10_000_000,
    others: Mapping[str, OrchestrationPort] | None = None,
    each_step: Callable[[CrossFrameworkOrchestrator, int], None] | None = None,
    watch: AbstractContextManager[object] | None = None,
) -> Hosted:
    """A whole run of these strategies."""
    events: list[DomainEvent] = []
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(capital)),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {"nautilus": NautilusOrchestrationAdapter(), **(others or {})},
        emit=events.append,
        watch=watch,
    )
    for name, part in parts.items():
        native = isinstance(part.strategy, type)
        orchestrator.add_strategy(
            part.strategy,
            StrategyMetadata(name, symbols=part.symbols),
            AllocationConfig(Decimal(part.pct)),
            framework=part.framework,
            kind=part.framework if native else None,
            config=part.config,
        )
    orchestrator.run(
        stage,
        rules,
        progress=(lambda done, _: each_step(orchestrator, done)) if each_step else None,
    )
    return Hosted(orchestrator, events, stage)


def host(native: type, stage: Market, rules: ExecutionRules = NEXT_OPEN, **config: object) -> Hosted:
    """One native alone, with more money than it can spend."""
    return play(stage, {"native": Part(native, config, tuple(stage.series))}, rules)


# ---- bare


class PlainFill(FillModel):
    """One price for all of an order: its own where the market came through it, the market's where it jumped."""

    jumped = False

    def get_orderbook_for_fill_simulation(
        self, instrument: Any, order: Any, best_bid: Price, best_ask: Price
    ) -> OrderBook:
        buys = order.side == OrderSide.BUY
        price = best_ask if buys else best_bid
        if not self.jumped:
            if order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
                if order.liquidity_side == LiquiditySide.MAKER:
                    price = order.price
                elif order.order_type != OrderType.LIMIT and order.is_triggered:
                    price = order.trigger_price
            elif order.order_type not in (OrderType.MARKET, OrderType.MARKET_TO_LIMIT):
                price = order.trigger_price if order.status == OrderStatus.ACCEPTED else price
        book = OrderBook(instrument.id, BookType.L2_MBP)
        book.add(BookOrder(OrderSide.SELL if buys else OrderSide.BUY, price, order.quantity, 1), 0, 0)
        return book


class OpensFirst(SimulationModule):
    """Before the first bar of a moment is processed, every market stands at its open, where orders arrive."""

    def __init__(self, opens: Mapping[int, Sequence[Bar]], fills: PlainFill, arrive: bool) -> None:
        super().__init__(SimulationModuleConfig())
        self.opens, self.fills, self.arrive, self.done = opens, fills, arrive, 0

    def pre_process(self, data: Any) -> None:
        if data.ts_init == self.done:
            return
        self.done = data.ts_init
        self.fills.jumped = True
        for bar in self.opens[data.ts_init]:
            self.exchange.get_matching_engine(bar.bar_type.instrument_id).process_bar(bar)
        if self.arrive:
            self.exchange.process(data.ts_init)
        self.fills.jumped = False

    def process(self, ts_now: int) -> None:
        pass

    def reset(self) -> None:
        pass

    def log_diagnostics(self, logger: Any) -> None:
        pass


@contextmanager
def silencing() -> Iterator[None]:
    """Nautilus calls what pandas 3 no longer likes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def usd() -> Currency:
    known = Currency.from_str("USD")
    return Currency("USD", 8, known.iso4217, known.name, known.currency_type)


def instrument_id(symbol: str) -> InstrumentId:
    return InstrumentId(Symbol(symbol), VENUE)


def bar_type(symbol: str, spec: str = "1-DAY") -> BarType:
    return BarType.from_str(f"{symbol}.{VENUE}-{spec}-LAST-EXTERNAL")


def share(symbol: str) -> Equity:
    """A share in dollars, with cents, for a standalone engine."""
    return Equity(
        instrument_id=instrument_id(symbol),
        raw_symbol=Symbol(symbol),
        currency=usd(),
        price_precision=2,
        price_increment=Price(0.01, 2),
        lot_size=Quantity.from_int(1),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        ts_event=0,
        ts_init=0,
    )


def bars_of(stage: Market, spec: str) -> tuple[list[Bar], dict[int, list[Bar]]]:
    """All bars in their order, and by moment what the market stands at before they are processed."""
    bars: list[Bar] = []
    opens: dict[int, list[Bar]] = {}
    much = Quantity.from_int(1_000_000_000)
    for step, t in enumerate(stage.timeline.stamps.tolist()):
        for symbol, one in stage.series.items():
            row = stage.timeline.rows[symbol][step]
            if row >= 0:
                prices = [Price(float(each[row]), 2) for each in (one.open, one.high, one.low, one.close)]
                bars.append(Bar(bar_type(symbol, spec), *prices, much, t, t))
                opens.setdefault(t, []).append(Bar(bar_type(symbol, spec), *prices[:1] * 4, much, t, t))
    return bars, opens


def bare_engine(
    rules: ExecutionRules, opens: Mapping[int, Sequence[Bar]], cash: int, account_type: AccountType
) -> BacktestEngine:
    """A Nautilus engine that fills as `rules` say, and has no instruments yet."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    fills = PlainFill()
    next_open = rules.fill == "next_open"
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        account_type,
        [Money(cash, usd())],
        base_currency=usd(),
        fill_model=fills,
        latency_model=LatencyModel(base_latency_nanos=0, insert_latency_nanos=1) if next_open else None,
        modules=[OpensFirst(opens, fills, next_open)],
        reject_stop_orders=False,
    )
    engine.kernel.msgbus.subscribe("data.bars.*", lambda _: setattr(fills, "jumped", True), priority=100)
    return engine


def bare(
    strategy: Strategy,
    stage: Market,
    rules: ExecutionRules = NEXT_OPEN,
    *,
    spec: str = "1-DAY",
    cash: int = 10_000_000,
    account_type: AccountType = AccountType.MARGIN,
) -> list[Trade]:
    """The same strategy in a Nautilus engine and nothing else."""
    bars, opens = bars_of(stage, spec)
    engine = bare_engine(rules, opens, cash, account_type)
    for symbol in stage.series:
        engine.add_instrument(share(symbol))
    engine.add_strategy(strategy)
    engine.add_data(bars)
    last = int(stage.timeline.stamps[-1])
    filled: list[OrderFilled] = []
    engine.kernel.msgbus.subscribe("events.order.*", lambda e: filled.append(e) if isinstance(e, OrderFilled) else None)
    # a run that goes on, so that orders from on_stop are left out
    with silencing():
        engine.run(streaming=True)
    trades = [
        (
            int(np.searchsorted(stage.timeline.stamps, event.ts_event)),
            event.instrument_id.symbol.value,
            event.last_qty.as_double() * (1 if event.is_buy else -1),
            event.last_px.as_double(),
        )
        for event in filled
        if event.ts_event <= last
    ]
    with silencing():
        engine.end()
    engine.dispose()
    return trades
