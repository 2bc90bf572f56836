"""The most that an order may cost: at its decision (at the close, with a reserve) and its release (the real price).

An opening may cost as much as its strategy's account allows once its own closing orders have filled. Where strategies
share an account, the openings of one step are funded together, and those of one moment released one after another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Final

from orchestrate.domain.accounts import NO_OTHERS, Contribution, Others, PooledAccount
from orchestrate.domain.books import Book, closing_and_opening
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import at_prices, converted
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand, Order, Reason, trailing_level
from orchestrate.domain.orders.ties import misses
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.funding import Want, water_fill
from orchestrate.orchestration.risk.payable import (
    Expected,
    Granted,
    Moment,
    Opening,
    Payable,
    Projection,
    Released,
    Standing,
    changed,
    dearest,
    demand_of,
    expected_fill,
    fit,
    fund_structure,
    rests_on,
    share_left,
    untradable,
)
from orchestrate.orchestration.strategies.registry import StrategyEntry

Prices = Mapping[str, float]
#: a name of this module is found several times as fast as a member of an enumeration
_CAPITAL: Final = Reason.CAPITAL
_OPEN_NOTHING: Final = frozenset({"waiting", "paused", "removed", "ruined"})


class BuyingPower:
    """Cuts openings to what their strategies can pay: at closes when they are decided, at opens when released."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        blotter: Blotter,
        closes: Prices,
        series: Mapping[str, BarSeries],
        instruments: Mapping[str, Instrument],
        rules: ExecutionRules,
    ) -> None:
        self._entries, self._blotter, self._closes = entries, blotter, closes
        self._quoted, self._rules = instruments, rules
        self._untradable = untradable(series, instruments)
        #: in the capital's currency, at the closes
        self._instruments = at_prices(instruments, closes)

    # ---- when an order is decided

    def fund(self, intents: Sequence[Intent], stage: str) -> None:
        """Cut `intents`, in this order, to what can be paid at the closes, and set their reserves."""
        granted: dict[str, Granted] = {}
        together: list[Intent] = []
        for intent in intents:
            if intent.refused or self._refuse(intent, stage):
                continue
            if intent.legs:
                fund_structure(intent, stage, self._standing(intent, granted), self._quoted, self._rules)
                granted[intent.strategy_id].reserves.append(intent.reserve)
                continue
            if not intent.closing and self._entries[intent.strategy_id].account.is_shared:
                together.append(intent)
                continue
            if not intent.closing:
                self._fund(intent, stage, granted)
            if len(intents) > 1 and not intent.refused:
                self._grant(intent, granted.setdefault(intent.strategy_id, Granted()))
        if together:
            self._fund_together(together, stage, granted)

    def _grant(self, intent: Intent, granted: Granted) -> None:
        if not intent.closing:
            granted.reserves.append(intent.reserve)
        elif not intent.demand.rests:
            granted.closings += self._expected_close(intent.strategy_id, intent.symbol, intent.quantity)

    def _refuse(self, intent: Intent, stage: str) -> bool:
        """Refuse an intent that can't be traded at all; return whether it was."""
        symbol, entry, blotter = intent.symbol, self._entries[intent.strategy_id], self._blotter
        if symbol in self._untradable:
            intent.refuse(stage, Reason.NOT_TRADABLE, self._untradable[symbol])
        elif intent.closing:
            return False
        elif not intent.price and not intent.legs:
            intent.refuse(stage, Reason.NOT_TRADABLE, f"{symbol} has no price yet")
        elif entry.status in _OPEN_NOTHING:
            reason = Reason.RUINED if entry.status == "ruined" else Reason.STRATEGY_PAUSED
            intent.refuse(stage, reason, f"the strategy is {entry.status}, it opens nothing")
        elif blotter.forced and blotter.has_margin_call(None if entry.account.is_shared else entry.id):
            intent.refuse(stage, Reason.MARGIN_CALL, "positions of its account are still to close for a margin call")
        return intent.refused

    def _fund(self, intent: Intent, stage: str, granted: Mapping[str, Granted]) -> None:
        entry = self._entries[intent.strategy_id]
        instrument, quantity = self._instruments[intent.symbol], intent.quantity
        price = self._reserve_price(intent.demand, quantity, instrument)
        now = self._projection(entry, granted.get(entry.id, _NOTHING))
        flat = intent.requires == "flat"
        self._settle(intent, stage, price, self._payable(quantity, price, now, instrument, self._closes, flat=flat))

    def _standing(self, intent: Intent, granted: dict[str, Granted]) -> Standing:
        entry = self._entries[intent.strategy_id]
        now = self._projection(entry, granted.setdefault(entry.id, Granted()))
        return Standing(now.book, entry.account.money_for_openings(now.book, now.reserved, self._closes), self._closes)

    def refund(self, intent: Intent, stage: str, own: float) -> None:
        """Cut a structure that has waited to what can be paid now, its `own` reserve included."""
        now = self._standing(intent, {})
        fund_structure(intent, stage, now._replace(money=now.money + own), self._quoted, self._rules)

    def _fund_together(self, intents: Sequence[Intent], stage: str, granted: Mapping[str, Granted]) -> None:
        """Share the free money of a common account among the openings of a step, and cut them to it."""
        now = {name: self._projection(entry, granted.get(name, _NOTHING)) for name, entry in self._entries.items()}
        openings = [self._opening(intent, now) for intent in intents]
        money, rooms = self._grants(openings, now)
        for intent, closing, requested, price, _ in openings:
            owner, instrument = intent.strategy_id, self._instruments[intent.symbol]
            payable = self._paid(closing, requested, price, money[owner], instrument)
            self._settle(intent, stage, price, payable)
            intent.available = max(0.0, min(money[owner], rooms[owner]))
            money[owner] -= payable.cost
            rooms[owner] -= payable.cost

    def _opening(self, intent: Intent, now: dict[str, Projection]) -> Opening:
        """Return the opening of an intent; a part of it that closes counts as filled afterwards."""
        owner, quantity, instrument = intent.strategy_id, intent.quantity, self._instruments[intent.symbol]
        price = self._reserve_price(intent.demand, quantity, instrument)
        flat, book = intent.requires == "flat", now[owner].book
        closing, requested, book = self._parted(quantity, book, instrument, self._closes, flat=flat, at=None)
        now[owner] = now[owner]._replace(book=book)
        return Opening(
            intent, closing, requested, price, self._rules.cost(requested, price, instrument) if requested else 0.0
        )

    def _grants(
        self, openings: Sequence[Opening], now: Mapping[str, Projection]
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return the money of each strategy, without bound where it is all that it requests, and what it could get."""
        wants: dict[str, float] = {}
        for opening in openings:
            wants[opening.intent.strategy_id] = wants.get(opening.intent.strategy_id, 0.0) + opening.cost
        account = self._entries[openings[0].intent.strategy_id].account
        assert isinstance(account, PooledAccount)
        contributions = {name: Contribution.of(*each, self._closes) for name, each in now.items()}
        total = account.total(self._closes, contributions)
        rooms = {name: account.room(*now[name], total.equity) for name in wants}
        most = [Want(min(want, rooms[name]), account.weights[name]) for name, want in wants.items()]
        grants = zip(wants.items(), water_fill(total.free, most), strict=True)
        money = {name: inf if grant == want else grant for (name, want), grant in grants}
        return money, {name: min(room, total.free) for name, room in rooms.items()}

    def _settle(self, intent: Intent, stage: str, price: float, payable: Payable) -> None:
        """Cut an intent to what can be paid, and set its reserve."""
        intent.available, intent.reserve = payable.money, payable.cost
        instrument = self._instruments[intent.symbol]
        left, reason, detail, figures = fit(intent.quantity, price, payable, _CAPITAL, self._rules, instrument)
        if not left:
            intent.refuse(stage, reason, detail, figures)
        elif reason:
            intent.cut(stage, left, reason, detail, figures)
        else:
            intent.quantity = left

    def _projection(self, entry: StrategyEntry, granted: Granted) -> Projection:
        """Return a strategy's book after its open closing orders, and the money held for its open opening orders."""
        closings = [
            expected
            for order in self._blotter.pending(entry.id)
            if order.closing and not order.rests
            for expected in self._expected_close(entry.id, order.symbol, order.quantity)
        ]
        book = entry.book
        if closings or granted.closings:
            book = book.projected([*closings, *granted.closings])
        return Projection(book, self._blotter.reserved(entry.id, granted.reserves))

    def reserve(self, intent: Intent) -> float:
        """Return the money to hold back for the rest of an intent."""
        if intent.structure is not None:
            return intent.reserve * share_left(intent)
        instrument = self._instruments[intent.symbol]
        price = self._reserve_price(intent.demand, intent.quantity, instrument)
        held = self._entries[intent.strategy_id].book.quantity(intent.symbol)
        opening = intent.quantity if intent.requires == "flat" else closing_and_opening(held, intent.quantity)[1]
        return self._rules.cost(opening, price, instrument) if opening else 0.0

    def cost_of(
        self, order: Order, quantity: float, limit: float | None, trigger: float | None, prices: Prices | None = None
    ) -> float:
        """Return the money to hold back for an order with that quantity and those prices, at `prices` or the closes."""
        if order.closing:
            return 0.0
        instrument = converted(self._quoted[order.symbol], self._closes if prices is None else prices)
        at = trigger if trigger is not None else self._closes[order.symbol]
        price = dearest(limit, trigger, quantity) if limit else self._rules.fill_price(at, quantity, instrument)
        return self._rules.cost(quantity, price, instrument)

    def room(self, strategy_id: str) -> float:
        """Return what a strategy can spend on further openings at the closes."""
        entry = self._entries[strategy_id]
        now = self._projection(entry, _NOTHING)
        return entry.account.money_for_openings(now.book, now.reserved, self._closes)

    def _reserve_price(self, demand: Demand, quantity: float, instrument: Instrument) -> float:
        """Return the limit, the trigger of a stop, or the close that a market order saw; slipped unless a limit."""
        if demand.limit is not None:
            return dearest(demand.limit, demand.trigger, quantity)
        raw = demand.price if demand.trigger is None else demand.trigger
        if demand.trail is not None and demand.trigger is None and quantity > 0:
            raw = trailing_level(raw, demand.trail, buys=True)
        return self._rules.fill_price(raw, quantity, instrument) if quantity else raw

    def _payable(
        self,
        quantity: float,
        price: float,
        now: Projection,
        instrument: Instrument,
        prices: Prices,
        others: Others = NO_OTHERS,
        *,
        flat: bool = False,
        at: float | None = None,
    ) -> Payable:
        """Return the part of `quantity` that the strategy can pay for at `price`; a part that closes costs nothing."""
        closing, requested, book = self._parted(quantity, now.book, instrument, prices, flat=flat, at=at)
        money = self._entries[book.strategy_id].account.money_for_openings(book, now.reserved, prices, others)
        return self._paid(closing, requested, price, money, instrument)

    def _parted(
        self, quantity: float, book: Book, instrument: Instrument, prices: Prices, *, flat: bool, at: float | None
    ) -> tuple[float, float, Book]:
        """Return the part of `quantity` that closes, the lots requested beyond it, and the book after the former.

        It closes `at` that price, else at `prices`. What fills only once its strategy is `flat` closes nothing.
        """
        held = book.quantity(instrument.symbol)
        closing, opening = closing_and_opening(held, quantity)
        if closing:
            closed = -held if flat else closing
            book = book.projected([self._expected(book.strategy_id, instrument.symbol, closed, prices, at)])
        if flat:
            closing, opening = 0.0, quantity
        return closing, self._rules.lot(opening, instrument), book

    def _paid(self, closing: float, requested: float, price: float, money: float, instrument: Instrument) -> Payable:
        return Payable(closing, requested, *self._rules.affordable(money, requested, price, instrument), money)

    # ---- when it is released

    def release(self, orders: Sequence[Order], prices: Prices, step: int, t: int) -> list[Released]:
        """Return the `orders` of one moment, closing ones first, cut to their cost at the `prices` of that moment."""
        moment = Moment(prices, step, t)
        if len(orders) == 1:  # nothing else of this moment matters
            return [self._release_one(orders[0], self._entries[orders[0].strategy_id].book, moment)]
        rests = [rests_on(order, prices) for order in orders]
        if all(rests):
            return [Released(order, order.quantity) for order in orders]
        waiting, books = moment.waiting, moment.books
        left: dict[str, int] = {}
        for order in orders:
            waiting[order.strategy_id] = waiting.get(order.strategy_id, 0.0) + order.reserve
            left[order.strategy_id] = left.get(order.strategy_id, 0) + 1
        released = []
        for order, lies in zip(orders, rests, strict=True):
            owner = order.strategy_id
            left[owner] -= 1
            book = books.get(owner) or self._entries[owner].book
            if not lies:  # one that rests needs its money until it fills
                waiting[owner] -= order.reserve
            result = self._release_one(order, book, moment)
            moment.contributions.pop(owner, None)
            released.append(result)
            counts = left[owner] or self._entries[owner].account.is_shared
            if counts and result.quantity and not lies:
                books[owner] = book.projected([self._expected(owner, order.symbol, result.quantity, prices)])
        return released

    def _release_one(self, order: Order, book: Book, moment: Moment) -> Released:
        prices, step, t = moment.prices, moment.step, moment.t
        if rests_on(order, prices):
            return Released(order, order.quantity)
        if order.price is not None:
            return Released(order, order.quantity)
        if order.closing:
            return self._release_closing(order, book.quantity(order.symbol), prices[order.symbol], step, t)
        raw = prices[order.symbol]
        if order.requires and misses(order, book.quantity(order.symbol)):
            detail = "nothing is held any more" if order.requires == "position" else "something is held"
            return changed(order, demand_of(order, raw, step, t), 0.0, Reason.CANCELLED, detail)
        return self.cut_to(order, book, moment, raw)

    def cut_to(self, order: Order, book: Book, moment: Moment, raw: float) -> Released:
        """Return an opening cut to what it costs at the price `raw`, before slippage."""
        prices, step, t = moment.prices, moment.step, moment.t
        instrument = converted(self._quoted[order.symbol], prices)
        price = self._rules.fill_price(raw, order.quantity, instrument) if order.slips else raw
        owner = order.strategy_id
        now = Projection(book, self._blotter.reserved(owner) + moment.waiting.get(owner, 0.0))
        others = self._contributions(moment) if self._entries[owner].account.is_shared else NO_OTHERS
        payable = self._payable(order.quantity, price, now, instrument, prices, others, at=price)
        if payable.whole:
            return Released(order, order.quantity)
        left = fit(order.quantity, price, payable, Reason.OPEN_GAP, self._rules, instrument)
        return changed(order, demand_of(order, raw, step, t), *left)

    def moment(self, opens: Prices, step: int, t: int) -> Moment:
        """Return the moment of an open, with the books after the market orders that engines have."""
        fills: dict[str, list[Expected]] = {}
        for order in self._blotter.unanswered():
            expected = self._expected(order.strategy_id, order.symbol, order.quantity, opens)
            fills.setdefault(order.strategy_id, []).append(expected)
        books = {name: self._entries[name].book.projected(expected) for name, expected in fills.items()}
        return Moment(opens, step, t, books=books)

    def book(self, owner: str, moment: Moment) -> Book:
        """Return a strategy's book at a moment."""
        return moment.books.get(owner) or self._entries[owner].book

    def sharing_with(self, owners: Collection[str]) -> Collection[str]:
        """Return the strategies whose orders take from the money of these."""
        return self._entries if any(self._entries[owner].account.is_shared for owner in owners) else owners

    def _contributions(self, moment: Moment) -> Others:
        """Return all contributions while orders are released: released ones count as filled, the rest as held."""
        known, prices = moment.contributions, moment.prices
        for name, entry in self._entries.items():
            if name not in known:
                reserved = self._blotter.reserved(name) + moment.waiting.get(name, 0.0)
                known[name] = Contribution.of(moment.books.get(name, entry.book), reserved, prices)
        return known

    def sized_on(self, entry: StrategyEntry, opens: Prices) -> float:
        """Return the amount that a native's sizes in percent refer to while engines go through a bar.

        Market orders that engines have count as filled at its `opens`, because no book shows them yet.
        """
        fills: dict[str, list[Expected]] = {}
        for order in self._blotter.unanswered():
            if not order.rests:
                expected = self._expected(order.strategy_id, order.symbol, order.quantity, opens)
                fills.setdefault(order.strategy_id, []).append(expected)
        books = {name: self._entries[name].book.projected(expected) for name, expected in fills.items()}
        others = {name: Contribution.of(book, 0.0, self._closes) for name, book in books.items()}
        return entry.account.sized_on(books.get(entry.id, entry.book), self._closes, others)

    def _release_closing(self, order: Order, held: float, price: float, step: int, t: int) -> Released:
        """Close at most what is held; an exit of a part closes a part."""
        if order.quantity == -held:
            return Released(order, order.quantity)
        if held * order.quantity >= 0:
            detail = "the position is closed already"
            return changed(order, demand_of(order, price, step, t), 0.0, Reason.NOTHING_TO_CLOSE, detail)
        return Released(order, order.quantity if abs(order.quantity) < abs(held) else -held)

    def _expected_close(self, owner: str, symbol: str, quantity: float) -> list[Expected]:
        """Return the fill of an exit at the close; it closes nothing of an entry that is still on its way."""
        part, _ = closing_and_opening(self._entries[owner].book.quantity(symbol), quantity)
        return [self._expected(owner, symbol, part, self._closes)] if part else []

    def _expected(
        self, strategy_id: str, symbol: str, quantity: float, prices: Prices, at: float | None = None
    ) -> Expected:
        """Return the fill of an order `at` a price, else if the market is at `prices`."""
        instrument = self._quoted[symbol]
        price = self._rules.fill_price(prices[symbol], quantity, instrument) if at is None else at
        return expected_fill(strategy_id, instrument, quantity, price, prices, self._rules)


_NOTHING = Granted()
