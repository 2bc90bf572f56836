"""What a run of flags on several symbols comes to, in Decimal, with nothing of `orchestrate`.

One account. Each symbol has its rate's closes (None: the capital's currency) and what its short costs a year. A flag
says at each bar where the strategy wants to be: 1 long, -1 short, 0 out. Sizes are a share of the equity, so small that
all can be paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

ZERO, ONE = Decimal(0), Decimal(1)
YEAR = Decimal(365)


@dataclass
class Symbol:
    """One symbol, a price or None for each day."""

    opens: Sequence[Decimal | None]
    closes: Sequence[Decimal | None]
    flags: Sequence[int]
    rates: Sequence[Decimal] | None = None
    multiplier: Decimal = ONE
    pays_notional: bool = True
    borrow: Decimal = ZERO


@dataclass
class Held:
    """A position: what was paid for it in both currencies, and what it has cost so far."""

    quantity: Decimal
    quoted: Decimal
    paid: Decimal
    fees: Decimal


@dataclass
class Outcome:
    """Equity at each close; fills as (symbol, quantity, price, fee); the profit of each trade net of fees."""

    equity: list[Decimal] = field(default_factory=list)
    fills: list[tuple[str, Decimal, Decimal, Decimal]] = field(default_factory=list)
    profits: list[Decimal] = field(default_factory=list)
    fees: Decimal = ZERO


@dataclass
class Account:
    """The account, day by day."""

    symbols: Mapping[str, Symbol]
    share: Decimal
    fee_percent: Decimal
    cash: Decimal
    at_close: bool
    #: whether the other side is opened as one is closed, or at the next bar
    turns: bool = False
    held: dict[str, Held] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    marked: dict[str, int] = field(default_factory=dict)
    orders: dict[str, list[Decimal]] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)

    def run(self) -> Outcome:
        days = len(next(iter(self.symbols.values())).opens)
        for day in range(days):
            self._day(day)
        return self.outcome

    def _day(self, day: int) -> None:
        there = [name for name, symbol in self.symbols.items() if symbol.closes[day] is not None]
        for name in () if self.at_close else there:
            self._fill_all(name, self.symbols[name].opens[day], self._rate(name, day - 1))
        for name in there:
            self.marks[name] = self.symbols[name].closes[day] or ZERO
            self._accrue(name, day)
        for name in there:
            self._decide(name, day)
        for name in there if self.at_close else ():
            self._fill_all(name, self.marks[name], self._rate(name, day))
        self.outcome.equity.append(self._equity(day))

    def _rate(self, name: str, day: int) -> Decimal:
        rates = self.symbols[name].rates
        return ONE if rates is None else rates[day]

    def _accrue(self, name: str, day: int) -> None:
        held, symbol = self.held.get(name), self.symbols[name]
        if held is not None and held.quantity < 0 and symbol.borrow:
            value = -held.quantity * self.marks[name] * symbol.multiplier * self._rate(name, day)
            cost = value * symbol.borrow * (day - self.marked[name]) / YEAR
            self.cash -= cost
            held.fees += cost
            self.outcome.fees += cost
        self.marked[name] = day

    def _decide(self, name: str, day: int) -> None:
        symbol, held = self.symbols[name], self.held.get(name)
        flag, now = symbol.flags[day], ZERO if held is None else held.quantity
        if flag == (now > 0) - (now < 0):
            return
        orders = self.orders.setdefault(name, [])
        if now:
            orders.append(-now)
        if flag and (self.turns or not now):
            unit = self.marks[name] * symbol.multiplier * self._rate(name, day)
            size = self._equity(day) * self.share / len(self.symbols) / unit
            orders.append(flag * size.to_integral_value(ROUND_DOWN))

    def _fill_all(self, name: str, price: Decimal | None, rate: Decimal) -> None:
        assert price is not None
        for quantity in self.orders.pop(name, []):
            if quantity:
                self._fill(name, quantity, price, rate)

    def _fill(self, name: str, quantity: Decimal, price: Decimal, rate: Decimal) -> None:
        symbol = self.symbols[name]
        quoted = quantity * price * symbol.multiplier
        fee = abs(quoted * rate) * self.fee_percent / 100
        self.outcome.fills.append((name, quantity, price, fee))
        self.outcome.fees += fee
        self.cash -= fee
        if symbol.pays_notional:
            self.cash -= quoted * rate
        held = self.held.pop(name, None)
        if held is None:
            self.held[name] = Held(quantity, quoted, quoted * rate, fee)
            return
        profit = -quoted * rate - held.paid if symbol.pays_notional else (-quoted - held.quoted) * rate
        if not symbol.pays_notional:
            self.cash += profit
        self.outcome.profits.append(profit - fee - held.fees)

    def _equity(self, day: int) -> Decimal:
        total = self.cash
        for name, held in self.held.items():
            symbol = self.symbols[name]
            value = held.quantity * self.marks[name] * symbol.multiplier
            total += (value if symbol.pays_notional else value - held.quoted) * self._rate(name, day)
        return total
