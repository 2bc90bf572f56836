"""Do our books and an engine's agree? Net quantity a symbol, and profit realised net of fees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrate.domain.books import Book
from orchestrate.domain.errors import ReconciliationError
from orchestrate.orchestration.ports import FrameworkPortfolioState

TOLERANCE: Final = 1e-6
#: Engines keep money to 8 decimals: each fill may round profit and fee by half of the last one.
_ROUNDING_PER_FILL: Final = 1e-8
#: Floats carry about 16 digits of the money that was moved.
_FLOAT_GRAIN: Final = 1e-15


def reconcile(state: FrameworkPortfolioState, books: Sequence[Book], moment: str) -> None:
    """Compare an engine's account with the books of its strategies; ReconciliationError shows both sides."""
    ours: dict[str, float] = {}
    for book in books:
        for symbol, position in book.positions.items():
            ours[symbol] = ours.get(symbol, 0.0) + position.quantity
    for symbol in sorted({*ours, *state.quantities}):
        mine, theirs = ours.get(symbol, 0.0), state.quantities.get(symbol, 0.0)
        if abs(mine - theirs) > TOLERANCE:
            raise ReconciliationError(
                f"{state.framework} holds {theirs:g} of {symbol}, the books of its strategies hold {mine:g} ({moment})"
            )
    realised = sum(book.realised for book in books)
    fills = sum(len(book.fills) for book in books)
    moved = sum(book.turnover for book in books)
    slack = TOLERANCE + fills * _ROUNDING_PER_FILL + moved * _FLOAT_GRAIN
    if abs(realised - state.realised) > slack:
        raise ReconciliationError(
            f"{state.framework} has realised {state.realised:.8f} net of fees, "
            f"the books of its strategies {realised:.8f} ({moment})"
        )
