"""Strategies as Nautilus users write them. Nothing in here knows of the orchestrator."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pandas as pd
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import StrategyConfig
from nautilus_trader.indicators import AverageTrueRange, ExponentialMovingAverage
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide, OrderType, TimeInForce
from nautilus_trader.model.events import OrderDenied, OrderEvent, OrderFilled, OrderUpdated, PositionEvent
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy


class CrossConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    trade_size: Decimal = Decimal(100)
    fast: int = 5
    slow: int = 15
    distance: float = 1.0
    entry: OrderType = OrderType.MARKET
    modify: bool = False


class BracketCross(Strategy):
    """EMA cross with brackets: entry at the market or at a limit, stop and target by the range."""

    def __init__(self, config: CrossConfig) -> None:
        super().__init__(config)
        self.fast = ExponentialMovingAverage(config.fast)
        self.slow = ExponentialMovingAverage(config.slow)
        self.atr = AverageTrueRange(10)
        self.was_above: bool | None = None

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.config.instrument_id)
        for indicator in (self.fast, self.slow, self.atr):
            self.register_indicator_for_bars(self.config.bar_type, indicator)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        if not self.indicators_initialized():
            return
        above = self.fast.value > self.slow.value
        crossed, self.was_above = self.was_above is not None and above != self.was_above, above
        if self.config.modify:
            self.tighten(bar)
        if not crossed:
            return
        self.cancel_all_orders(self.config.instrument_id)
        self.close_all_positions(self.config.instrument_id)
        side, sign = (OrderSide.BUY, 1.0) if above else (OrderSide.SELL, -1.0)
        away = self.atr.value * self.config.distance
        entry = bar.close.as_double() - sign * away / 4 * (self.config.entry != OrderType.MARKET)
        bracket = self.order_factory.bracket(
            instrument_id=self.config.instrument_id,
            order_side=side,
            quantity=self.instrument.make_qty(self.config.trade_size),
            entry_order_type=self.config.entry,
            entry_price=self.instrument.make_price(entry) if self.config.entry == OrderType.LIMIT else None,
            sl_trigger_price=self.instrument.make_price(entry - sign * away),
            tp_price=self.instrument.make_price(entry + sign * 1.5 * away),
        )
        self.submit_order_list(bracket)

    def tighten(self, bar: Bar) -> None:
        """Move stops nearer to the market, half of the way."""
        for order in self.cache.orders_open(strategy_id=self.id):
            if order.order_type == OrderType.STOP_MARKET and order.parent_order_id is not None:
                near = (order.trigger_price.as_double() + bar.close.as_double()) / 2
                sign = 1 if order.side == OrderSide.SELL else -1
                beyond = sign * (near - order.trigger_price.as_double()) > 0.2
                if beyond and sign * (bar.close.as_double() - near) > 0.3:
                    self.modify_order(order, trigger_price=self.instrument.make_price(near))


class PairConfig(StrategyConfig, frozen=True):
    instrument_ids: list[InstrumentId]
    bar_types: list[BarType]
    trade_size: int = 50
    threshold: float = 0.02


class Pair(Strategy):
    """Two instruments: sells the dear one against the cheap one, and closes both when they have come together."""

    def __init__(self, config: PairConfig) -> None:
        super().__init__(config)
        self.last: dict[InstrumentId, Bar] = {}

    def on_start(self) -> None:
        for bar_type in self.config.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.last[bar.bar_type.instrument_id] = bar
        first, second = self.config.instrument_ids
        if len(self.last) < 2 or self.last[first].ts_event != self.last[second].ts_event:
            return
        spread = self.last[first].close.as_double() / self.last[second].close.as_double() - 1.0
        flat = self.portfolio.is_completely_flat()
        if flat and abs(spread) > self.config.threshold:
            dear, cheap = (first, second) if spread > 0 else (second, first)
            for instrument_id, side in ((dear, OrderSide.SELL), (cheap, OrderSide.BUY)):
                quantity = Quantity.from_int(self.config.trade_size)
                self.submit_order(self.order_factory.market(instrument_id, side, quantity))
        elif not flat and abs(spread) < self.config.threshold / 4:
            for instrument_id in self.config.instrument_ids:
                self.close_all_positions(instrument_id)


class TimerConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    every: timedelta = timedelta(days=3, hours=6)
    alert: pd.Timestamp | None = None


class TimerRebalancer(Strategy):
    """Orders from timers between bars only: a third of its cash, then flat, and so on."""

    def __init__(self, config: TimerConfig) -> None:
        super().__init__(config)
        self.rung: list[int] = []

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)
        self.clock.set_timer("rebalance", self.config.every, callback=self.rebalance)
        if self.config.alert is not None:
            self.clock.set_time_alert("alert", self.config.alert, self.rebalance)

    def rebalance(self, event: TimeEvent) -> None:
        self.rung.append(event.ts_event)
        bar = self.cache.bar(self.config.bar_type)
        if bar is None:
            return
        if self.portfolio.is_flat(self.config.instrument_id):
            self.submit_order(
                self.order_factory.market(self.config.instrument_id, OrderSide.BUY, Quantity.from_int(len(self.rung)))
            )
        else:
            self.close_all_positions(self.config.instrument_id)


class PlannedConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    tag: str = "default"


class Planned(Strategy):
    """Does at each bar what `plans[tag]` says for its number (from 0); keeps notifications in `notices[tag]`."""

    plans: ClassVar[dict[str, dict[Any, Any]]] = {}
    notices: ClassVar[dict[str, list[object]]] = {}
    alive: ClassVar[dict[str, Planned]] = {}

    def __init__(self, config: PlannedConfig) -> None:
        super().__init__(config)
        self.plan = self.plans[config.tag]
        self.log_of = self.notices.setdefault(config.tag, [])
        self.alive[config.tag] = self
        self.bars = 0
        self.raise_in("__init__")

    def raise_in(self, place: str) -> None:
        if place in self.plan:
            self.log_of.append(f"raised in {place}")
            raise self.plan[place]

    def on_start(self) -> None:
        self.raise_in("on_start")
        self.instrument = self.cache.instrument(self.config.instrument_id)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        number, self.bars = self.bars, self.bars + 1
        step = self.plan.get(number)
        if step is not None:
            step(self, bar)

    def on_order_event(self, event: OrderEvent) -> None:
        name = type(event).__name__.removeprefix("Order")
        if isinstance(event, OrderDenied):
            self.log_of.append((name, event.reason))
        elif isinstance(event, OrderFilled):
            self.log_of.append((name, float(event.last_qty), float(event.last_px)))
        elif isinstance(event, OrderUpdated):
            self.log_of.append((name, float(event.quantity)))
        else:
            self.log_of.append(name)
        self.raise_in(f"on {name}")

    def on_position_event(self, event: PositionEvent) -> None:
        self.raise_in(type(event).__name__)

    def on_stop(self) -> None:
        self.log_of.append("stop")
        self.raise_in("on_stop")

    # ---- what plans are made of

    def market(self, quantity: int, **how: object) -> None:
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        self.submit_order(
            self.order_factory.market(self.config.instrument_id, side, Quantity.from_int(abs(quantity)), **how)
        )

    def limit(self, quantity: int, price: float, **how: object) -> None:
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        limit = self.instrument.make_price(price)
        self.submit_order(
            self.order_factory.limit(self.config.instrument_id, side, Quantity.from_int(abs(quantity)), limit, **how)
        )

    def stop_order(self, quantity: int, trigger: float, **how: object) -> None:
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        price = self.instrument.make_price(trigger)
        self.submit_order(
            self.order_factory.stop_market(
                self.config.instrument_id, side, Quantity.from_int(abs(quantity)), price, **how
            )
        )

    def bracket(self, quantity: int, target: float, stop: float, entry: float | None = None) -> None:
        self.submit_order_list(
            self.order_factory.bracket(
                self.config.instrument_id,
                OrderSide.BUY if quantity > 0 else OrderSide.SELL,
                Quantity.from_int(abs(quantity)),
                entry_order_type=OrderType.MARKET if entry is None else OrderType.LIMIT,
                entry_price=None if entry is None else self.instrument.make_price(entry),
                sl_trigger_price=self.instrument.make_price(stop),
                tp_price=self.instrument.make_price(target),
                time_in_force=TimeInForce.GTC,
            )
        )


class Keywords(Strategy):
    """A constructor with keyword arguments and no config class."""

    def __init__(self, instrument_id: InstrumentId, bar_type: BarType, size: int = 10, pause: timedelta | None = None):
        super().__init__()
        self.instrument_id, self.bar_type, self.size, self.pause = instrument_id, bar_type, size, pause
        self.seen = 0

    def on_start(self) -> None:
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.seen += 1
        if self.seen == 3:
            order = self.order_factory.market(self.instrument_id, OrderSide.BUY, Quantity.from_int(self.size))
            self.submit_order(order)
