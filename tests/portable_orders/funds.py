"""The plain simulation with money: what an opening may cost as it is decided, as it is released, as a bar reaches it.

Amounts are whole tenths of a cent times units. A long pays its notional, a short holds as much; there are no fees.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction

from tests.portable_orders.reference import CENT, Bar, Operation, Simulation, Standing

ZERO = Fraction(0)


@dataclass
class Account:
    """Cash, positions at their average prices, and what they have realised."""

    capital: int
    cash: int
    realised: Fraction = ZERO
    held: dict[str, int] = field(default_factory=dict)
    average: dict[str, Fraction] = field(default_factory=dict)

    def fill(self, symbol: str, quantity: int, price: int) -> None:
        before, average = self.held.get(symbol, 0), self.average.get(symbol, ZERO)
        after = before + quantity
        self.cash -= quantity * price
        if before * quantity >= 0:
            self.average[symbol] = (average * before + price * quantity) / after
        else:
            closed = min(abs(before), abs(quantity)) * (1 if before > 0 else -1)
            self.realised += (price - average) * closed
            if before * after < 0:
                self.average[symbol] = Fraction(price)
        self.held[symbol] = after

    def money(self, marks: dict[str, int], reserved: int) -> Fraction:
        """What an opening may cost: within the capital and what was realised, and within what is free at `marks`."""
        used = sum((abs(units) * self.average[symbol] for symbol, units in self.held.items() if units), ZERO)
        equity = self.cash + sum(units * marks[symbol] for symbol, units in self.held.items() if units)
        free = equity - sum(abs(units) * marks[symbol] for symbol, units in self.held.items() if units)
        return max(ZERO, min(self.capital + self.realised - used, Fraction(free)) - reserved)


class FundedSimulation(Simulation):
    """One strategy with so much capital."""

    def __init__(self, at_close: bool, slip_ticks: int, capital: int) -> None:
        super().__init__(at_close, slip_ticks)
        self.account = Account(capital, capital)
        self.in_bar, self.taken = self.account, 0
        self.lapsed = 0  # held for orders that have expired, until their bar is over
        self.grown: list[tuple[Standing, int]] = []

    def reserved(self) -> int:
        return self.lapsed + sum(order.reserve for order in self.orders)

    def over(self, order: Standing, status: str) -> None:
        super().over(order, status)
        if status == "expired":
            self.lapsed += order.reserve

    # ---- what is decided

    def decide(self, operations: list[Operation]) -> None:
        self.lapsed, self.grown = 0, []
        super().decide(merged(operations))

    def against(self, price: int, *, buys: bool) -> int:
        """A price after slippage, on the cent that is worse."""
        if not self.slip:
            return price
        return -(-(price + self.slip) // CENT) * CENT if buys else (price - self.slip) // CENT * CENT

    def price(self, order: Standing, limit: int | None, stop: int | None) -> int:
        """The price that an opening is held to cost; a trailing one begins at its first level."""
        if limit is not None:
            return stop if stop is not None and not order.buys else limit
        level = stop if order.first_level is None else order.first_level
        return self.against(self.closes[order.symbol] if level is None else level, buys=order.buys)

    def place(self, orders: list[Standing]) -> None:
        """Market exits count as filled; then what is to grow, then what opens, each as far as it can be paid."""
        account = self.after_exits(orders)
        for order, more in self.grown:
            if order in self.orders:
                price = self.price(order, order.limit, order.stop)
                part = self.payable(account, order, more, price)
                order.quantity += part
                order.reserve += part * price
        for order in orders:
            if order.kind != "exit":
                price = self.first_price(order)
                order.quantity = self.payable(account, order, order.quantity, price)
                order.reserve = order.quantity * price
            if order.quantity:
                self.orders.append(order)
            elif order.tag:
                self.statuses[order.tag] = "rejected"

    def first_price(self, order: Standing) -> int:
        """That of a new order; a sell that trails may fill near the close."""
        if order.trail is None:
            return self.price(order, order.limit, order.stop)
        close = self.closes[order.symbol]
        order.first_level = close + order.trail if order.buys else close - order.trail
        return self.against(order.first_level if order.buys else close, buys=order.buys)

    def after_exits(self, orders: list[Standing]) -> Account:
        account = deepcopy(self.account)
        for order in (*self.orders, *orders):
            if order.kind == "exit" and not order.rests:
                held = self.held.get(order.symbol, 0)
                part = min(order.quantity, max(0, -held if order.buys else held))
                if part:
                    self.trade_at_close(account, order.symbol, part if order.buys else -part)
        return account

    def trade_at_close(self, account: Account, symbol: str, quantity: int) -> None:
        account.fill(symbol, quantity, self.against(self.closes[symbol], buys=quantity > 0))

    def payable(self, account: Account, order: Standing, quantity: int, price: int) -> int:
        """An entry fills only once what it goes against is closed."""
        held = account.held.get(order.symbol, 0)
        if order.kind == "enter" and held * (1 if order.buys else -1) < 0:
            account = deepcopy(account)
            self.trade_at_close(account, order.symbol, -held)
        return min(quantity, int(account.money(self.closes, self.reserved()) // price))

    def projected(self, symbol: str) -> int:
        """What market orders on their way are to grow by counts, whether it can be paid or not."""
        on_way = [
            (one, more) for one, more in self.grown if one in self.orders and one.symbol == symbol and not one.rests
        ]
        return super().projected(symbol) + sum(more if one.buys else -more for one, more in on_way)

    def replace(self, order: Standing, operation: Operation) -> None:
        """New prices that cost more than there is change nothing; a larger quantity is decided with the rest."""
        if order.kind == "exit":
            super().replace(order, operation)
            return
        limit, stop = operation.get("limit") or order.limit, operation.get("stop") or order.stop
        if order.triggered:
            stop = order.stop
        whole, now = operation.get("q") or order.quantity, order.quantity
        cost = now * self.price(order, limit, stop)
        more = cost - order.reserve
        if more > max(0, self.after_exits([]).money(self.closes, self.reserved())):
            limit, stop, cost = order.limit, order.stop, order.reserve
        if whole < now:
            now, cost = whole, whole * self.price(order, limit, stop)
        order.limit, order.stop, order.quantity, order.reserve = limit, stop, now, cost
        if whole > now:
            self.grown.append((order, whole - now))

    # ---- what fills

    def release(self, market: list[Standing], prices: dict[str, int]) -> None:
        account, marks, reserved = deepcopy(self.account), self.closes | prices, self.reserved()
        for order in market:
            sign = 1 if order.buys else -1
            held, price = account.held.get(order.symbol, 0), self.slipped(order, prices[order.symbol])
            reserved -= order.reserve
            if order.kind == "exit":
                quantity = min(order.quantity, abs(held)) if held * sign < 0 else 0
            elif held if order.kind == "enter" else held * sign <= 0:
                quantity = 0
            else:
                quantity = order.quantity = min(order.quantity, int(account.money(marks, reserved) // price))
                if not quantity:
                    self.over(order, "rejected")
            if quantity:
                account.fill(order.symbol, sign * quantity, price)

    def range(self, bars: dict[str, Bar]) -> None:
        self.in_bar, self.taken = deepcopy(self.account), 0
        self.marks = self.closes | {symbol: bar.open for symbol, bar in bars.items()}
        super().range(bars)

    def paid(self, order: Standing, quantity: int, price: int) -> int:
        """Of the money at the open, less what openings before it have taken in the bar."""
        if order.kind == "exit" or not order.rests:
            return quantity
        price = self.slipped(order, price)
        money = self.in_bar.money(self.marks, self.reserved() - order.reserve + self.taken)
        quantity = min(quantity, int(money // price))
        self.taken += quantity * price
        return quantity

    def book(self, order: Standing, quantity: int, price: int) -> None:
        self.account.fill(order.symbol, quantity, price)
        held = self.in_bar.held.get(order.symbol, 0)
        if order.rests and order.kind == "exit" and held:
            self.in_bar.fill(order.symbol, max(-held, quantity) if held > 0 else min(-held, quantity), price)


def merged(operations: list[Operation]) -> list[Operation]:
    """Make one of all replacements of an order, with the last of each of their words."""
    whole: dict[str, Operation] = {}
    for one in operations:
        if one["do"] == "replace":
            whole[one["name"]] = whole.get(one["name"], {}) | one
    firsts = {name: next(one for one in operations if one.get("name") == name) for name in whole}
    kept = [one for one in operations if one["do"] != "replace" or one is firsts[one["name"]]]
    return [whole[one["name"]] if one["do"] == "replace" else one for one in kept]
