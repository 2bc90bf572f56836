"""What an order may cost: when it is decided (at the close, with a reserve) and when it is released (the real price).

An opening may cost what its strategy can spend once its own closing orders are through; see `money_for_openings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from orchestrate.domain.books import Book, closing_and_opening
from orchestrate.domain.execution import ExecutionRules, rounded
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import Market
from orchestrate.domain.orders import Decision, Demand, Fill, Order, Outcome, Reason
from orchestrate.domain.values import value
from orchestrate.orchestration.blotter import Blotter
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.entries import StrategyEntry
from orchestrate.orchestration.marks import Marks


@value
class Released:
    """An order at its release: `order` as it goes to the engine, None when nothing is left of it.

    `decision` is set where the release changed something.
    """

    order: Order | None
    decision: Decision | None = None


class _Payable(NamedTuple):
    """Of a quantity: what closes, which lots are wanted beyond that, which of these are paid, what they cost."""

    closing: float
    wanted: float
    paid: float
    cost: float
    money: float

    @property
    def whole(self) -> bool:
        """True where there is something, and all of it is paid."""
        return self.paid == self.wanted and bool(self.wanted or self.closing)


class Treasury:
    """Funds demands and cuts released orders to what their strategies can pay."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        capital: PortfolioCapitalManager,
        blotter: Blotter,
        marks: Marks,
        market: Market,
        rules: ExecutionRules,
    ) -> None:
        self._entries, self._capital, self._blotter = entries, capital, blotter
        self._marks, self._market, self._rules = marks, market, rules

    def fund(self, demand: Demand, quantity: float) -> tuple[Decision, float]:
        """The capital stage for `quantity` of a demand, at the decision's close: its decision and its reserve."""
        if not self._market.series[demand.symbol].tradable:
            return _refused(demand, Reason.NOT_TRADABLE, f"{demand.symbol} is a resampled series"), 0.0
        if demand.closing:
            return Decision(demand, Outcome.APPROVED, quantity), 0.0
        if not demand.price:
            return _refused(demand, Reason.NOT_TRADABLE, f"{demand.symbol} has no price yet"), 0.0
        entry = self._entries[demand.strategy_id]
        if entry.status == "paused":
            return _refused(demand, Reason.STRATEGY_PAUSED, "paused strategies open nothing"), 0.0
        instrument = self._market.instruments[demand.symbol]
        price = self._reserve_price(demand, quantity, instrument)
        book = entry.book
        pending_closes = [order for order in self._blotter.pending(entry.id) if order.closing and not order.rests]
        if pending_closes:
            book = book.projected(self._expected(order) for order in pending_closes)
        payable = self._payable(quantity, price, book, self._blotter.reserved(entry.id), instrument)
        decision = _fit(demand, quantity, price, payable, Reason.CAPITAL, self._rules, instrument)
        return decision, payable.cost

    def _reserve_price(self, demand: Demand, quantity: float, instrument: Instrument) -> float:
        """A limit at its limit, a stop at its trigger, a market order at the close it saw; slipped unless a limit."""
        if demand.limit is not None:
            return demand.limit
        raw = demand.price if demand.trigger is None else demand.trigger
        return self._rules.fill_price(raw, quantity, instrument) if quantity else raw

    def _payable(self, quantity: float, price: float, book: Book, reserved: float, instrument: Instrument) -> _Payable:
        """What of `quantity` at `price` the book can pay for; a part that closes what is held costs nothing."""
        closing, opening = closing_and_opening(book.quantity(instrument.symbol), quantity)
        wanted = self._rules.lot(opening)
        if closing:
            after = Order("", book.strategy_id, instrument.symbol, closing, True, 0.0)
            book = book.projected([self._expected(after)])
        money = self._capital.money_for_openings(book, reserved, self._marks)
        return _Payable(closing, wanted, *self._rules.affordable(money, wanted, price, instrument), money)

    def release(self, orders: Sequence[Order]) -> list[Released]:
        """`orders` of one moment, closing ones first, cut to what they cost at the marks of that moment."""
        if len(orders) == 1:  # nothing else of this moment has to be thought of
            return [self._release_one(orders[0], self._entries[orders[0].strategy_id].book, 0.0)]
        waiting: dict[str, float] = {}
        left: dict[str, int] = {}
        for order in orders:
            waiting[order.strategy_id] = waiting.get(order.strategy_id, 0.0) + order.reserve
            left[order.strategy_id] = left.get(order.strategy_id, 0) + 1
        books: dict[str, Book] = {}
        released = []
        for order in orders:
            owner = order.strategy_id
            book = books.get(owner) or self._entries[owner].book
            waiting[owner] -= order.reserve
            left[owner] -= 1
            result = self._release_one(order, book, waiting[owner])
            released.append(result)
            if left[owner] and result.order is not None and not order.rests:
                books[owner] = book.projected([self._expected(result.order)])
        return released

    def _release_one(self, order: Order, book: Book, waiting: float) -> Released:
        if order.rests:
            return Released(order)
        if order.closing and order.quantity == -book.quantity(order.symbol):
            return Released(order)
        raw = self._marks[order.symbol]
        if order.closing:
            held = book.quantity(order.symbol)
            if held * order.quantity >= 0:
                demand = self._demand_of(order, raw)
                return Released(None, _refused(demand, Reason.NOTHING_TO_CLOSE, "the position is closed already"))
            wanted = order.quantity if order.native_order and abs(order.quantity) < abs(held) else -held
            return Released(replace(order, quantity=wanted))
        instrument = self._market.instruments[order.symbol]
        price = self._rules.fill_price(raw, order.quantity, instrument)
        reserved = self._blotter.reserved(order.strategy_id) + waiting
        payable = self._payable(order.quantity, price, book, reserved, instrument)
        if payable.whole:
            return Released(order)
        demand = self._demand_of(order, raw)
        decision = _fit(demand, order.quantity, price, payable, Reason.OPEN_GAP, self._rules, instrument)
        return Released(replace(order, quantity=decision.quantity) if decision.quantity else None, decision)

    def _demand_of(self, order: Order, price: float) -> Demand:
        """What an order asks for at the moment of its release."""
        t = self._market.timeline.moments[self._marks.step]
        return Demand(order.strategy_id, order.symbol, order.quantity, order.closing, price, self._marks.step, t)

    def _expected(self, order: Order) -> tuple[Fill, Instrument]:
        """How an order will fill if the market stands at its mark."""
        instrument = self._market.instruments[order.symbol]
        price = self._rules.fill_price(self._marks[order.symbol], order.quantity, instrument)
        fee = self._rules.fee(order.quantity, price, instrument)
        return Fill(order.id, order.strategy_id, order.symbol, order.quantity, price, fee, 0), instrument


def _fit(
    demand: Demand,
    quantity: float,
    price: float,
    payable: _Payable,
    cut: Reason,
    rules: ExecutionRules,
    instrument: Instrument,
) -> Decision:
    """The decision on `quantity` of a demand; what can't be paid is cut off for the reason `cut`."""
    closing, wanted, paid, _, money = payable
    if not closing and not wanted:
        return _refused(demand, Reason.BELOW_ONE_LOT, f"{abs(quantity):g} is less than one lot")
    total = rounded(closing + paid)
    if payable.whole:
        return Decision(demand, Outcome.APPROVED, total)
    cost = rules.cost(wanted, price, instrument)
    figures = f"{abs(wanted):g} at {price:g} cost {cost:.2f}, {money:.2f} is available"
    if not total:
        return _refused(demand, Reason.BELOW_ONE_LOT if cut is Reason.OPEN_GAP else cut, figures)
    return Decision(demand, Outcome.RESIZED, total, cut, figures)


def _refused(demand: Demand, reason: Reason, detail: str) -> Decision:
    return Decision(demand, Outcome.REJECTED, 0.0, reason, detail)
