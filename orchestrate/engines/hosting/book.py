"""A native's own book, in the capital's currency: what its engine can't count when rates and borrow come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrate.domain.books import Accrual, Book, Position
from orchestrate.domain.instruments.borrow import borrow_cost
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import Prices, rate_at
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.order import Fill
from orchestrate.orchestration.orders.ports import StrategySeat


class NativeBook:
    """Fed by the fills of the native's engine; `own` moves as the strategy's book in the portfolio does.

    Without prices in its seat all is in the capital's currency, and worth its `closes`. `in_bar` is True from the open
    of a bar until the strategy has seen it: the rates that count there are those before the open.
    """

    def __init__(self, seat: StrategySeat, market: Market, closes: Prices) -> None:
        self.own = Book(seat.strategy_id, seat.cash)
        self._series = market.series
        self.instruments = {symbol: market.instruments[symbol] for symbol in seat.symbols}
        self._closes = closes if seat.prices is None else seat.prices.closes
        self._opens = closes if seat.prices is None else seat.prices.opens
        self._costly = [symbol for symbol, each in self.instruments.items() if each.borrow]
        self.in_bar = False

    def rate(self, symbol: str) -> float:
        """Return the rate that counts now."""
        return rate_at(self._opens if self.in_bar else self._closes, self.instruments[symbol])

    def at_close(self, symbol: str) -> Instrument:
        """Return the instrument in the capital's currency, at the rate of the last close."""
        instrument = self.instruments[symbol]
        return instrument.at(rate_at(self._closes, instrument)) if instrument.fx else instrument

    def fee_instrument(self, symbol: str) -> Instrument:
        """Return the instrument by which a fee is charged now."""
        instrument = self.instruments[symbol]
        return instrument.at(self.rate(symbol)) if instrument.fx else instrument

    def apply(self, fill: Fill) -> None:
        """Take a fill in, at the rate that counts now."""
        self.own.apply(replace(fill, rate=self.rate(fill.symbol)), self.instruments[fill.symbol])

    def accrue(self, rows: Mapping[str, int], t: int) -> bool:
        """Pay for the shorts whose symbols have a bar now; return whether there was something to pay."""
        paid = False
        for symbol in self._costly:
            row, position = rows.get(symbol, 0), self.own.positions.get(symbol)
            if row > 0 and position is not None and position.quantity < 0:
                cost = borrow_cost(position, self._series[symbol], row, self._closes)
                self.own.accrue(Accrual(t, symbol, cost))
                paid = True
        return paid

    def open_profit(self, position: Position) -> float:
        """Return what closing the position at the last close would realise, before fees."""
        return position.open_profit(self._closes[position.symbol], rate_at(self._closes, position.instrument))

    @property
    def equity(self) -> float:
        """Cash and positions at the last closes."""
        return self.own.equity(self._closes)
