"""Every strategy's own book: cash, positions, profit and fees, fed by fills and nothing else.

A book survives its engine: it never asks one anything. The portfolio is the sum of its books and the reserve.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrate.domain.execution import FRACTION_DIGITS
from orchestrate.domain.market import Instrument
from orchestrate.domain.orders import Fill


@dataclass(slots=True)
class Position:
    """A symbol's holding. `average_price` is the average cost of what is open; `entry_fees` its fees so far."""

    instrument: Instrument
    quantity: float = 0.0
    average_price: float = 0.0
    opened_at: int = 0
    entry_fees: float = 0.0
    # the round trip under way
    peak_quantity: float = 0.0
    trip_profit: float = 0.0
    trip_fees: float = 0.0
    trip_bought: float = 0.0
    trip_entry_value: float = 0.0
    trip_exit_value: float = 0.0
    trip_exited: float = 0.0

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
        held = abs(self.quantity * self.average_price)
        return held * self.instrument.multiplier * self.instrument.margin_rate

    def notional(self, price: float) -> float:
        """The signed worth of the position at `price`."""
        return self.quantity * price * self.instrument.multiplier

    def open_profit(self, price: float) -> float:
        """Profit that closing at `price` would realise, before fees."""
        return self.quantity * (price - self.average_price) * self.instrument.multiplier


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed round trip: the position left zero at `entered` and came back to it at `exited`.

    `quantity` is the largest signed size it had; `profit` is net of `fees`, those of the entry included.
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
class Book:
    """One strategy's money. `cash` moves by notional or by profit, as each instrument says."""

    strategy_id: str
    initial: float
    cash: float = 0.0
    realised: float = 0.0
    fees: float = 0.0
    turnover: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cash = self.initial

    def quantity(self, symbol: str) -> float:
        """The signed holding of `symbol`, 0.0 when flat."""
        position = self.positions.get(symbol)
        return position.quantity if position else 0.0

    def apply(self, fill: Fill, instrument: Instrument) -> None:
        """Take a fill in. One that crosses zero closes the round trip and opens another; its fee is shared by size."""
        self.fills.append(fill)
        self.fees += fill.fee
        self.realised -= fill.fee
        self.cash -= fill.fee
        notional = fill.quantity * fill.price * instrument.multiplier
        self.turnover += abs(notional)
        if instrument.moves_cash_by_notional:
            self.cash -= notional
        position = self.positions.get(fill.symbol)
        if position is None:
            position = self.positions[fill.symbol] = Position(instrument)
        held = position.quantity
        crossing = held * fill.quantity < 0 and abs(fill.quantity) > abs(held)
        closing = -held if crossing else fill.quantity
        if held * fill.quantity < 0:
            share = closing / fill.quantity
            self._reduce(position, closing, fill, fill.fee * share)
            if crossing:
                rest = round(fill.quantity - closing, FRACTION_DIGITS)
                self._extend(position, rest, fill, fill.fee * (1.0 - share))
        else:
            self._extend(position, fill.quantity, fill, fill.fee)
        if not position.quantity:
            del self.positions[fill.symbol]

    def _extend(self, position: Position, quantity: float, fill: Fill, fee: float) -> None:
        if not position.quantity:
            position.opened_at = fill.t
        total = round(position.quantity + quantity, FRACTION_DIGITS)
        value = position.quantity * position.average_price + quantity * fill.price
        position.average_price = value / total
        position.quantity = total
        position.entry_fees += fee
        position.trip_fees += fee
        position.trip_bought += quantity
        position.trip_entry_value += quantity * fill.price
        if abs(total) > abs(position.peak_quantity):
            position.peak_quantity = total

    def _reduce(self, position: Position, quantity: float, fill: Fill, fee: float) -> None:
        profit = -quantity * (fill.price - position.average_price) * position.instrument.multiplier
        self.realised += profit
        if not position.instrument.moves_cash_by_notional:
            self.cash += profit
        position.trip_profit += profit
        position.trip_fees += fee
        position.trip_exit_value += quantity * fill.price
        position.trip_exited += quantity
        position.quantity = round(position.quantity + quantity, FRACTION_DIGITS)
        if not position.quantity:
            self._finish_trip(position, fill)

    def _finish_trip(self, position: Position, fill: Fill) -> None:
        self.trades.append(
            Trade(
                strategy_id=self.strategy_id,
                symbol=position.symbol,
                quantity=position.peak_quantity,
                entered=position.opened_at,
                exited=fill.t,
                entry_price=position.trip_entry_value / position.trip_bought,
                exit_price=position.trip_exit_value / position.trip_exited,
                profit=position.trip_profit - position.trip_fees,
                fees=position.trip_fees,
            )
        )
        for name in ("average_price", "entry_fees", "peak_quantity", "trip_profit", "trip_fees", "trip_bought"):
            setattr(position, name, 0.0)
        position.trip_entry_value = position.trip_exit_value = position.trip_exited = 0.0

    def projected(self, fills: Iterable[tuple[Fill, Instrument]]) -> Book:
        """A copy as it would stand after `fills`; this book stays as it is."""
        copy = Book(self.strategy_id, self.initial)
        copy.cash, copy.realised, copy.fees = self.cash, self.realised, self.fees
        copy.positions = {symbol: replace(position) for symbol, position in self.positions.items()}
        for fill, instrument in fills:
            copy.apply(fill, instrument)
        return copy

    def equity(self, marks: Mapping[str, float]) -> float:
        """Cash and positions at `marks` (symbol → price)."""
        total = self.cash
        for symbol, position in self.positions.items():
            if position.instrument.moves_cash_by_notional:
                total += position.notional(marks[symbol])
            else:
                total += position.open_profit(marks[symbol])
        return total

    def spendable(self, marks: Mapping[str, float]) -> float:
        """Equity less what open positions hold back; reserves of open orders are not taken off here."""
        held = 0.0
        for symbol, position in self.positions.items():
            held += abs(position.notional(marks[symbol])) * position.instrument.margin_rate
        return self.equity(marks) - held

    @property
    def used(self) -> float:
        """Entry cost (margin where there is one) of all open positions."""
        return sum(position.entry_cost for position in self.positions.values())
