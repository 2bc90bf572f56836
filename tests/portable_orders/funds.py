"""The plain simulation with money: what an opening may cost as it is decided, as it is released, as a bar reaches it.

Amounts are tenths of a cent times units. A long pays its notional, a short holds as much. Of several strategies each
has symbols of its own, named `strategy:symbol`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction

from tests.portable_orders.reference import CENT, Bar, Operation, Simulation, Standing

ZERO = Fraction(0)


@dataclass(frozen=True)
class Fees:
    """A fee an order: so many thousandths of the notional, and at least `minimum`."""

    thousandths: int = 0
    minimum: int = 0

    def of(self, quantity: int, price: int) -> Fraction:
        return (
            max(Fraction(abs(quantity) * price * self.thousandths, 1000), Fraction(self.minimum)) if quantity else ZERO
        )

    def cost(self, quantity: int, price: int) -> Fraction:
        """What an opening takes."""
        return quantity * price + self.of(quantity, price)

    def affordable(self, money: Fraction, quantity: int, price: int) -> int:
        """How many of `quantity` units the money pays for, their fee included."""
        quantity = min(quantity, int(money // price))
        while quantity and self.cost(quantity, price) > money:
            quantity -= 1
        return quantity


@dataclass
class Account:
    """Cash, positions at their average prices, and what they have realised."""

    capital: Fraction
    cash: Fraction
    fees: Fees
    realised: Fraction = ZERO
    held: dict[str, int] = field(default_factory=dict)
    average: dict[str, Fraction] = field(default_factory=dict)

    def fill(self, symbol: str, quantity: int, price: int) -> None:
        before, average = self.held.get(symbol, 0), self.average.get(symbol, ZERO)
        after, fee = before + quantity, self.fees.of(quantity, price)
        self.cash -= quantity * price + fee
        self.realised -= fee
        if before * quantity >= 0:
            self.average[symbol] = (average * before + price * quantity) / after
        else:
            closed = min(abs(before), abs(quantity)) * (1 if before > 0 else -1)
            self.realised += (price - average) * closed
            if before * after < 0:
                self.average[symbol] = Fraction(price)
        self.held[symbol] = after

    @property
    def used(self) -> Fraction:
        return sum((abs(units) * self.average[symbol] for symbol, units in self.held.items() if units), ZERO)

    def equity(self, marks: Mapping[str, int]) -> Fraction:
        return self.cash + sum(units * marks[symbol] for symbol, units in self.held.items() if units)

    def free(self, marks: Mapping[str, int]) -> Fraction:
        return self.equity(marks) - sum(abs(units) * marks[symbol] for symbol, units in self.held.items() if units)


def owner_of(symbol: str) -> str:
    return symbol.rpartition(":")[0]


@dataclass
class Funds:
    """The accounts of strategies by name, each with money of its own."""

    accounts: dict[str, Account]

    @classmethod
    def of(cls, capital: int, fees: Fees) -> Funds:
        """That of one strategy without a name."""
        return cls({"": Account(Fraction(capital), Fraction(capital), fees)})

    def __getitem__(self, symbol: str) -> Account:
        return self.accounts[owner_of(symbol)]

    def money(self, owner: str, marks: Mapping[str, int], reserved: Mapping[str, Fraction]) -> Fraction:
        """What an opening may cost: within the capital and what was realised, and within what is free at `marks`."""
        one = self.accounts[owner]
        return max(ZERO, min(one.capital + one.realised - one.used, one.free(marks)) - reserved[owner])


@dataclass
class Pool(Funds):
    """Accounts that share their money and the `rest`: each strategy up to its weight of what all of it is worth."""

    weights: dict[str, Fraction]
    rest: Fraction

    @classmethod
    def shared(cls, capital: int, weights: Mapping[str, int], fees: Fees) -> Pool:
        """One account a strategy; weights are percent."""
        parts = {name: Fraction(capital * weight, 100) for name, weight in weights.items()}
        accounts = {name: Account(part, part, fees) for name, part in parts.items()}
        shares = {name: Fraction(weight, 100) for name, weight in weights.items()}
        return cls(accounts, shares, capital - sum(parts.values(), ZERO))

    def room(self, owner: str, marks: Mapping[str, int], reserved: Mapping[str, Fraction]) -> Fraction:
        equity = self.rest + sum(one.equity(marks) for one in self.accounts.values())
        return self.weights[owner] * equity - self.accounts[owner].used - reserved[owner]

    def free(self, marks: Mapping[str, int], reserved: Mapping[str, Fraction]) -> Fraction:
        return self.rest + sum(one.free(marks) - reserved[name] for name, one in self.accounts.items())

    def money(self, owner: str, marks: Mapping[str, int], reserved: Mapping[str, Fraction]) -> Fraction:
        """Within the strategy's room, and within what is free of all."""
        return max(ZERO, min(self.room(owner, marks, reserved), self.free(marks, reserved)))

    def shares(self, wants: Mapping[str, Fraction], free: Fraction) -> dict[str, Fraction]:
        """What each gets of what is free: by weight, nobody more than wanted, what is left over again by weight."""
        open_to, got = {name for name, want in wants.items() if want > 0}, dict.fromkeys(wants, ZERO)
        while open_to and free > 0:
            each = free / sum(self.weights[name] for name in open_to)
            content = {name for name in open_to if wants[name] <= each * self.weights[name]}
            for name in content or open_to:
                got[name] = wants[name] if content else each * self.weights[name]
                free -= got[name]
            open_to = open_to - content if content else set()
        return got


