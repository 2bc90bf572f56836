"""Pooled capital worked out from the contract's words in fractions, with nothing of `orchestrate`.

Long only, every symbol has every bar, whole lots, a fee of `percent` and at least `minimum`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

Bars = Mapping[str, Sequence[tuple[float, float]]]


class Wish(NamedTuple):
    owner: str
    symbol: str
    quantity: int
    cost: Fraction


@dataclass
class Trader:
    """One strategy: a share of the pool, what it buys a time, and at which bars it wants in and out."""

    weight: Fraction
    percent: int
    quantity: int
    entries: Sequence[int]
    exits: Sequence[int]
    cash: Fraction = Fraction(0)
    held: dict[str, tuple[int, Fraction]] = field(default_factory=dict)
    waiting: list[Wish] = field(default_factory=list)
    fills: list[tuple[float, float]] = field(default_factory=list)

    @property
    def used(self) -> Fraction:
        return sum((quantity * price for quantity, price in self.held.values()), Fraction(0))

    @property
    def reserved(self) -> Fraction:
        return sum((wish.cost for wish in self.waiting), Fraction(0))

    def worth(self, prices: Mapping[str, Fraction]) -> Fraction:
        return self.cash + sum((quantity * prices[symbol] for symbol, (quantity, _) in self.held.items()), Fraction(0))


@dataclass
class Pool:
    """All of them, and what nobody was given."""

    traders: dict[str, Trader]
    reserve: Fraction
    bars: Bars
    percent: Fraction
    minimum: Fraction
    at_close: bool

    def play(self) -> None:
        for bar in range(len(next(iter(self.bars.values())))):
            opens, closes = ({s: Fraction(str(each[bar][end])) for s, each in self.bars.items()} for end in (0, 1))
            if not self.at_close:
                self.release(opens)
            self.decide(bar, closes)
            if self.at_close:
                self.release(closes)

    def fee(self, quantity: int, price: Fraction) -> Fraction:
        return max(Fraction(round(quantity * price * self.percent / 100, 8)), self.minimum)

    def lots(self, wish: Wish, price: Fraction, money: Fraction) -> int:
        """As many as the money pays for, fee included."""
        lots = min(wish.quantity, max(0, int(money / price)))
        while lots and lots * price + self.fee(lots, price) > money:
            lots -= 1
        return lots

    def equity(self, prices: Mapping[str, Fraction]) -> Fraction:
        return self.reserve + sum(trader.worth(prices) for trader in self.traders.values())

    def room(self, name: str, prices: Mapping[str, Fraction]) -> Fraction:
        trader = self.traders[name]
        return trader.weight * self.equity(prices) - trader.used - trader.reserved

    def free(self) -> Fraction:
        return self.reserve + sum(trader.cash - trader.reserved for trader in self.traders.values())

    def sell(self, trader: Trader, symbol: str, price: Fraction, *, noted: bool) -> None:
        quantity, _ = trader.held.pop(symbol)
        trader.cash += quantity * price - self.fee(quantity, price)
        if noted:
            trader.fills.append((float(-quantity), float(price)))

    def release(self, prices: Mapping[str, Fraction]) -> None:
        """What was ordered: closings first, then openings one after another."""
        wishes = [wish for _, trader in sorted(self.traders.items()) for wish in trader.waiting]
        for wish in wishes:
            if not wish.quantity:
                self.sell(self.traders[wish.owner], wish.symbol, prices[wish.symbol], noted=True)
        for wish in wishes:
            trader, price = self.traders[wish.owner], prices[wish.symbol]
            trader.waiting.remove(wish)
            lots = self.lots(wish, price, min(self.room(wish.owner, prices), self.free())) if wish.quantity else 0
            if lots:
                trader.cash -= lots * price + self.fee(lots, price)
                trader.held[wish.symbol] = lots, price
                trader.fills.append((float(lots), float(price)))

    def decide(self, bar: int, closes: Mapping[str, Fraction]) -> None:
        wishes, sold = [], []
        for name, trader in sorted(self.traders.items()):
            for symbol in closes:
                if symbol in trader.held and bar in trader.exits:
                    sold.append((trader, symbol))
                if symbol not in trader.held and bar in trader.entries and bar not in trader.exits:
                    wishes.append(self.wish(name, symbol, closes))
        before = {name: (trader.cash, dict(trader.held)) for name, trader in self.traders.items()}
        for trader, symbol in sold:
            self.sell(trader, symbol, closes[symbol], noted=False)
        granted = self.share(wishes, closes)
        for name, (cash, held) in before.items():
            self.traders[name].cash, self.traders[name].held = cash, held
        for name, trader in self.traders.items():
            trader.waiting += [Wish(name, symbol, 0, Fraction(0)) for owner, symbol in sold if owner is trader]
        for wish in granted:
            self.traders[wish.owner].waiting.append(wish)

    def wish(self, name: str, symbol: str, closes: Mapping[str, Fraction]) -> Wish:
        trader, price = self.traders[name], closes[symbol]
        cap = trader.weight * self.equity(closes)
        lots = trader.quantity or int(cap * trader.percent / 100 / len(closes) / price)
        return Wish(name, symbol, lots, lots * price + self.fee(lots, price) if lots else Fraction(0))

    def share(self, wishes: Sequence[Wish], closes: Mapping[str, Fraction]) -> list[Wish]:
        """What is left of the wishes: raise everybody's level until nothing is free or wanted."""
        most = {}
        for name in {wish.owner for wish in wishes}:
            wanted = sum((wish.cost for wish in wishes if wish.owner == name), Fraction(0))
            most[name] = max(Fraction(0), min(wanted, self.room(name, closes)))
        weights = {name: self.traders[name].weight for name in most}
        free, level = max(Fraction(0), self.free()), Fraction(0)
        for top in sorted(most[name] / weights[name] for name in most):
            rising = sum(weights[name] for name in most if most[name] / weights[name] > level)
            used = sum(min(most[name], level * weights[name]) for name in most)
            level = min(top, level + (free - used) / rising) if rising else level
        grants = {name: min(most[name], level * weights[name]) for name in most}
        granted = []
        for wish in wishes:
            price = closes[wish.symbol]
            lots = self.lots(wish, price, grants[wish.owner])
            if lots:
                granted.append(Wish(wish.owner, wish.symbol, lots, lots * price + self.fee(lots, price)))
                grants[wish.owner] -= granted[-1].cost
        return granted
