"""Every strategy's own book: cash, positions, profit and fees, fed by fills and nothing else.

A book is independent of engines: it never queries one. The portfolio is the sum of its books and the reserve.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import Prices, rate_at
from orchestrate.domain.options.margin.account import held_back, used
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Fill
from orchestrate.domain.values import value


@dataclass(slots=True)
class Position:
    """The holding of one symbol.

    `average_price` is the average cost of what is open, in the instrument's currency; `rate` what was paid for that;
    `entry_fees` its fees so far.
    """

    instrument: Instrument
    quantity: float = 0.0
    average_price: float = 0.0
    opened_at: int = 0
    entry_fees: float = 0.0
    rate: float = 1.0

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.instrument.symbol

    @property
    def is_long(self) -> bool:
        """True while more is owned than owed."""
        return self.quantity > 0

    @property
    def entry_cost(self) -> float:
        """Capital that the open position uses: its cost at entry times the margin rate."""
        held = abs(self.quantity * self.average_price) * self.rate
        return held * self.instrument.multiplier * self.instrument.initial_rate(self.quantity)

    def copy(self) -> Position:
        """Return the position as it stands; what happens to this one later does not change the copy."""
        price, opened_at = self.average_price, self.opened_at
        return Position(self.instrument, self.quantity, price, opened_at, self.entry_fees, self.rate)

    def joined(self, other: Position) -> Position:
        """Return both as one, at their average cost; ValueError where one is long and the other short."""
        if self.is_long != other.is_long:
            raise ValueError(f"{self.quantity:g} and {other.quantity:g} of {self.symbol} are opposite positions")
        total = rounded(self.quantity + other.quantity)
        average = (self.quantity * self.average_price + other.quantity * other.average_price) / total
        opened_at = min(self.opened_at, other.opened_at)
        rate = self._joined_rate(other.quantity * other.average_price, other.rate)
        return Position(self.instrument, total, average, opened_at, self.entry_fees + other.entry_fees, rate)

    def add(self, quantity: float, price: float, rate: float) -> None:
        """Take in `quantity` more of the same side, at the average cost of both."""
        total = rounded(self.quantity + quantity)
        if self.instrument.fx:
            self.rate = self._joined_rate(quantity * price, rate)
        self.average_price = (self.quantity * self.average_price + quantity * price) / total
        self.quantity = total

    def _joined_rate(self, other: float, rate: float) -> float:
        """Return the average rate of what this cost and of `other`, which cost that much at another rate."""
        own, other = abs(self.quantity * self.average_price), abs(other)
        return (own * self.rate + other * rate) / (own + other) if self.rate != rate and own + other else rate

    def worth(self, price: float, rate: float = 1.0) -> float:
        """Return what the position adds to its book's equity at `price`: its notional, or its open profit."""
        return self.notional(price, rate) if self.instrument.moves_cash_by_notional else self.open_profit(price, rate)

    def notional(self, price: float, rate: float = 1.0) -> float:
        """Return the signed worth of the position at `price`, in the capital's currency."""
        return self.quantity * price * self.instrument.multiplier * rate

    def open_profit(self, price: float, rate: float = 1.0) -> float:
        """Return profit that closing at `price` would realise, before fees."""
        return self.profit(self.quantity, price, rate)

    def profit(self, quantity: float, price: float, rate: float) -> float:
        """Return profit that closing a signed part of it at `price` realises, before fees.

        Where only profit moves cash it is converted at `rate`; else it is what is paid back less what was paid.
        """
        if self.instrument.fx and self.instrument.moves_cash_by_notional:
            return quantity * (price * rate - self.average_price * self.rate) * self.instrument.multiplier
        return quantity * (price - self.average_price) * self.instrument.multiplier * rate


@value
class Trade:
    """A closed round trip: the position left zero at `entered` and returned to it at `exited`.

    `quantity` is the largest signed size it had; `profit` is net of `fees`, those of the entry included. Prices are in
    the instrument's currency, profit and fees in the capital's.
    """

    strategy_id: str
    symbol: str
    quantity: float
    entered: int
    exited: int
    entry_price: float
    exit_price: float
    profit: float
    fees: float


