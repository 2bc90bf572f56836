"""What an order may cost: when it is decided (at the close, with a reserve) and when it is released (the real price).

An opening may cost what its strategy can spend once its own closing orders are through; see `money_for_openings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrate.domain.books import Book
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Instrument, Market
from orchestrate.domain.orders import Decision, Demand, Fill, Order, Outcome, Reason
from orchestrate.orchestration.blotter import Blotter
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.entries import StrategyEntry
from orchestrate.orchestration.marks import Marks


@dataclass(frozen=True, slots=True)
class Released:
    """An order at its release: `order` as it goes to the engine, None when nothing is left of it.

    `decision` is set where the release changed something.
    """

    order: Order | None
    decision: Decision | None = None


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
        if demand.price <= 0:
            return _refused(demand, Reason.NOT_TRADABLE, f"{demand.symbol} has no price above zero yet"), 0.0
        instrument = self._market.instruments[demand.symbol]
        price = self._rules.fill_price(demand.price, quantity, instrument) if quantity else demand.price
        book = self._entries[demand.strategy_id].book
        pending_closes = [order for order in self._blotter.pending(demand.strategy_id) if order.closing]
        if pending_closes:
            book = book.projected(self._expected(order) for order in pending_closes)
        money = self._capital.money_for_openings(book, self._blotter.reserved(demand.strategy_id), self._marks)
        decision = self._fit(demand, quantity, price, instrument, money)
        return decision, self._rules.cost(decision.quantity, price, instrument) if decision.quantity else 0.0

    def _fit(self, demand: Demand, quantity: float, price: float, instrument: Instrument, money: float) -> Decision:
        wanted = self._rules.lot(quantity)
        if not wanted:
            return _refused(demand, Reason.BELOW_ONE_LOT, f"{abs(quantity):g} is less than one lot")
        paid = self._rules.affordable(money, wanted, price, instrument)
        cost = self._rules.cost(wanted, price, instrument)
        figures = f"{abs(wanted):g} cost {cost:.2f}, {money:.2f} is available"
        if not paid:
            return _refused(demand, Reason.CAPITAL, figures)
        if paid != wanted:
            return Decision(demand, Outcome.RESIZED, paid, Reason.CAPITAL, figures)
        return Decision(demand, Outcome.APPROVED, paid)

    def release(self, orders: Sequence[Order]) -> list[Released]:
        """`orders` of one moment, closing ones first, cut to what they cost at the marks of that moment."""
        waiting: dict[str, float] = {}
        for order in orders:
            waiting[order.strategy_id] = waiting.get(order.strategy_id, 0.0) + order.reserve
        books: dict[str, Book] = {}
        alone = len(orders) == 1
        released = []
        for order in orders:
            owner = order.strategy_id
            book = books.get(owner) or self._entries[owner].book
            waiting[owner] -= order.reserve
            result = self._release_one(order, book, waiting[owner])
            released.append(result)
            if result.order is not None and not alone:
                books[owner] = book.projected([self._expected(result.order)])
        return released

    def _release_one(self, order: Order, book: Book, waiting: float) -> Released:
        step, raw = self._marks.step, self._marks[order.symbol]
        t = int(self._market.timeline.stamps[step])
        demand = Demand(order.strategy_id, order.symbol, order.quantity, order.closing, raw, step, t)
        if order.closing:
            held = book.quantity(order.symbol)
            if held * order.quantity >= 0:
                return Released(None, _refused(demand, Reason.NOTHING_TO_CLOSE, "the position is closed already"))
            return Released(replace(order, quantity=-held))
        instrument = self._market.instruments[order.symbol]
        price = self._rules.fill_price(raw, order.quantity, instrument)
        reserved = self._blotter.reserved(order.strategy_id) + waiting
        money = self._capital.money_for_openings(book, reserved, self._marks)
        paid = self._rules.affordable(money, order.quantity, price, instrument) if price > 0 else 0.0
        if paid == order.quantity:
            return Released(order)
        cost = self._rules.cost(order.quantity, price, instrument)
        figures = f"{abs(order.quantity):g} at {price:g} cost {cost:.2f}, {money:.2f} is available"
        if not paid:
            return Released(None, _refused(demand, Reason.BELOW_ONE_LOT, figures))
        cut = Decision(demand, Outcome.RESIZED, paid, Reason.OPEN_GAP, figures)
        return Released(replace(order, quantity=paid), cut)

    def _expected(self, order: Order) -> tuple[Fill, Instrument]:
        """How an order will fill if the market stands at its mark."""
        instrument = self._market.instruments[order.symbol]
        price = self._rules.fill_price(self._marks[order.symbol], order.quantity, instrument)
        fee = self._rules.fee(order.quantity, price, instrument)
        return Fill(order.id, order.strategy_id, order.symbol, order.quantity, price, fee, 0), instrument


def _refused(demand: Demand, reason: Reason, detail: str) -> Decision:
    return Decision(demand, Outcome.REJECTED, 0.0, reason, detail)
