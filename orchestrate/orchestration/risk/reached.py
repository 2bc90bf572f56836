"""What a bar's fills leave to spend: openings that it reaches are cut to it, in the order in which they fill."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from orchestrate.domain.books import closing_and_opening
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import converted
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.order import Order
from orchestrate.domain.orders.resting import Match
from orchestrate.domain.orders.ties import ended_by, misses
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.payable import Expected, Moment, Released, expected_fill


class ReachedOrders:
    """Orders that one bar reaches, taken in turn; those of `moment` are the books after its market orders.

    An exit frees money. An opening takes what it costs at its fill, from the money that there is at the open.
    """

    def __init__(
        self,
        blotter: Blotter,
        buying_power: BuyingPower,
        instruments: Mapping[str, Instrument],
        rules: ExecutionRules,
        moment: Moment,
    ) -> None:
        self._blotter, self._power, self._moment = blotter, buying_power, moment
        self._instruments, self._rules = instruments, rules
        self._opened: dict[tuple[str, str], float] = {}
        self._over: set[str] = set()

    def cut(self, matches: Sequence[Match]) -> list[Released]:
        """Return the openings that are cut or refused; `matches` come in the order in which they fill."""
        results = [self._fill(match.order, match.reached.price) for match in matches]
        return [result for result in results if result is not None and result.decision is not None]

    def _fill(self, order: Order, price: float) -> Released | None:
        """Take a fill in; None for an exit, and for what something before it has ended or forbids."""
        held = self._held(order)
        if order.id in self._over:
            return None
        if order.closing:
            if held * order.quantity < 0:
                self._close(order, math.copysign(min(abs(order.remaining), abs(held)), order.quantity), price)
            return None
        if not order.native_order and misses(order, held):  # that of a native may turn a position round
            self._end(order)
            return None
        return self._open(order, price)

    def _held(self, order: Order) -> float:
        owner, symbol = order.strategy_id, order.symbol
        book = self._power.book(owner, self._moment)
        return rounded(book.quantity(symbol) + self._opened.get((owner, symbol), 0.0))

    def _close(self, order: Order, quantity: float, price: float) -> None:
        owner, moment = order.strategy_id, self._moment
        book = self._power.book(owner, moment)
        part = math.copysign(min(abs(quantity), abs(book.quantity(order.symbol))), quantity)
        if part:
            moment.books[owner] = book.projected([self._fill_of(order, part, price)])
        self._end_tied(order)

    def _open(self, order: Order, price: float) -> Released:
        """Take in the fill of an opening; that of a native may close something first, which pays for the rest."""
        owner, moment = order.strategy_id, self._moment
        moment.take(owner, -order.reserve)
        book = self._power.book(owner, moment)
        result = self._power.cut_to(order, book, moment, price)
        if result.quantity:
            closing, opening = closing_and_opening(book.quantity(order.symbol), result.quantity)
            if closing:
                self._close(order, closing, price)
            if opening:
                fill, instrument = self._fill_of(order, opening, price)
                moment.take(owner, self._rules.cost(opening, fill.price, converted(instrument, moment.prices)))
                place = (owner, order.symbol)
                self._opened[place] = self._opened.get(place, 0.0) + opening
            self._end_tied(order)
        return result

    def _fill_of(self, order: Order, quantity: float, raw: float) -> Expected:
        """Return the fill of an order at `raw`, before slippage."""
        prices, instrument = self._moment.prices, self._instruments[order.symbol]
        price = self._rules.fill_price(raw, quantity, instrument) if order.slips else raw
        return expected_fill(order.strategy_id, instrument, quantity, price, prices, self._rules)

    def _end_tied(self, filled: Order) -> None:
        """End what ends with a fill; the money that was held for it is free."""
        owner = filled.strategy_id
        for other, _ in ended_by(filled, self._held(filled), self._blotter.conditional(owner, filled.symbol)):
            self._end(other)

    def _end(self, order: Order) -> None:
        if order.id not in self._over:
            self._over.add(order.id)
            self._moment.take(order.strategy_id, -order.reserve)