class FundedSimulation(Simulation):
    """Strategies with so much money."""

    def __init__(self, at_close: bool, slip_ticks: int, funds: Funds, fees: Fees) -> None:
        super().__init__(at_close, slip_ticks)
        self.fees, self.funds = fees, funds
        self.in_bar, self.taken = funds, dict.fromkeys(funds.accounts, ZERO)
        #: held for orders that have expired, until their bar is over
        self.lapsed = dict.fromkeys(funds.accounts, ZERO)
        self.grown: list[tuple[Standing, int]] = []

    def reserved(self) -> dict[str, Fraction]:
        held = dict(self.lapsed)
        for order in self.orders:
            held[owner_of(order.symbol)] += order.reserve
        return held

    def over(self, order: Standing, status: str) -> None:
        super().over(order, status)
        if status == "expired":
            self.lapsed[owner_of(order.symbol)] += order.reserve

    # ---- what is decided

    def decide(self, operations: list[Operation]) -> None:
        self.lapsed, self.grown = dict.fromkeys(self.lapsed, ZERO), []
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
        funds = self.after_exits(orders)
        for order, more in self.grown:
            if order in self.orders:
                self.grow(order, more, self.money_of(funds, order))
        for order in orders:
            if order.kind != "exit":
                self.open(order, self.money_of(funds, order))
            self.wait(order)

    def grow(self, order: Standing, more: int, money: Fraction) -> Fraction:
        """Enlarge an order as far as the money goes; return what that costs."""
        price = self.price(order, order.limit, order.stop)
        part = self.fees.affordable(money, more, price)
        cost = self.fees.cost(part, price)
        order.quantity += part
        order.reserve += cost
        return cost

    def open(self, order: Standing, money: Fraction) -> Fraction:
        """Cut an order to what the money pays for; return what it costs."""
        price = self.first_price(order)
        order.quantity = self.fees.affordable(money, order.quantity, price)
        order.reserve = self.fees.cost(order.quantity, price)
        return order.reserve

    def wait(self, order: Standing) -> None:
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

    def after_exits(self, orders: list[Standing]) -> Funds:
        funds = deepcopy(self.funds)
        for order in (*self.orders, *orders):
            if order.kind == "exit" and not order.rests:
                held = self.held.get(order.symbol, 0)
                part = min(order.quantity, max(0, -held if order.buys else held))
                if part:
                    self.trade_at_close(funds, order.symbol, part if order.buys else -part)
        return funds

    def trade_at_close(self, funds: Funds, symbol: str, quantity: int) -> None:
        funds[symbol].fill(symbol, quantity, self.against(self.closes[symbol], buys=quantity > 0))

    def after_turn(self, funds: Funds, order: Standing) -> Funds:
        """An entry fills only once what it goes against is closed."""
        held = funds[order.symbol].held.get(order.symbol, 0)
        if order.kind == "enter" and held * (1 if order.buys else -1) < 0:
            funds = deepcopy(funds)
            self.trade_at_close(funds, order.symbol, -held)
        return funds

    def money_of(self, funds: Funds, order: Standing) -> Fraction:
        return self.after_turn(funds, order).money(owner_of(order.symbol), self.closes, self.reserved())

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
        cost = self.fees.cost(now, self.price(order, limit, stop))
        more = cost - order.reserve
        money = self.after_exits([]).money(owner_of(order.symbol), self.closes, self.reserved())
        if more > max(0, money):
            limit, stop, cost = order.limit, order.stop, order.reserve
        if whole < now:
            now, cost = whole, self.fees.cost(whole, self.price(order, limit, stop))
        order.limit, order.stop, order.quantity, order.reserve = limit, stop, now, cost
        if whole > now:
            self.grown.append((order, whole - now))

    # ---- what fills

    def release(self, market: list[Standing], prices: dict[str, int]) -> None:
        funds, marks, reserved = deepcopy(self.funds), self.closes | prices, self.reserved()
        for order in market:
            owner, sign = owner_of(order.symbol), 1 if order.buys else -1
            held, price = funds[order.symbol].held.get(order.symbol, 0), self.slipped(order, prices[order.symbol])
            reserved[owner] -= order.reserve
            if order.kind == "exit":
                quantity = min(order.quantity, abs(held)) if held * sign < 0 else 0
            elif held if order.kind == "enter" else held * sign <= 0:
                quantity = 0
            else:
                quantity = self.fees.affordable(funds.money(owner, marks, reserved), order.quantity, price)
                order.quantity = quantity
                if not quantity:
                    self.over(order, "rejected")
            if quantity:
                funds[order.symbol].fill(order.symbol, sign * quantity, price)

    def range(self, bars: dict[str, Bar]) -> None:
        self.in_bar, self.taken = deepcopy(self.funds), dict.fromkeys(self.taken, ZERO)
        self.marks = self.closes | {symbol: bar.open for symbol, bar in bars.items()}
        super().range(bars)

    def paid(self, order: Standing, quantity: int, price: int) -> int:
        """Of the money at the open, less what openings before it have taken in the bar."""
        if order.kind == "exit" or not order.rests:
            return quantity
        price, owner = self.slipped(order, price), owner_of(order.symbol)
        held = {name: money + self.taken[name] for name, money in self.reserved().items()}
        held[owner] -= order.reserve
        quantity = self.fees.affordable(self.in_bar.money(owner, self.marks, held), quantity, price)
        self.taken[owner] += self.fees.cost(quantity, price)
        return quantity

    def book(self, order: Standing, quantity: int, price: int) -> None:
        self.funds[order.symbol].fill(order.symbol, quantity, price)
        account = self.in_bar[order.symbol]
        held = account.held.get(order.symbol, 0)
        if order.rests and order.kind == "exit" and held:
            account.fill(order.symbol, max(-held, quantity) if held > 0 else min(-held, quantity), price)


