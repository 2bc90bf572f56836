"""Accounts between strategies and money. A book records what its strategy did, an account decides what it may do.

Isolated, each strategy has an account of its own; pooled, all of them share one. Both answer the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final, Protocol

from orchestrate.domain.books import Book

#: Money held back for a strategy's open orders.
Reserved = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class StrategyAllocation:
    """The capital of one strategy: allocated, used, reserved and available.

    Used + reserved + available = allocated, unless a gain carries used above it.
    """

    strategy_id: str
    allocated_capital: Decimal | float
    used_capital: Decimal | float
    available_capital: Decimal | float
    reserved_capital: Decimal | float = 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A strategy's book as it would stand after orders that are on their way, and the money held for its openings."""

    book: Book
    reserved: float


#: Other strategies whose claims of the moment are not yet in their books and the blotter.
Others = Mapping[str, Claim]
NO_OTHERS: Final[Others] = {}


class CapitalAccount(Protocol):
    """One or more strategies' claim to money.

    A book is handed in, because decisions are also made on one as it would stand after orders that are on their way.
    Where the account `is_shared`, so are the claims of others.
    """

    is_shared: ClassVar[bool]

    def allocated(self, book: Book, marks: Mapping[str, float]) -> float:
        """Return what the book's strategy may use in all."""

    def money_for_openings(
        self, book: Book, reserved: float, marks: Mapping[str, float], others: Others = NO_OTHERS
    ) -> float:
        """Return the most that a new opening may cost, with `reserved` held for the strategy's open orders."""

    def grant(self, amount: float) -> None:
        """Note capital that was moved to one of its books, or (negative) away from it."""


@dataclass(slots=True)
class IsolatedAccount:
    """One strategy's own capital: what it was given so far, and what it has realised."""

    is_shared: ClassVar[bool] = False

    capital: float

    def allocated(self, book: Book, marks: Mapping[str, float]) -> float:  # noqa: ARG002  # as `CapitalAccount` asks
        """See `CapitalAccount`; market prices change nothing."""
        return self.capital + book.realised

    def money_for_openings(
        self,
        book: Book,
        reserved: float,
        marks: Mapping[str, float],
        others: Others = NO_OTHERS,  # noqa: ARG002  # others' claims are on other money
    ) -> float:
        """See `CapitalAccount`: neither above the allocation nor above what the book may spend."""
        allocated = self.capital + book.realised
        if not book.positions:
            return max(0.0, min(allocated, book.cash) - reserved)
        return max(0.0, min(allocated - book.used, book.spendable(marks)) - reserved)

    def grant(self, amount: float) -> None:
        """See `CapitalAccount`."""
        self.capital += amount


@dataclass(frozen=True, slots=True)
class PooledAccount:
    """Capital that several strategies share; each may use up to its weight of what all of it is worth."""

    is_shared: ClassVar[bool] = True

    books: Sequence[Book]
    weights: Mapping[str, float]
    reserved: Reserved

    def allocated(self, book: Book, marks: Mapping[str, float]) -> float:
        """See `CapitalAccount`."""
        return self._room(book, marks, [claim.book for claim in self._others(book, NO_OTHERS)])

    def money_for_openings(
        self, book: Book, reserved: float, marks: Mapping[str, float], others: Others = NO_OTHERS
    ) -> float:
        """See `CapitalAccount`: neither above the strategy's room nor above what is free in common."""
        claims = self._others(book, others)
        room = self._room(book, marks, [claim.book for claim in claims]) - book.used
        free = book.spendable(marks) + sum(claim.book.spendable(marks) - claim.reserved for claim in claims)
        return max(0.0, min(room, free) - reserved)

    def grant(self, amount: float) -> None:
        """See `CapitalAccount`; what is common stays common."""

    def _room(self, book: Book, marks: Mapping[str, float], others: Sequence[Book]) -> float:
        return self.weights[book.strategy_id] * sum(each.equity(marks) for each in (book, *others))

    def _others(self, book: Book, others: Others) -> list[Claim]:
        return [
            others.get(each.strategy_id) or Claim(each, self.reserved(each.strategy_id))
            for each in self.books
            if each.strategy_id != book.strategy_id
        ]


def allocation(account: CapitalAccount, book: Book, reserved: float, marks: Mapping[str, float]) -> StrategyAllocation:
    """Return where a book stands against its account, with `reserved` held for its open orders."""
    allocated, used = account.allocated(book, marks), book.used
    available = max(0.0, allocated - used - reserved)
    return StrategyAllocation(book.strategy_id, allocated, used, available, reserved)
