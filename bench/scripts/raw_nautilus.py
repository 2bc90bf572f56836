"""The scene as a good Nautilus user writes it: one engine, its own averages, fills at the next open.

Nautilus fills a market order at once. To fill at the next open, an opening tick of every symbol comes two nanoseconds
before its bar, and orders arrive one nanosecond before it, with a tick that changes nothing: orders that have arrived
are executed on the next tick of whatever symbol. Volumes are large enough that the book never runs short, and the
dollar has eight digits, because with two every fee is rounded to the cent.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from bench.scenes.scene import CASH, FEE, NS, QUANTITY, SAME, Done, Scene

VENUE = Venue("SIM")
USD = Currency("USD", 8, 840, "United States dollar", CurrencyType.FIAT)


class Cross(Strategy):
    def __init__(self, number, instrument, bar_type, fast, slow):
        super().__init__(StrategyConfig(order_id_tag=f"{number:03d}"))
        self.instrument_id, self.bar_type = instrument.id, bar_type
        self.fast, self.slow = SimpleMovingAverage(fast), SimpleMovingAverage(slow)
        self.size = Quantity.from_int(QUANTITY)
        self.before = None
        self.held = False
        self.fills = []

    def on_start(self):
        self.register_indicator_for_bars(self.bar_type, self.fast)
        self.register_indicator_for_bars(self.bar_type, self.slow)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar):
        if not self.slow.initialized:
            return
        now = self.fast.value - self.slow.value
        before, self.before = self.before, now
        if before is None:
            return
        if before <= SAME < now and not self.held:
            self.held = True
            self.submit_order(self.order_factory.market(self.instrument_id, OrderSide.BUY, self.size))
        elif before >= -SAME > now and self.held:
            self.held = False
            self.submit_order(self.order_factory.market(self.instrument_id, OrderSide.SELL, self.size))

    def on_order_filled(self, event):
        quantity = event.last_qty.as_double()
        self.fills.append((event.ts_event, quantity if event.is_buy else -quantity, event.last_px.as_double()))


def engine_of(scene: Scene) -> BacktestEngine:
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        VENUE,
        OmsType.HEDGING,
        AccountType.MARGIN,
        [Money(CASH, USD)],
        base_currency=USD,
        latency_model=LatencyModel(base_latency_nanos=scene.step * NS - 1),
    )
    return engine


def share(name: str) -> Equity:
    return Equity(
        instrument_id=InstrumentId(Symbol(name), VENUE),
        raw_symbol=Symbol(name),
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
    )


def opening_ticks(instrument: Equity, bars: Sequence[Bar], early: Sequence[int]) -> list[TradeTick]:
    """Ticks at the open of each bar, so many nanoseconds `early`."""
    much = Quantity.from_int(1_000_000_000)
    return [
        TradeTick(
            instrument.id, bar.open, much, AggressorSide.BUYER, TradeId(str(k)), bar.ts_init - each, bar.ts_init - each
        )
        for k, bar in enumerate(bars)
        for each in early
    ]


def add_data(engine: BacktestEngine, scene: Scene) -> tuple[dict[str, Equity], dict[str, BarType]]:
    """Hand instruments, bars and their opening ticks to the engine; only the first symbol's come with a second tick."""
    instruments, bar_types = {}, {}
    aggregation = "DAY" if scene.step == 86_400 else "MINUTE"
    for name, data in scene.data.items():
        instrument = share(name)
        engine.add_instrument(instrument)
        bar_type = BarType.from_str(f"{instrument.id}-1-{aggregation}-LAST-EXTERNAL")
        stamps = data["t"].astype(np.uint64)
        columns = [np.array(data[k]) for k in ("open", "high", "low", "close")]
        bars = Bar.from_raw_arrays_to_list(bar_type, 2, 0, *columns, np.full(scene.bars, 1e9), stamps, stamps.copy())
        ticks = opening_ticks(instrument, bars, (2,) if instruments else (2, 1))
        instruments[name], bar_types[name] = instrument, bar_type
        engine.add_data(ticks, validate=False, sort=False)
        engine.add_data(bars, validate=False, sort=True)
    return instruments, bar_types


def equity_of(engine: BacktestEngine, scene: Scene) -> float:
    """The account, and what open positions are worth at the last close."""
    equity = engine.portfolio.account(VENUE).balance_total(USD).as_double()
    for position in engine.cache.positions_open():
        close = float(scene.data[position.instrument_id.symbol.value]["close"][-1])
        equity += position.unrealized_pnl(Price(close, 2)).as_double()
    return equity


def run(scene: Scene) -> Done:
    engine = engine_of(scene)
    instruments, bar_types = add_data(engine, scene)
    strategies = [
        Cross(number, instruments[symbol], bar_types[symbol], fast, slow)
        for number, (symbol, fast, slow) in enumerate(scene.rules)
    ]
    engine.add_strategies(strategies)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, about Nautilus's own calls
        started = time.process_time()
        engine.run()
        seconds = time.process_time() - started
    equity = equity_of(engine, scene)
    fills = [[(at + 1, quantity, price) for at, quantity, price in strategy.fills] for strategy in strategies]
    engine.dispose()
    return Done(seconds, equity, fills)
