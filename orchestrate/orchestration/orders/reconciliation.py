"""Do our books agree with an engine's account, and with their own fills and transfers?

With the engine: net quantity a symbol, and profit realised net of fees, as it counts them: each symbol in its own
currency. With fills, transfers and borrow: cash at every
reconciliation, the whole book at the end. A change of a book by anything else is detected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import fsum
from typing import Final

from orchestrate.domain.books import Accrual, Book, Flow, Handover, Position
from orchestrate.domain.errors import ReconciliationError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Fill
from orchestrate.orchestration.orders.ports import FrameworkPortfolioState

TOLERANCE: Final = 1e-6
#: Engines keep money to 8 decimals: each fill may round profit and fee by half of the last one.
_ROUNDING_PER_FILL: Final = 1e-8
#: Floats carry about 16 digits of what was moved.
_FLOAT_GRAIN: Final = 1e-15


@dataclass(slots=True)
class Netted:
    """The books of one engine's strategies added up: kept along with every fill, so that no step adds all of them.

    `cash` is what each book must have: its capital, its transfers and its fills, as booked.
    """

    books: Sequence[Book]
    cash: dict[str, float] = field(default_factory=dict)
    quantities: dict[str, float] = field(default_factory=dict)
    realised: float = 0.0

    @classmethod
    def of(
        cls, books: Sequence[Book], cash: dict[str, float] | None = None, handed_over: Iterable[Position] = ()
    ) -> Netted:
        """Return all of `books`, from scratch, and what they handed over: the engine knows nothing of that."""
        netted = cls(books, cash or {})
        held = [position for book in books for position in book.positions.values()]
        for position in (*held, *handed_over):
            symbol = position.symbol
            netted.quantities[symbol] = netted.quantities.get(symbol, 0.0) + position.quantity
        for book in books:
            netted.realised += book.realised - book.beyond_engine
        return netted

    def apply(self, book: Book, fill: Fill, instrument: Instrument) -> None:
        """Take a fill into its book, and into these sums what it has changed there."""
        symbol, quantities = fill.symbol, self.quantities
        held, realised, beyond = book.quantity(symbol), book.realised, book.beyond_engine
        if book.cash != self.cash[book.strategy_id]:
            raise self._wrong_cash(book, f"before the fill of {fill.order_id}")
        book.apply(fill, instrument)
        self.cash[book.strategy_id] = book.cash
        quantities[symbol] = rounded(quantities.get(symbol, 0.0) + book.quantity(symbol) - held)
        self.realised += book.realised - realised
        if instrument.fx:
            self.realised -= book.beyond_engine - beyond

    def transfer(self, strategy_id: str, amount: float) -> None:
        """Note money that was moved to a book, or (negative) away from it."""
        self.cash[strategy_id] += amount

    def compare(self, state: FrameworkPortfolioState, moment: object) -> None:
        """Raise ReconciliationError, with both sides, if the engine's account differs."""
        ours, theirs = self.quantities, state.quantities
        if ours != theirs:
            for symbol in sorted({*ours, *theirs}):
                mine, its = ours.get(symbol, 0.0), theirs.get(symbol, 0.0)
                apart = abs(mine - its)
                # a NaN agrees with nothing
                if not apart <= TOLERANCE and not apart <= TOLERANCE + self._lost_units(symbol):
                    raise ReconciliationError(
                        f"{state.framework} holds {its:.15g} of {symbol}, "
                        f"the books of its strategies hold {mine:.15g} ({moment})"
                    )
        apart = abs(self.realised - state.realised)
        if not apart <= TOLERANCE and not apart <= TOLERANCE + self._roundings():
            raise ReconciliationError(
                f"{state.framework} has realised {state.realised:.8f} net of fees, "
                f"the books of its strategies {self.realised:.8f} ({moment})"
            )

    def require_cash(self, moment: object) -> None:
        """Raise ReconciliationError, with both sides, if a book's cash is not what its fills and transfers leave."""
        for book in self.books:
            if book.cash != self.cash[book.strategy_id]:
                raise self._wrong_cash(book, moment)

    def _wrong_cash(self, book: Book, moment: object) -> ReconciliationError:
        due = self.cash[book.strategy_id]
        return ReconciliationError(
            f"the book of {book.strategy_id} has {book.cash:.8f} in cash, its capital, fills and transfers come to "
            f"{due:.8f} ({moment}): something else has changed it"
        )

    def _roundings(self) -> float:
        """Return how far apart the last digits of both sides may have come over all fills."""
        fills = sum(len(book.fills) for book in self.books)
        return fills * _ROUNDING_PER_FILL + fsum(book.turnover for book in self.books) * _FLOAT_GRAIN

    def _lost_units(self, symbol: str) -> float:
        """Return how many units a sum kept along with every fill may have lost: each time a part of all it was."""
        count, most = 0, 0.0
        for book in self.books:
            held = list(accumulate(fill.quantity for fill in book.fills if fill.symbol == symbol))
            count += len(held)
            most += max(map(abs, held), default=0.0)
        return count * most * _FLOAT_GRAIN


def reconcile(
    state: FrameworkPortfolioState, books: Sequence[Book], moment: object, handed_over: Iterable[Position] = ()
) -> None:
    """Compare an engine's account with the books of its strategies; ReconciliationError shows both sides."""
    Netted.of(books, handed_over=handed_over).compare(state, moment)


def require_rebuilt(
    book: Book,
    initial: float,
    fills: Sequence[tuple[Fill, Instrument]],
    moves: Sequence[tuple[int, Flow | Handover | Accrual]] = (),
) -> None:
    """Raise ReconciliationError if a book differs from a new one with its capital, fills and moves, to the last digit.

    Each flow, handover and accrual comes with the number of fills before it.
    """
    rebuilt, done = Book(book.strategy_id, initial), 0
    for before, move in moves:
        for fill, instrument in fills[done:before]:
            rebuilt.pay(fill, instrument)
        if isinstance(move, Handover):
            rebuilt.move(move)
        elif isinstance(move, Accrual):
            rebuilt.accrue(move)
        else:
            rebuilt.transfer(move.amount, move.t)
        done = before
    for fill, instrument in fills[done:]:
        rebuilt.pay(fill, instrument)
    rebuilt.flows = [move for _, move in moves if isinstance(move, Flow)]
    for name in ("initial", "cash", "realised", "fees", "positions", "flows"):
        has, due = getattr(book, name), getattr(rebuilt, name)
        if has != due:
            raise ReconciliationError(
                f"the book of {book.strategy_id} has {name} {has}, rebuilt from its fills it has {due} (at the end): "
                "something else has changed it"
            )