@dataclass(slots=True)
class _RoundTrip:
    """What a position did since it last left zero; quantities signed as the position."""

    opened_at: int
    peak: float = 0.0
    entered: float = 0.0
    entry_value: float = 0.0
    exited: float = 0.0
    exit_value: float = 0.0
    fees: float = 0.0
    converted: float = 0.0  # its profit before fees so far, where that is in another currency

    def join(self, other: _RoundTrip, held: float) -> None:
        """Go on together with another one of the same side; `held` is what both come to."""
        self.opened_at = min(self.opened_at, other.opened_at)
        self.entered += other.entered
        self.entry_value += other.entry_value
        self.exited += other.exited
        self.exit_value += other.exit_value
        self.fees += other.fees
        self.converted += other.converted
        self.peak = max(self.peak, held, key=abs)


@value
class Flow:
    """Money that came to a book (or, negative, left it) at step time `t`, which is neither profit nor loss."""

    t: int
    amount: float


@value
class Accrual:
    """The cost of a short of `symbol` for the days up to step time `t`."""

    t: int
    symbol: str
    cost: float


@value
class Handover:
    """A position that leaves one book for another, at cost: no trade, and `worth` in cash is paid for it."""

    giver: str
    taker: str
    position: Position
    worth: float

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.position.symbol


