"""Nautilus's exchange for the orders of portable strategies, one order at a time.

Nautilus's `BacktestEngine` passes an order from a strategy through risk engine, execution engine, exchange, portfolio
and cache, and back as five messages: 130 µs in a run. What makes the fill of it takes a fifth. The rest keeps what the
orchestrator has already (capital, risk, reports), or notifies parts that don't exist here. So portable orders go to the
part that fills: for each symbol the `OrderMatchingEngine` that Nautilus's exchange consists of, with its order book,
its fee model, its events. A fill is applied to Nautilus's order, which so lives through its states, and to Nautilus's
`Position`, one for each round trip of a strategy. Native strategies get all of Nautilus (see `hosting`).

All names here are public, and put together as Nautilus's tests of its matching engine do. Two facts about
the inside are used: an exchange sends its events to the endpoint `ExecEngine.process`; it notes the venue's id of each
order in the cache, which is emptied after each so that it does not grow. No account exists, so no order can fail for
want of money.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import numpy as np
from nautilus_trader.backtest.engine import OrderMatchingEngine
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.data import Bar, BarSpecification, BarType, QuoteTick
from nautilus_trader.model.enums import (
    AccountType,
    BarAggregation,
    BookType,
    OmsType,
    OrderSide,
    OrderStatus,
    PriceType,
)
from nautilus_trader.model.events import OrderEvent, OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import MarketOrder
from nautilus_trader.model.position import Position

from orchestrate.domain.errors import EngineError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.nautilus.bars import BarColumn
from orchestrate.engines.nautilus.fees import RuleFee
from orchestrate.engines.nautilus.instruments import VENUE, native_instrument, native_symbol
from orchestrate.engines.pending_fills import DueFill

_TRADER = TraderId(f"{VENUE.value}-001")
_ACCOUNT = AccountId(f"{VENUE.value}-001")
#: Nothing reads the length of a bar here: each has its time.
_ANY_BAR = BarSpecification(1, BarAggregation.DAY, PriceType.LAST)
#: Nautilus takes a bar's volume as the number of units at each of its prices.
_MUCH = 1e9


class Exchange:
    """All instruments that portable strategies trade, each with a matching engine; nothing is left behind in it."""

    def __init__(self, rules: ExecutionRules, first: int) -> None:
        self._rules = rules
        self._instruments: dict[str, Instrument] = {}
        self._shift = max(0, 1 - first)  # Nautilus knows no time before 1970
        self._now = 0
        self._strategies: dict[str, StrategyId] = {}
        self._numbers = count(1)
        self._order: MarketOrder  # the one under way
        self._cache, self._clock = Cache(), TestClock()
        self._bus = MessageBus(_TRADER, self._clock)
        self._bus.register("ExecEngine.process", self._take_in)
        self._by_name: dict[str, Instrument] = {}
        self._fill_model, self._fee_model = FillModel(), RuleFee(rules, self._by_name.__getitem__)
        self._engines: dict[str, OrderMatchingEngine] = {}

    def open(self, strategy_id: str) -> None:
        """Open for one more strategy."""
        self._strategies[strategy_id] = StrategyId(f"{strategy_id}-{len(self._strategies):03d}")

    def list(self, symbol: str, instrument: Instrument) -> None:
        """Let all strategies trade one more instrument."""
        if symbol not in self._engines:
            self._instruments[symbol] = instrument
            self._engines[symbol] = self._matching(symbol, instrument)

    def _matching(self, symbol: str, instrument: Instrument) -> OrderMatchingEngine:
        number = len(self._engines)
        name = native_symbol(symbol, number)
        self._by_name[name.value] = instrument
        return OrderMatchingEngine(
            instrument=native_instrument(name, instrument, self._rules),
            raw_id=number + 1,
            fill_model=self._fill_model,
            fee_model=self._fee_model,
            book_type=BookType.L1_MBP,
            oms_type=OmsType.HEDGING,
            account_type=AccountType.MARGIN,
            msgbus=self._bus,
            cache=self._cache,
            clock=self._clock,
            support_gtd_orders=False,
            support_contingent_orders=False,
            use_reduce_only=False,
        )

    def trade(self, t: int, due: DueFill, held: Position | None) -> tuple[OrderFilled, Position]:
        """Fill a market order with the market at the price that is due; return the fill and its position.

        That is `held`, or a new one. The market is quoted with what the order will pay after slippage, for as many
        units as the order has.
        """
        now = self._time(t)
        order, quantity, paid, _ = due
        engine = self._engines[order.symbol]
        native = engine.instrument
        if order.slips:
            paid = self._rules.fill_price(paid, quantity, self._instruments[order.symbol])
        both, size = Price(paid, native.price_precision), Quantity(abs(quantity), native.size_precision)
        engine.process_quote_tick(QuoteTick(native.id, both, both, size, size, now, now))
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        strategy, name = self._strategies[order.strategy_id], ClientOrderId(f"O-{next(self._numbers)}")
        self._order = sent = MarketOrder(_TRADER, strategy, native.id, name, side, size, UUID4(), now)
        sent.apply(OrderSubmitted(_TRADER, strategy, native.id, name, _ACCOUNT, UUID4(), now, now))
        self._fee_model.fixed = order.fee
        engine.process_order(sent, _ACCOUNT)
        self._cache.reset()
        fill = sent.last_event
        if sent.status != OrderStatus.FILLED:
            raise EngineError(
                f"nautilus did not fill order {order.id}: {getattr(fill, 'reason', sent.status_string())}"
            )
        if held is None:
            return fill, Position(native, fill)
        held.apply(fill)
        return fill, held

    def _take_in(self, event: OrderEvent) -> None:
        self._order.apply(event)

    def _time(self, t: int) -> int:
        now = t + self._shift
        if now < self._now:
            raise ValueError(f"time goes back to {t}; Nautilus would pass over older prices")
        self._now = now
        return now

    def bars(self, market: Market) -> dict[str, BarColumn]:
        """Return all bars of all symbols, for `show`."""
        columns = {}
        for symbol, engine in self._engines.items():
            series, native = market.series[symbol], engine.instrument
            columns[symbol] = BarColumn(
                series,
                market.timeline.stamps_of(symbol),
                BarType(native.id, _ANY_BAR),
                native.price_precision,
                np.broadcast_to(_MUCH, series.volume.shape),
                native.size_precision,
                self._shift,
            )
        return columns

    def show(self, t: int, bars: Iterable[tuple[str, Bar]]) -> None:
        """Go through whole bars by symbol, for `feed: full`."""
        self._time(t)
        for symbol, bar in bars:
            self._engines[symbol].process_bar(bar)
