"""What shorts cost: interest on their value, actual/365, charged at each bar of their symbol.

That is before anything is decided, on what is short then and for the days since the symbol's bar before: as many nights
as were held. While a short costs something, each bar of its symbol must be visited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import fsum

from orchestrate.domain.books import Accrual, Book
from orchestrate.domain.instruments.borrow import borrow_cost
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.clock import NextEvent, next_bars
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager


class Borrow:
    """Charges the books of a run; `charged` notes in other accounts what was taken."""

    def __init__(
        self,
        capital: PortfolioCapitalManager,
        market: Market,
        marks: Marks,
        charged: Callable[[Book, Accrual], None],
    ) -> None:
        self._capital, self._market, self._marks, self._charged = capital, market, marks, charged
        self._costly = {name for name, instrument in market.instruments.items() if instrument.borrow}
        self._costs: dict[str, list[float]] = {}
        self.is_needed = bool(self._costly)
        #: what names the steps at which something is charged
        self.events: list[NextEvent] = [next_bars(market.timeline, self._shorts)] if self._costly else []

    def _shorts(self) -> list[str]:
        return list(dict.fromkeys(symbol for _, symbol in self._charged_now()))

    def _charged_now(self) -> Iterator[tuple[Book, str]]:
        for book in self._capital.all_books:
            for symbol, position in book.positions.items():
                if position.quantity < 0 and symbol in self._costly:
                    yield book, symbol

    def accrue(self, event: MarketEvent) -> None:
        """Charge all shorts with a bar now, at its close."""
        for book, symbol in self._charged_now():
            row, series = event.rows.get(symbol, 0), self._market.series[symbol]
            if row > 0:
                cost = borrow_cost(book.positions[symbol], series, row, self._marks)
                self._charge(book, Accrual(event.t, symbol, cost))

    def _charge(self, book: Book, accrual: Accrual) -> None:
        book.accrue(accrual)
        self._charged(book, accrual)
        self._costs.setdefault(book.strategy_id, []).append(accrual.cost)

    def findings(self) -> list[Finding]:
        """Return a finding for each strategy whose shorts have cost something."""
        return [
            Finding("info", f"strategies.{name}", f"its shorts cost {fsum(costs):.2f}, part of its fees", len(costs))
            for name, costs in self._costs.items()
        ]