@dataclass(slots=True)
class Book:
    """One strategy's money. `cash` moves by notional or by profit, depending on the instrument.

    `turnover` is in the currencies of the instruments, as engines count; what of `realised` they know nothing of, since
    it comes from rates or borrow, is `beyond_engine`.
    """

    strategy_id: str
    initial: float
    cash: float = 0.0
    realised: float = 0.0
    fees: float = 0.0
    turnover: float = 0.0
    beyond_engine: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    _trips: dict[str, _RoundTrip] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cash = self.initial

    def quantity(self, symbol: str) -> float:
        """Return the signed holding of `symbol`, 0.0 when flat."""
        position = self.positions.get(symbol)
        return 0.0 if position is None else position.quantity

    def apply(self, fill: Fill, instrument: Instrument) -> None:
        """Take a fill in. One that crosses zero closes the round trip and opens another; its fee is shared by size."""
        self.fills.append(fill)
        quantity = fill.quantity
        self.turnover += abs(quantity * fill.price * instrument.multiplier)
        closing, opening = closing_and_opening(self.quantity(fill.symbol), quantity)
        if closing:
            fee = fill.fee * (closing / quantity) if opening else fill.fee
            profit = self._close(fill, closing, instrument, fee)
            self._trip_closed(fill, closing, instrument, fee, profit)
        if opening:
            fee = fill.fee * (opening / quantity) if closing else fill.fee
            self._open(fill, opening, instrument, fee)
            self._trip_opened(fill, opening, fee)
        if instrument.fx:
            self.beyond_engine -= fill.fee - fill.engine_fee

    def transfer(self, amount: float, t: int) -> None:
        """Take money in from another book, or (negative) give it away."""
        self.cash += amount
        self.flows.append(Flow(t, amount))

    def accrue(self, accrual: Accrual) -> None:
        """Pay what a short has cost; it belongs to the fees of the open trade."""
        cost = accrual.cost
        self.cash -= cost
        self.realised -= cost
        self.beyond_engine -= cost
        self.fees += cost
        trip = self._trips.get(accrual.symbol)
        if trip is not None:
            trip.fees += cost

    def hand_over(self, handover: Handover, taker: Book) -> None:
        """Give a position, with its open round trip, to another book; ValueError where that holds the other side."""
        trip = self._trips.get(handover.symbol)
        taker.move(handover)
        self.move(handover)
        if trip is None:
            return
        if handover.symbol in taker._trips:
            taker._trips[handover.symbol].join(trip, taker.quantity(handover.symbol))
        else:
            taker._trips[handover.symbol] = trip

    def move(self, handover: Handover) -> None:
        """Take this book's side of a handover; the average cost and the day it was opened stay."""
        symbol = handover.symbol
        if self.strategy_id == handover.giver:
            self.cash += handover.worth
            del self.positions[symbol]
            self._trips.pop(symbol, None)
            return
        held = self.positions.get(symbol)
        self.positions[symbol] = handover.position.copy() if held is None else held.joined(handover.position)
        self.cash -= handover.worth

    def _open(self, fill: Fill, quantity: float, instrument: Instrument, fee: float) -> None:
        self._pay(quantity, fill, instrument, fee)
        position = self.positions.get(fill.symbol)
        if position is None:
            self.positions[fill.symbol] = Position(instrument, quantity, fill.price, fill.t, fee, fill.rate)
            return
        position.add(quantity, fill.price, fill.rate)
        position.entry_fees += fee

    def _close(self, fill: Fill, quantity: float, instrument: Instrument, fee: float) -> float:
        """Return the profit before fees."""
        self._pay(quantity, fill, instrument, fee)
        position = self.positions[fill.symbol]
        profit = position.profit(-quantity, fill.price, fill.rate)
        if instrument.fx:
            self.beyond_engine += profit + quantity * (fill.price - position.average_price) * instrument.multiplier
        self.realised += profit
        if not instrument.moves_cash_by_notional:
            self.cash += profit
        position.quantity = rounded(position.quantity + quantity)
        if not position.quantity:
            del self.positions[fill.symbol]
        return profit

    def _pay(self, quantity: float, fill: Fill, instrument: Instrument, fee: float) -> None:
        self.fees += fee
        self.realised -= fee
        self.cash -= fee
        if instrument.moves_cash_by_notional:
            self.cash -= quantity * fill.price * instrument.multiplier * fill.rate

    def _trip_opened(self, fill: Fill, quantity: float, fee: float) -> None:
        trip = self._trips.get(fill.symbol)
        if trip is None:
            trip = self._trips[fill.symbol] = _RoundTrip(fill.t)
        trip.entered += quantity
        trip.entry_value += quantity * fill.price
        trip.fees += fee
        held = self.positions[fill.symbol].quantity
        if abs(held) > abs(trip.peak):
            trip.peak = held

    def _trip_closed(self, fill: Fill, quantity: float, instrument: Instrument, fee: float, profit: float) -> None:
        trip = self._trips[fill.symbol]
        trip.converted += profit
        trip.exited += quantity
        trip.exit_value += quantity * fill.price
        trip.fees += fee
        if fill.symbol in self.positions:
            return
        del self._trips[fill.symbol]
        whole = trip.converted if instrument.fx else -(trip.entry_value + trip.exit_value) * instrument.multiplier
        self.trades.append(
            Trade(
                strategy_id=self.strategy_id,
                symbol=fill.symbol,
                quantity=trip.peak,
                entered=trip.opened_at,
                exited=fill.t,
                entry_price=trip.entry_value / trip.entered,
                exit_price=trip.exit_value / trip.exited,
                profit=whole - trip.fees,
                fees=trip.fees,
            )
        )

    def projected(self, fills: Iterable[tuple[Fill, Instrument]]) -> Book:
        """Return a copy as its money would stand after `fills`, without history; this book stays as it is."""
        copy = Book(self.strategy_id, self.initial)
        copy.cash, copy.realised, copy.fees = self.cash, self.realised, self.fees
        for symbol, held in self.positions.items():
            copy.positions[symbol] = held.copy()
        for fill, instrument in fills:
            copy.pay(fill, instrument)
        return copy

    def pay(self, fill: Fill, instrument: Instrument) -> None:
        """Take in the money and the quantity of a fill, without history."""
        closing, opening = closing_and_opening(self.quantity(fill.symbol), fill.quantity)
        if closing:
            self._close(fill, closing, instrument, fill.fee * (closing / fill.quantity))
        if opening:
            self._open(fill, opening, instrument, fill.fee * (opening / fill.quantity))

    def equity(self, marks: Prices) -> float:
        """Return cash and positions at `marks` (symbol → price)."""
        total = self.cash
        for symbol, position in self.positions.items():
            rate = rate_at(marks, position.instrument) if position.instrument.fx else 1.0
            total += position.worth(marks[symbol], rate)
        return total

    def spendable(self, marks: Prices) -> float:
        """Return equity less what open positions hold back; reserves of open orders are not taken off here."""
        held, options = 0.0, False
        for symbol, position in self.positions.items():
            if position.instrument.option is not None:
                options = True
                continue
            rate = rate_at(marks, position.instrument) if position.instrument.fx else 1.0
            held += abs(position.notional(marks[symbol], rate)) * position.instrument.initial_rate(position.quantity)
        if options:
            held += held_back(self.positions, marks)
        return self.equity(marks) - held

    @property
    def used(self) -> float:
        """Entry cost (margin where there is one) of all open positions."""
        shares = [position for position in self.positions.values() if position.instrument.option is None]
        cost = fsum(position.entry_cost for position in shares)
        return cost if len(shares) == len(self.positions) else cost + used(self.positions)


def closing_and_opening(held: float, quantity: float) -> tuple[float, float]:
    """Return the part of a signed `quantity` that closes what is held, and the part that opens."""
    if held * quantity >= 0:
        return 0.0, quantity
    if abs(quantity) <= abs(held):
        return quantity, 0.0
    return -held, rounded(quantity + held)
