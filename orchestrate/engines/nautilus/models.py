"""The run's rules of price and fee as models of Nautilus's matching engine."""

from __future__ import annotations

from collections.abc import Mapping

from nautilus_trader.backtest.models import FeeModel, FillModel
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.instruments import Instrument


class RuleFill(FillModel):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """Each market order finds a book of one level: all of it, at the market's price after slippage."""

    def __init__(self, rules: ExecutionRules, instruments: Mapping[str, Instrument]) -> None:
        super().__init__()
        self._rules = rules
        self._instruments = instruments

    def get_orderbook_for_fill_simulation(
        self, instrument: NativeInstrument, order: NativeOrder, best_bid: Price, best_ask: Price
    ) -> OrderBook:
        """Called by the matching engine for each order that can trade."""
        buys = order.side == OrderSide.BUY
        raw = round((best_ask if buys else best_bid).as_double(), instrument.price_precision)
        quantity = order.quantity.as_double() if buys else -order.quantity.as_double()
        price = self._rules.fill_price(raw, quantity, self._instruments[instrument.id.symbol.value])
        book = OrderBook(instrument.id, BookType.L2_MBP)
        other = OrderSide.SELL if buys else OrderSide.BUY
        book.add(BookOrder(other, Price(price, instrument.price_precision), order.quantity, 1), 0, 0)
        return book


class RuleFee(FeeModel):  # type: ignore[misc]
    """The run's commission, rounded to eight digits."""

    def __init__(self, rules: ExecutionRules, instruments: Mapping[str, Instrument]) -> None:
        super().__init__()
        self._rules = rules
        self._instruments = instruments

    def get_commission(
        self, order: NativeOrder, fill_qty: Quantity, fill_px: Price, instrument: NativeInstrument
    ) -> Money:
        """Called by the matching engine once a fill."""
        quantity = round(fill_qty.as_double(), fill_qty.precision)
        fee = self._rules.fee(
            quantity if order.side == OrderSide.BUY else -quantity,
            round(fill_px.as_double(), instrument.price_precision),
            self._instruments[instrument.id.symbol.value],
        )
        return Money(fee, instrument.quote_currency)
