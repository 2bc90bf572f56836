"""What can be paid of an order, and what that makes of it when it is decided or released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Final, NamedTuple

from orchestrate.domain.accounts import Contribution
from orchestrate.domain.books import Book
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import Prices, rate_at
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import (
    NO_FIGURES,
    Decision,
    Demand,
    Figures,
    Fill,
    Order,
    Outcome,
    Reason,
    StageOutcome,
)
from orchestrate.domain.values import value

#: a name of this module is found several times as fast as a member of an enumeration
_NO_REASON: Final = Reason.NONE
#: Money closer than this is equal.
_GRAIN: Final = 1e-9
#: What a trail calls the moment at which an order goes to its engine.
_RELEASE: Final = "release"


#: A fill that is expected, and its instrument.
Expected = tuple[Fill, Instrument]


@dataclass(slots=True)
class Granted:
    """The grants to one strategy's earlier intents of the same step."""

    closings: list[Expected] = field(default_factory=list)
    reserves: list[float] = field(default_factory=list)


class Projection(NamedTuple):
    """A strategy's book after its open orders have filled, and the money held for its openings."""

    book: Book
    reserved: float


@value
class Released:
    """An order at its release, and the `quantity` of it that goes to the engine.

    `decision` is set where the release changed something.
    """

    order: Order
    quantity: float
    decision: Decision | None = None


class Payable(NamedTuple):
    """The parts of a quantity: what closes, the lots requested beyond that, those of them that are paid, their cost."""

    closing: float
    requested: float
    paid: float
    cost: float
    money: float

    @property
    def whole(self) -> bool:
        """True where there is something, and all of it is paid."""
        return self.paid == self.requested and bool(self.requested or self.closing)


def dearest(limit: float, trigger: float | None, quantity: float) -> float:
    """Return the price with a limit at which most is held back: a sell that is triggered may fill above its limit."""
    return trigger if trigger is not None and quantity < 0 else limit


def expected_fill(
    owner: str, instrument: Instrument, quantity: float, price: float, prices: Prices, rules: ExecutionRules
) -> Expected:
    """Return the fill at a price that is slipped already, at the rates among `prices`."""
    rate = rate_at(prices, instrument) if instrument.fx else 1.0
    fee = rules.fee(quantity, price, instrument.at(rate) if instrument.fx else instrument)
    return Fill("", owner, instrument.symbol, quantity, price, fee, 0, rate=rate), instrument


def demand_of(order: Order, price: float, step: int, t: int) -> Demand:
    """Return the demand for what is unfilled of an order."""
    quantity = order.remaining if order.filled else order.quantity
    return Demand(order.strategy_id, order.symbol, quantity, order.closing, price, step, t)


def changed(
    order: Order, demand: Demand, left: float, reason: Reason, detail: str, figures: Figures = NO_FIGURES
) -> Released:
    """Return the result for an order that its release changes."""
    outcome = Outcome.REJECTED if not left else Outcome.RESIZED if reason else Outcome.APPROVED
    trail = (StageOutcome(_RELEASE, demand.quantity, left, reason, detail, figures),) if reason else ()
    return Released(order, left, Decision(demand, outcome, left, reason, detail, trail))


def rests_on(order: Order, prices: Prices) -> bool:
    """Return whether an order that is released rests on: all that rest, but those of natives that `prices` reach.

    Portable orders that rest are judged where their bar reaches them, exits of a native's bracket wait for its entry.
    """
    if not order.rests:
        return False
    if not order.native_order or order.group is not None:
        return True
    price, way = prices[order.symbol], 1.0 if order.quantity > 0 else -1.0
    triggered = order.trigger is None or (price - order.trigger) * way >= 0
    return not triggered or (order.limit is not None and (order.limit - price) * way < 0)


def whole_or_none(result: Released) -> Released:
    """Return a cut of a resting order of a native as its refusal: its engine fills it whole, by rules of its own."""
    decision = result.decision
    if not result.order.native_order or decision is None or not result.quantity:
        return result
    trail = tuple(stage._replace(after=0.0) for stage in decision.trail)
    return Released(result.order, 0.0, replace(decision, outcome=Outcome.REJECTED, quantity=0.0, trail=trail))


