"""Do our books and an engine's agree? Net quantity a symbol, and profit realised net of fees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrate.domain.books import Book
from orchestrate.domain.errors import ReconciliationError
from orchestrate.domain.execution import rounded
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.orders import Fill
from orchestrate.orchestration.ports import FrameworkPortfolioState

TOLERANCE: Final = 1e-6
#: Engines keep money to 8 decimals: each fill may round profit and fee by half of the last one.
_ROUNDING_PER_FILL: Final = 1e-8
#: Floats carry about 16 digits of the money that was moved.
_FLOAT_GRAIN: Final = 1e-15


@dataclass(slots=True)
class Netted:
    """The books of one engine's strategies added up: kept along with every fill, so that no step adds all of them."""

    books: Sequence[Book]
    quantities: dict[str, float] = field(default_factory=dict)
    realised: float = 0.0

    @classmethod
    def of(cls, books: Sequence[Book]) -> Netted:
        """All of `books`, from scratch."""
        netted = cls(books)
        for book in books:
            for symbol, position in book.positions.items():
                netted.quantities[symbol] = netted.quantities.get(symbol, 0.0) + position.quantity
            netted.realised += book.realised
        return netted

    def apply(self, book: Book, fill: Fill, instrument: Instrument) -> None:
        """Take a fill into its book, and into these sums what it has changed there."""
        symbol, quantities = fill.symbol, self.quantities
        held, realised = book.quantity(symbol), book.realised
        book.apply(fill, instrument)
        quantities[symbol] = rounded(quantities.get(symbol, 0.0) + book.quantity(symbol) - held)
        self.realised += book.realised - realised

    def compare(self, state: FrameworkPortfolioState, moment: str) -> None:
        """ReconciliationError, with both sides, where the engine's account says otherwise."""
        ours, theirs = self.quantities, state.quantities
        if ours != theirs:
            for symbol in sorted({*ours, *theirs}):
                mine, its = ours.get(symbol, 0.0), theirs.get(symbol, 0.0)
                if not abs(mine - its) <= TOLERANCE:  # a NaN agrees with nothing
                    raise ReconciliationError(
                        f"{state.framework} holds {its:g} of {symbol}, "
                        f"the books of its strategies hold {mine:g} ({moment})"
                    )
        apart = abs(self.realised - state.realised)
        if not apart <= TOLERANCE and not apart <= TOLERANCE + self._roundings():
            raise ReconciliationError(
                f"{state.framework} has realised {state.realised:.8f} net of fees, "
                f"the books of its strategies {self.realised:.8f} ({moment})"
            )

    def _roundings(self) -> float:
        """How far apart the last digits of both sides may have come over all fills."""
        fills = sum(len(book.fills) for book in self.books)
        return fills * _ROUNDING_PER_FILL + sum(book.turnover for book in self.books) * _FLOAT_GRAIN


def reconcile(state: FrameworkPortfolioState, books: Sequence[Book], moment: str) -> None:
    """Compare an engine's account with the books of its strategies; ReconciliationError shows both sides."""
    Netted.of(books).compare(state, moment)