class PooledSimulation(FundedSimulation):
    """Strategies that share their money: openings of a step are paid from shares of what is free."""

    funds: Pool

    def decide(self, operations: list[Operation]) -> None:
        """Each strategy says all that it has to say before the next one, and nothing is placed before the last."""
        placed: list[Standing] = []
        self.lapsed, self.grown = dict.fromkeys(self.lapsed, ZERO), []
        for owner in self.funds.accounts:
            own = merged([one for one in operations if one["owner"] == owner])
            placed += self.said(own)
        self.place(sorted(placed, key=lambda order: order.kind != "exit"))

    def fill_market(self, prices: dict[str, int], bars: dict[str, Bar]) -> None:
        self.in_turn()
        super().fill_market(prices, bars)

    def range(self, bars: dict[str, Bar]) -> None:
        self.in_turn()
        super().range(bars)

    def in_turn(self) -> None:
        """Of orders that are released at one moment, those of the first strategy come first."""
        ranks = {name: rank for rank, name in enumerate(self.funds.accounts)}
        self.orders.sort(key=lambda order: (order.since, ranks[owner_of(order.symbol)]))

    def place(self, orders: list[Standing]) -> None:
        grown = [(order, more) for order, more in self.grown if order in self.orders]
        opening = [order for order in orders if order.kind != "exit"]
        money = self.granted(self.after_exits(orders), grown, opening)
        for name in money:
            for order, more in grown:
                if owner_of(order.symbol) == name:
                    money[name] -= self.grow(order, more, money[name])
        for order in opening:
            money[owner_of(order.symbol)] -= self.open(order, money[owner_of(order.symbol)])
        for order in orders:
            self.wait(order)

    def granted(self, funds: Funds, grown: list[tuple[Standing, int]], opening: list[Standing]) -> dict[str, Fraction]:
        """What each strategy gets for the openings of a step."""
        assert isinstance(funds, Pool)
        wants = dict.fromkeys(self.funds.accounts, ZERO)
        for order, more in (*grown, *((order, order.quantity) for order in opening)):
            funds = self.after_turn(funds, order)
            price = self.price(order, order.limit, order.stop) if (order, more) in grown else self.first_price(order)
            wants[owner_of(order.symbol)] += self.fees.cost(more, price)
        assert isinstance(funds, Pool)
        reserved = self.reserved()
        most = {name: min(want, funds.room(name, self.closes, reserved)) for name, want in wants.items()}
        return funds.shares(most, max(ZERO, funds.free(self.closes, reserved)))


def merged(operations: list[Operation]) -> list[Operation]:
    """Make one of all replacements of an order, with the last of each of their words."""
    whole: dict[str, Operation] = {}
    for one in operations:
        if one["do"] == "replace":
            whole[one["name"]] = whole.get(one["name"], {}) | one
    firsts = {name: next(one for one in operations if one.get("name") == name) for name in whole}
    kept = [one for one in operations if one["do"] != "replace" or one is firsts[one["name"]]]
    return [whole[one["name"]] if one["do"] == "replace" else one for one in kept]