def fit(
    quantity: float, price: float, payable: Payable, cut: Reason, rules: ExecutionRules, instrument: Instrument
) -> tuple[float, Reason, str, Figures]:
    """Return the part of `quantity` that fits, and why it is less; the unpaid part is cut for the reason `cut`."""
    closing, requested, paid, _, money = payable
    if not closing and not requested:
        detail = f"{abs(quantity):g} is less than one lot"
        return 0.0, Reason.BELOW_ONE_LOT, detail, {"price": price, "quantity": quantity}
    total = rounded(closing + paid)
    if payable.whole:
        return total, _NO_REASON, "", NO_FIGURES
    cost = rules.cost(requested, price, instrument)
    detail = f"{abs(requested):g} at {price:g} cost {cost:.2f}, {money:.2f} is available"
    figures = {"cost": cost, "available": money, "price": price, "quantity": requested}
    if not total:
        return 0.0, Reason.BELOW_ONE_LOT if cut is Reason.OPEN_GAP else cut, detail, figures
    return total, cut, detail, figures


def untradable(series: Mapping[str, BarSeries], instruments: Mapping[str, Instrument]) -> dict[str, str]:
    """Return the symbols that can only be looked at, and what they are."""
    found = {symbol: "a resampled series" for symbol, one in series.items() if not one.tradable}
    for symbol, one in instruments.items():
        if not one.is_tradable:
            found.setdefault(symbol, f"an {one.asset_class}")
    return {symbol: f"{symbol} is {what}" for symbol, what in found.items()}


class Opening(NamedTuple):
    """An intent that opens: the part of it that closes, the lots beyond that, and their price and cost."""

    intent: Intent
    closing: float
    requested: float
    price: float
    cost: float


@dataclass(slots=True)
class Moment:
    """One moment at which orders are released: its prices, the money of orders still waiting, books after the others.

    `contributions` are those of strategies to a common account, until they change.
    """

    prices: Prices
    step: int
    t: int
    waiting: dict[str, float] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    contributions: dict[str, Contribution] = field(default_factory=dict)

    def take(self, owner: str, money: float) -> None:
        """Hold money for a strategy's openings, or (negative) free it."""
        self.waiting[owner] = self.waiting.get(owner, 0.0) + money
        self.contributions.pop(owner, None)


class Standing(NamedTuple):
    """A strategy's book after its open closings, what it can spend, and the prices of now."""

    book: Book
    money: float
    prices: Mapping[str, float]


def fund_structure(
    intent: Intent, stage: str, now: Standing, instruments: Mapping[str, Instrument], rules: ExecutionRules
) -> None:
    """Cut an opening to the whole structures that can be paid, and set its reserve; closing costs nothing."""
    if intent.closing:
        return
    wanted, intent.available = int(abs(intent.quantity)), now.money

    def cost(quantity: int) -> float:
        return _cost(intent, quantity, now, instruments, rules)

    whole = cost(wanted)
    fits = wanted if whole <= now.money + _GRAIN else 0 if intent.closes else _largest(wanted, cost, now.money)
    intent.reserve = max(cost(fits), 0.0) if fits else 0.0
    reason, detail = Reason.CAPITAL, f"{wanted:g} cost {whole:.2f}, {now.money:.2f} is available"
    figures: Figures = {"cost": whole, "available": now.money}
    if not isfinite(whole):
        reason, detail, figures = Reason.NOT_COVERED, "a cash account has no naked calls", NO_FIGURES
    if not fits:
        intent.refuse(stage, reason, detail, figures)
    elif fits < wanted:
        intent.cut(stage, float(fits), reason, detail, figures)


def _cost(
    intent: Intent, quantity: int, now: Standing, instruments: Mapping[str, Instrument], rules: ExecutionRules
) -> float:
    fills = []
    for leg in intent.legs:
        units, instrument = leg.units * quantity, instruments[leg.symbol]
        fee = rules.fee(units, leg.price, instrument)
        fills.append((Fill("", now.book.strategy_id, leg.symbol, units, leg.price, fee, 0), instrument))
    return now.book.spendable(now.prices) - now.book.projected(fills).spendable(now.prices)


def _largest(wanted: int, cost: Callable[[int], float], money: float) -> int:
    """Return the most structures that can be paid, which are fewer than `wanted`."""
    low, high = 0, wanted
    while high - low > 1:
        middle = (low + high) // 2
        if cost(middle) <= money + _GRAIN:
            low = middle
        else:
            high = middle
    return low


def share_left(intent: Intent) -> float:
    """Return the share of what was last asked of an intent that is left of it."""
    before = intent.trail[-1].before if intent.trail else intent.quantity
    return abs(intent.quantity / before) if before else 0.0
