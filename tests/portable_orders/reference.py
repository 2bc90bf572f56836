"""A plain simulation of the orders of one strategy, by the words of the contract. It shares no code with orchestrate.

Prices are whole tenths of a cent, those of bars and fills whole cents; quantities whole units, positive buys.
An operation is a dict, see `Operation`. Everything happens one bar after another, one order after another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple

#: `do`: enter, exit, add, target, cancel, replace, oco; prices by name; `symbol`, `side`, `q`, `tag`, `name`, `a`, `b`.
Operation = dict[str, Any]
CENT = 10


class Bar(NamedTuple):
    """Prices in tenths of a cent; `day` is the UTC date of its label."""

    day: int
    open: int
    high: int
    low: int
    close: int

    def path(self) -> list[int]:
        """Open, the extreme nearer to the open, the other, close; equal distance: the high first."""
        ways = [self.high, self.low] if self.high - self.open <= self.open - self.low else [self.low, self.high]
        return [self.open, *ways, self.close]


class Done(NamedTuple):
    """A fill."""

    step: int
    symbol: str
    quantity: int
    price: int


class Reach(NamedTuple):
    """Where a bar fills an order, and whether its open did."""

    price: int
    at_open: bool


@dataclass(eq=False)
class Standing:
    """An order that is open."""

    symbol: str
    kind: str
    buys: bool
    quantity: int
    limit: int | None = None
    stop: int | None = None
    trail: int | None = None
    water: int = 0
    day: bool = False
    until: int | None = None
    tag: str = ""
    bracket: dict[str, int] = field(default_factory=dict)
    pair: object = None
    siblings: object = None
    named_second: bool = False
    triggered: bool = False
    reserve: Fraction = Fraction(0)
    first_level: int | None = None
    released: bool = False
    #: the step at whose open it began to rest
    since: float = inf
    status: str = "open"

    @property
    def rests(self) -> bool:
        return self.limit is not None or self.stop is not None or self.trail is not None

    @property
    def slips(self) -> bool:
        return self.limit is None

    def level(self) -> int | None:
        """The trigger, in whole cents."""
        if self.trail is not None:
            return cents(self.water + self.trail if self.buys else self.water - self.trail)
        return None if self.stop is None else cents(self.stop)

    def beyond(self, price: int, level: int) -> bool:
        return price >= level if self.buys else price <= level

    def allows(self, price: int) -> bool:
        assert self.limit is not None
        limit = cents(self.limit)
        return price <= limit if self.buys else price >= limit

    def reach(self, bar: Bar) -> Reach | None:
        """Where the bar fills it; notes that it is triggered."""
        path, level = bar.path(), self.level()
        if level is None or self.triggered:
            return self._limited(path)
        places = [place for place, price in enumerate(path) if self.beyond(price, level)]
        if not places:
            return None
        self.triggered = True
        at_open = places[0] == 0
        price = bar.open if at_open else level
        if self.limit is None or self.allows(price):
            return Reach(price, at_open)
        later = [one for one in path[places[0] :] if self.allows(one)]
        return Reach(cents(self.limit), False) if later else None

    def _limited(self, path: list[int]) -> Reach | None:
        if self.limit is None or self.allows(path[0]):
            return Reach(path[0], True)
        return Reach(cents(self.limit), False) if any(self.allows(price) for price in path) else None

    def follow(self, bar: Bar) -> None:
        self.water = min(self.water, bar.low) if self.buys else max(self.water, bar.high)


def cents(price: int) -> int:
    """Rounded to whole cents, half to even."""
    return round(Fraction(price, CENT)) * CENT


class Simulation:
    """One strategy that never lacks money; `funds.py` has one that may."""

    def __init__(self, at_close: bool, slip_ticks: int) -> None:
        self.at_close, self.slip = at_close, slip_ticks * CENT
        self.held: dict[str, int] = {}
        self.orders: list[Standing] = []
        self.fills: list[Done] = []
        self.statuses: dict[str, str] = {}
        self.touched = 0
        self.closes: dict[str, int] = {}
        self.step = 0

    def take(self, step: int, bars: dict[str, Bar], operations: list[Operation], over: set[str]) -> None:
        """One step: open, range, decisions, close; symbols that are `over` have no later bar."""
        self.step = step
        for symbol, bar in bars.items():
            for order in self.of(symbol):
                if order.rests and not order.released:
                    order.released, order.since = True, step
                    order.until = bar.day if order.day else order.until
                if order.until is not None and order.until < bar.day:
                    self.over(order, "expired")
        if not self.at_close:
            self.fill_market({symbol: bar.open for symbol, bar in bars.items()}, bars)
        self.range(bars)
        self.closes |= {symbol: bar.close for symbol, bar in bars.items()}
        self.decide(operations)
        if self.at_close:
            self.fill_market({symbol: bar.close for symbol, bar in bars.items()}, {})
        for order in [one for one in self.orders if one.symbol in over]:
            self.over(order, "cancelled")

    # ---- fills

    def of(self, symbol: str) -> list[Standing]:
        return [order for order in self.orders if order.symbol == symbol]

    def fill_market(self, prices: dict[str, int], bars: dict[str, Bar]) -> None:
        """Market orders of these symbols, those that close first."""
        market = [order for order in self.orders if not order.rests and order.symbol in prices]
        market.sort(key=lambda one: one.kind != "exit")
        self.release(market, prices)
        for order in market:
            if order in self.orders:
                self.fill(order, prices[order.symbol], bars.get(order.symbol))

    def release(self, market: list[Standing], prices: dict[str, int]) -> None:
        """Cut market orders that are about to fill at these prices."""

    def range(self, bars: dict[str, Bar]) -> None:
        """What the open reaches, then the rest, in the order of placing."""
        followers = [order for order in self.orders if order.released and order.symbol in bars]
        reached = [(order, reach) for order in followers if (reach := order.reach(bars[order.symbol])) is not None]
        queue = [one for one in reached if one[1].at_open] + [one for one in reached if not one[1].at_open]
        while queue:
            order, reach = queue.pop(0)
            nearer = self.nearer_partner(order, reach, queue, bars[order.symbol])
            if nearer is not None:
                queue.insert(queue.index(nearer) + 1, (order, reach))
            elif order in self.orders:
                self.fill(order, reach.price, bars[order.symbol])
        for order in followers:
            order.follow(bars[order.symbol])

    def nearer_partner(
        self, order: Standing, reach: Reach, queue: list[tuple[Standing, Reach]], bar: Bar
    ) -> tuple[Standing, Reach] | None:
        """The other of its OCO, where the bar reaches that nearer to the open."""
        for other in queue:
            if order.pair is not None and other[0].pair is order.pair and other[0] in self.orders:
                mine, its = abs(reach.price - bar.open), abs(other[1].price - bar.open)
                if its < mine or (its == mine and order.named_second):
                    return other
        return None

    def fill(self, order: Standing, price: int, bar: Bar | None) -> None:
        """Fill an order that is reached at a price, unless what is held forbids it."""
        held = self.held.get(order.symbol, 0)
        sign = 1 if order.buys else -1
        quantity = order.quantity
        if order.kind == "exit":
            quantity = min(quantity, abs(held)) if held * sign < 0 else 0
        elif (order.kind == "enter" and held) or (order.kind == "add" and held * sign <= 0):
            quantity = 0
        if not quantity:
            self.over(order, "cancelled" if order.rests or order.kind != "exit" else "rejected")
            return
        quantity, price = self.paid(order, quantity, price), self.slipped(order, price)
        if not quantity:
            self.over(order, "rejected")
            return
        self.held[order.symbol] = held + sign * quantity
        self.book(order, sign * quantity, price)
        self.fills.append(Done(self.step, order.symbol, sign * quantity, price))
        self.over(order, "filled")
        for other in self.of(order.symbol):
            paired = order.pair is not None and other.pair is order.pair
            sibling = order.siblings is not None and other.siblings is order.siblings
            same_side = other.buys == order.buys
            of_this = not same_side if other.kind == "add" else other.kind == "exit" and other.rests and same_side
            ownerless = not self.held[order.symbol] and of_this
            if paired or sibling or ownerless:
                self.over(other, "cancelled")
        self.protect(order, price, quantity, bar)

    def slipped(self, order: Standing, price: int) -> int:
        """Return a price of the market as the order pays it."""
        return price + (self.slip if order.buys else -self.slip) * order.slips

    def book(self, order: Standing, quantity: int, price: int) -> None:
        """Take a signed fill into the account."""

    def paid(self, _order: Standing, quantity: int, _price: int) -> int:
        """Return how much of an order that fills at a price of the market can be paid for."""
        return quantity

    def protect(self, parent: Standing, price: int, quantity: int, bar: Bar | None) -> None:
        """The children of a bracket: they act from the next bar on; one that fills cancels the others."""
        siblings = object()
        loss = parent.bracket.get("loss")
        if loss is not None and bar is not None:
            self.touched += bar.low <= cents(loss) if parent.buys else bar.high >= cents(loss)
        for name, key, field_name in (
            ("stop_loss", "loss", "stop"),
            ("trail_loss", "trail_loss", "trail"),
            ("take_profit", "gain", "limit"),
        ):
            if key in parent.bracket:
                child = Standing(parent.symbol, "exit", not parent.buys, quantity, water=price, siblings=siblings)
                setattr(child, field_name, parent.bracket[key])
                child.tag = f"{parent.tag}.{name}" if parent.tag else ""
                self.orders.append(child)

    def over(self, order: Standing, status: str) -> None:
        self.orders.remove(order)
        order.status = status
        if order.tag:
            self.statuses[order.tag] = status

    # ---- decisions

    def decide(self, operations: list[Operation]) -> None:
        self.place(sorted(self.said(operations), key=lambda order: order.kind != "exit"))

    def said(self, operations: list[Operation]) -> list[Standing]:
        """What the operations of a strategy come to, after what acts on its open orders."""
        for operation in operations:
            self.act(operation)
        placed: list[Standing] = []
        for symbol in dict.fromkeys(one["symbol"] for one in operations if one["do"] not in ("cancel", "replace")):
            placed += self.requested(symbol, [one for one in operations if one.get("symbol") == symbol])
        return placed

    def place(self, orders: list[Standing]) -> None:
        """Let orders wait for their bars."""
        self.orders += orders

    def act(self, operation: Operation) -> None:
        order = next((one for one in self.orders if one.tag and one.tag == operation.get("name")), None)
        if order is None:
            return
        if operation["do"] == "cancel":
            self.over(order, "cancelled")
        if operation["do"] == "replace":
            self.replace(order, operation)

    def replace(self, order: Standing, operation: Operation) -> None:
        order.limit = operation.get("limit") or order.limit
        order.stop = operation.get("stop") or order.stop
        more = operation.get("q") or order.quantity
        if order.kind == "exit" and not order.rests:
            more = min(more, max(order.quantity, abs(self.held.get(order.symbol, 0))))
        order.quantity = more

    def projected(self, symbol: str) -> int:
        """What is held once market orders on their way have filled."""
        on_way = [order for order in self.of(symbol) if not order.rests]
        return self.held.get(symbol, 0) + sum(order.quantity if order.buys else -order.quantity for order in on_way)

    def requested(self, symbol: str, operations: list[Operation]) -> list[Standing]:
        """What the operations on a symbol come to."""
        now = self.projected(symbol)
        operations = [part for one in operations for part in (aimed(one, now) if one["do"] == "target" else [one])]
        exits = [one for one in operations if one["do"] == "exit"]
        market = [one for one in exits if not waits(one)]
        left, placed = abs(now), []
        if any(one.get("q") is None or one["q"] >= left for one in market) and left:
            whole = next(one for one in market if one.get("q") is None or one["q"] >= left)
            for order in [one for one in self.of(symbol) if one.kind != "exit" and not one.rests]:
                self.over(order, "cancelled")  # an entry on its way is taken back
            to_close = self.projected(symbol)
            placed += [self.order(whole, to_close, abs(to_close))] if to_close else []
            left = 0
        for one in market if left else []:
            part = min(one["q"], left)
            if part:
                placed.append(self.order(one, now, part))
                left -= part
        placed += [self.order(one, now, one.get("q") or abs(now)) for one in exits if waits(one) and left]
        pairs = [self.pair(one, now, left) for one in operations if one["do"] == "oco"]
        entering = [pair for pair in pairs if any(order.kind == "enter" for order in pair)]
        placed += [order for pair in pairs if pair not in entering for order in pair]
        placed += [self.order(one, now, one["q"]) for one in operations if one["do"] == "add" and left]
        entries = [one for one in operations if one["do"] == "enter" and self.enters(one, now, left, bool(exits))]
        if entries:
            placed.append(self.order(entries[0], now, entries[0]["q"]))
        elif entering and not now:
            placed += entering[0]
        return placed

    def rests_to_enter(self, symbol: str) -> bool:
        return any(order.kind == "enter" and order.rests for order in self.of(symbol))

    def enters(self, one: Operation, now: int, left: int, exits: bool) -> bool:
        if self.rests_to_enter(one["symbol"]):
            return False
        if not now:
            return not exits
        return exits and one["side"] * now < 0 and (not left or waits(one))

    def pair(self, one: Operation, now: int, left: int) -> list[Standing]:
        legs = []
        for second, leg in enumerate((one["a"], one["b"])):
            entry = leg["do"] == "enter"
            if (not now and not self.rests_to_enter(one["symbol"])) if entry else left:
                legs.append(self.order(leg, now, leg.get("q") or abs(now)))
                legs[-1].named_second = bool(second)
        if len(legs) > 1:
            legs[0].pair = legs[1].pair = object()
        return legs

    def order(self, one: Operation, now: int, quantity: int) -> Standing:
        buys = one["side"] > 0 if one["do"] == "enter" else (now > 0) == (one["do"] == "add")
        limit, stop = one.get("limit"), one.get("stop")
        if "give" in one:  # a stop-limit whose side is known only now
            limit = one["limit"] = stop + one["give"] if buys else stop - one["give"]
        return Standing(
            one["symbol"],
            one["do"],
            buys,
            quantity,
            limit,
            stop,
            one.get("trail"),
            water=self.closes.get(one["symbol"], 0),
            day=one.get("tif") == "day",
            until=one.get("until"),
            tag=one.get("tag", ""),
            bracket={name: one[name] for name in ("loss", "gain", "trail_loss") if name in one},
        )


def waits(one: Operation) -> bool:
    return any(one.get(name) is not None for name in ("limit", "stop", "trail"))


def aimed(one: Operation, now: int) -> list[Operation]:
    """A target of so many units as the orders that lead there."""
    symbol, aim = one["symbol"], one["q"]
    if aim == now:
        return []
    if now and aim * now > 0 and abs(aim) > abs(now):
        return [{"do": "add", "symbol": symbol, "q": abs(aim - now)}]
    orders: list[Operation] = []
    if now:
        orders.append({"do": "exit", "symbol": symbol, "q": abs(now - aim) if aim * now > 0 else None})
    if aim and aim * now <= 0:
        orders.append({"do": "enter", "symbol": symbol, "side": 1 if aim > 0 else -1, "q": abs(aim)})
    return orders
