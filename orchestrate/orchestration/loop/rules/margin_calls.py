"""Margin calls and ruin: the equity of each account against what its positions must keep, at every step's closes."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from math import fsum
from typing import Final, NamedTuple

import numpy as np

from orchestrate.domain.books import Book, Position
from orchestrate.domain.events import AccountRuinedEvent, MarginCalledEvent
from orchestrate.domain.instruments.rates import rate_at
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import NEVER, Flags, Floats, Market, MarketEvent
from orchestrate.domain.options.margin.account import held_back, holds_options, together
from orchestrate.domain.options.margin.bounds import MarginBounds
from orchestrate.domain.orders.order import Order, OrderStatus, Reason
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.exposure import PORTFOLIO
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: Equity that is missing by so small a part of the requirement, or of a unit of money, is not missing.
GRAIN: Final = 1e-9
#: The steps of one pass.
_CHUNK: Final = 4096


#: What positions of a book that are judged together must keep.
_Needs = Callable[[Book, Sequence[Position]], float]


class _Account(NamedTuple):
    """Strategies on one account, and all books that make it up."""

    name: str
    entries: Sequence[StrategyEntry]
    books: Sequence[Book]


class _Held(NamedTuple):
    """Positions that are closed together: one, or all options on one underlying, since they cover each other."""

    entry: StrategyEntry
    positions: tuple[Position, ...]

    @property
    def place(self) -> tuple[str, str]:
        return self.entry.id, self.positions[0].symbol


class MarginCalls:
    """Closes positions of accounts that keep too little equity, and all of those that have none; `PortfolioRule`.

    It is needed while an account is at risk. `retire` lets no code of a ruined native
    run any more.
    """

    def __init__(
        self,
        in_order: Sequence[StrategyEntry],
        capital: PortfolioCapitalManager,
        orders: OrderManager,
        marks: Marks,
        market: Market,
        log: DecisionLog,
        emit: Emit,
        retire: Callable[[StrategyEntry], None],
    ) -> None:
        self._in_order, self._capital, self._orders = in_order, capital, orders
        self._marks, self._market, self._log, self._emit = marks, market, log, emit
        self._retire = retire
        #: by book, the symbols in which it could lose more than it has
        self._risky: dict[str, set[str]] = {}
        #: by symbol, whether a long position could
        self._risky_longs: dict[str, bool] = {}
        self._at_risk: set[str] = set()
        self._calls: dict[str, list[int]] = {}
        self._bounds = MarginBounds()

    # ---- which accounts are at risk

    @property
    def is_needed(self) -> bool:
        """True while an account could fall below what it must keep."""
        return bool(self._at_risk)

    def booked(self, book: Book, symbol: str) -> None:
        """Note that a fill has changed the book in `symbol`."""
        position = book.positions.get(symbol)
        is_safe = position is None or (position.quantity > 0 and not self._risky_longs.get(symbol, True))
        if is_safe and book.cash > 0 and book.strategy_id not in self._at_risk and not self._capital.pooled:
            return
        if position is not None and self._is_risky(position):
            self._risky.setdefault(book.strategy_id, set()).add(symbol)
        elif book.strategy_id in self._risky:
            self._risky[book.strategy_id].discard(symbol)
            if not self._risky[book.strategy_id]:
                del self._risky[book.strategy_id]
        self._rate(book)

    def moved(self, book: Book) -> None:
        """Note that positions came to the book, or left it, by a handover."""
        risky = {symbol for symbol, position in book.positions.items() if self._is_risky(position)}
        self._risky.pop(book.strategy_id, None)
        if risky:
            self._risky[book.strategy_id] = risky
        self._rate(book)

    def _rate(self, book: Book) -> None:
        """Note whether the account of the book is at risk."""
        if self._capital.pooled:
            name, at_risk = PORTFOLIO, bool(self._risky) or fsum(one.cash for one in self._capital.all_books) <= 0
        else:
            name, at_risk = book.strategy_id, book.strategy_id in self._risky or book.cash <= 0
        if at_risk:
            self._at_risk.add(name)
        else:
            self._at_risk.discard(name)

    def _is_risky(self, position: Position) -> bool:
        """Return whether the position could cost more than was paid for it, or must be covered by equity."""
        if not position.is_long:
            return True
        symbol, instrument = position.symbol, position.instrument
        if symbol not in self._risky_longs:
            negative = not self._market.timeline.is_complete or bool((self._market.series[symbol].close < 0).any())
            paid_whole = instrument.moves_cash_by_notional and not instrument.maintenance(1.0)
            self._risky_longs[symbol] = negative or not paid_whole
        return self._risky_longs[symbol]

    def _accounts(self) -> list[_Account]:
        """Return the accounts at risk that take part, in plan order."""
        capital, in_order = self._capital, self._in_order
        if not capital.pooled:
            return [
                _Account(one.id, (one,), (one.book,)) for one in in_order if one.id in self._at_risk and one.is_called
            ]
        return [_Account(PORTFOLIO, in_order, capital.all_books)] if self._at_risk and not self._is_ruined else []

    @property
    def _is_ruined(self) -> bool:
        return any(entry.status == "ruined" for entry in self._in_order)

    def _forced(self) -> set[tuple[str, str]]:
        """Return the positions that are closed already, by strategy and symbol."""
        forced = self._orders.blotter.forced
        return {(order.strategy_id, order.symbol) for order in forced.values()} if forced else set()

    # ---- the steps between fills, at which positions are constant

    def first_hit(self, step: int, bound: int) -> int:
        """Return the first step after `step` and before `bound` at which an account keeps too little; else `bound`."""
        accounts, forced, start = self._accounts(), self._forced(), step + 1
        while accounts and start < bound:
            stop = min(bound, start + _CHUNK)
            hits = self._poor(accounts[0], forced, start, stop)
            for account in accounts[1:]:
                hits |= self._poor(account, forced, start, stop)
            first = int(hits.argmax())
            if hits[first]:
                return start + first
            start = stop
        return bound

    def _poor(self, account: _Account, forced: Container[tuple[str, str]], start: int, stop: int) -> Flags:
        """Return the steps at which the account may keep too little: some that `after_close` passes, none too few."""
        spare: Floats | float = 0.0
        for book in account.books:
            if holds_options(book.positions):  # what they need changes with every quote
                return np.ones(stop - start, dtype=np.bool_)
            spare += book.cash
            for symbol, position in book.positions.items():
                instrument = position.instrument
                units = position.quantity * instrument.multiplier
                values = units * self._marks.closes(symbol, start, stop)
                paid: Floats | float = units * position.average_price
                if instrument.fx:
                    rates = self._marks.rates(instrument.fx, start, stop)
                    values, paid = values * rates, paid * rates
                spare = spare + values
                if not instrument.moves_cash_by_notional:
                    spare -= paid
                rate = instrument.maintenance(position.quantity)
                if rate and (book.strategy_id, symbol) not in forced:
                    spare -= np.abs(values) * rate
        return np.asarray(np.broadcast_to(spare, stop - start) <= 2 * GRAIN)

    # ---- a rule of the portfolio

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def next_event(self, step: int) -> int:  # noqa: ARG002  # equity decides which steps it must see
        """See `PortfolioRule`."""
        return NEVER

    def after_close(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""
        for account in self._accounts():
            equity = fsum(book.equity(self._marks) for book in account.books)
            if equity <= GRAIN and self._has_lost(account, equity):
                self._ruin(account, equity)
            else:
                self._judge(account, equity, event.step)

    def _has_lost(self, account: _Account, equity: float) -> bool:
        """Return whether nothing would be there, had no money been moved away."""
        if account.name == PORTFOLIO:
            return True
        return equity - fsum(flow.amount for flow in account.entries[0].book.flows) <= GRAIN

    # ---- margin calls

    def _judge(self, account: _Account, equity: float, step: int) -> None:
        """Close the largest losers, whole, until what is left meets the requirement; the account opens nothing."""
        forced = self._forced()
        if not _is_below(equity, self._required(account, forced, self._needs_at_most)):
            return
        required = self._required(account, forced, self._needs)
        if not _is_below(equity, required):
            return
        left, called = required, []
        for held in self._callable(account, forced, step):
            called.append(held)
            left -= self._needs(held.entry.book, held.positions)
            if not _is_below(equity, left):
                break
        if called:
            self._cancel_openings(account)
        for held in called:
            self._close(held)
            self._report(held, equity, required)

    def _required(self, account: _Account, forced: Container[tuple[str, str]], needs: _Needs) -> float:
        required = 0.0
        for book in account.books:
            for positions in together(book.positions):
                if (book.strategy_id, positions[0].symbol) not in forced:
                    required += needs(book, positions)
        return required

    def _callable(self, account: _Account, forced: Container[tuple[str, str]], step: int) -> list[_Held]:
        """Return the positions that are not closed yet and have a bar to come, the largest loss first."""
        ends = self._market.timeline.ends.steps
        held = [
            _Held(entry, positions)
            for entry in account.entries
            for positions in together(entry.book.positions)
            if (entry.id, positions[0].symbol) not in forced and ends[positions[0].symbol] > step
        ]
        return sorted(held, key=lambda each: (fsum(map(self._open_profit, each.positions)), each.place))

    def _open_profit(self, position: Position) -> float:
        rate = rate_at(self._marks, position.instrument)
        return position.open_profit(self._marks[position.symbol], rate)

    def _needs_at_most(self, book: Book, positions: Sequence[Position]) -> float:
        if positions[0].instrument.option is None:
            return self._needs(book, positions)
        return self._bounds.held_back(book.strategy_id, book.positions, self._marks, positions)

    def _needs(self, book: Book, positions: Sequence[Position]) -> float:
        position, *others = positions
        if others or position.instrument.option is not None:
            return held_back(book.positions, self._marks, positions)
        rate = rate_at(self._marks, position.instrument)
        size = abs(position.notional(self._marks[position.symbol], rate))
        if book.cash < 0 and (book.strategy_id, position.symbol) in self._orders.blotter.delivered:
            return size  # shares that options delivered are to be paid as those that were bought
        return size * position.instrument.maintenance(position.quantity)

    def _cancel_openings(self, account: _Account) -> None:
        names = {entry.id for entry in account.entries}

        def opens(order: Order) -> bool:
            return order.strategy_id in names and not order.closing and order.status is not OrderStatus.RELEASED

        self._orders.cancel(opens, Reason.MARGIN_CALL)

    def _close(self, held: _Held) -> None:
        """Close positions in place of what their strategy has ordered for the same bar."""
        symbols = {position.symbol for position in held.positions}

        def own_exit(order: Order) -> bool:
            is_of_it = order.strategy_id == held.entry.id and order.symbol in symbols
            return is_of_it and order.closing and order.status is OrderStatus.PENDING

        self._orders.cancel(own_exit, Reason.MARGIN_CALL)
        for position in held.positions:
            self._orders.close_position(held.entry, position, Reason.MARGIN_CALL)

    def _report(self, held: _Held, equity: float, required: float) -> None:
        t = self._log.step_label()
        for position in held.positions:
            self._calls.setdefault(held.entry.id, []).append(t)
            self._emit(MarginCalledEvent(held.entry.id, position.symbol, position.quantity, equity, required, t))

    def findings(self) -> list[Finding]:
        """Return a finding for each strategy of which positions were called."""
        return [
            Finding(
                "warning",
                f"strategies.{name}",
                f"margin calls closed {len(calls)} of its positions, first at {label_text(calls[0])}",
                len(calls),
                tuple(label_text(t) for t in calls[:5]),
            )
            for name, calls in self._calls.items()
        ]

    # ---- ruin

    def _ruin(self, account: _Account, equity: float) -> None:
        """Cancel all orders of the account, close all it holds, and call its strategies no more."""
        t = self._log.step_label()
        self._emit(AccountRuinedEvent(account.name, equity, t))
        for entry in account.entries:
            if entry.is_called:
                entry.become("ruined", t)
                self._end(entry)
                self._retire(entry)

    def _end(self, entry: StrategyEntry) -> None:
        def own(order: Order) -> bool:
            return order.strategy_id == entry.id and order.status is not OrderStatus.RELEASED

        self._orders.cancel(own, Reason.RUINED)
        self._orders.flatten(entry, Reason.RUINED)


def _is_below(equity: float, required: float) -> bool:
    """Return whether equity is below a requirement; equal is not below."""
    return equity < required * (1 - GRAIN)
