"""The price at which an order of a native strategy trades: market and stop orders slip, limit orders don't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from nautilus_trader.backtest.models import FillModel
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, LiquiditySide, OrderSide, OrderStatus, OrderType
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules


class Phase(Enum):
    """Where in a bar the market stands: at a single price, or on its way through the range."""

    AT_A_PRICE = "at a price"
    IN_THE_RANGE = "in the range"


_LIMITS = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.TRAILING_STOP_LIMIT,
    }
)
_TRIGGERS = frozenset({OrderType.STOP_MARKET, OrderType.MARKET_IF_TOUCHED, OrderType.TRAILING_STOP_MARKET})


class NativeFill(FillModel):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """Every order finds all of its quantity at one price.

    In the range that is its limit or trigger; at a single price, where a gap may have left both behind, that price.
    """

    def __init__(self, rules: ExecutionRules, instruments: Mapping[str, Instrument]) -> None:
        super().__init__()
        self._rules = rules
        self._instruments = instruments
        self.phase = Phase.AT_A_PRICE
        #: the orders that fill without slippage, by Nautilus's ids
        self.unslipped: set[str] = set()
        #: called before an order trades: may reduce it, and returns whether it may trade at all
        self.may_fill: Callable[[NativeOrder], bool] = _may_fill_whole
        #: the orders that may not, by Nautilus's ids
        self.withheld: set[str] = set()

    def get_orderbook_for_fill_simulation(
        self, instrument: NativeInstrument, order: NativeOrder, best_bid: Price, best_ask: Price
    ) -> OrderBook:
        """Called by the matching engine for each order that can trade."""
        if not self.may_fill(order):
            self.withheld.add(order.client_order_id.value)
        buys = order.side == OrderSide.BUY
        raw = self._raw(order, best_ask if buys else best_bid)
        price = raw.as_double()
        if order.order_type not in _LIMITS and order.client_order_id.value not in self.unslipped:
            quantity = order.leaves_qty.as_double() if buys else -order.leaves_qty.as_double()
            near = round(price, instrument.price_precision)
            price = self._rules.fill_price(near, quantity, self._instruments[instrument.id.symbol.value])
        book = OrderBook(instrument.id, BookType.L2_MBP)
        other = OrderSide.SELL if buys else OrderSide.BUY
        book.add(BookOrder(other, Price(price, instrument.price_precision), order.leaves_qty, 1), 0, 0)
        return book

    def _raw(self, order: NativeOrder, market: Price) -> Price:
        """Return the price before slippage: the market's, unless it came through the order's own on its way."""
        if self.phase is Phase.AT_A_PRICE:
            return market
        if order.order_type in _LIMITS:
            if order.liquidity_side == LiquiditySide.MAKER:
                return order.price
            return order.trigger_price if order.order_type != OrderType.LIMIT and order.is_triggered else market
        if order.order_type in _TRIGGERS and order.status != OrderStatus.SUBMITTED:
            return order.trigger_price
        return market


def _may_fill_whole(_order: NativeOrder) -> bool:
    return True
