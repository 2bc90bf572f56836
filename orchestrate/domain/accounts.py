"""Accounts between strategies and money. A book records what its strategy did, an account decides what it may do.

Isolated, each strategy has an account of its own; pooled, all of them share one. Both answer the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
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
class Contribution:
    """What a strategy's book adds to a common account: its equity, and what is free of it."""

    equity: float
    free: float

    @classmethod
    def of(cls, book: Book, reserved: float, marks: Mapping[str, float]) -> Contribution:
        """Return that of a book, with `reserved` held for the strategy's open orders."""
        return cls(book.equity(marks), book.spendable(marks) - reserved)


#: What other strategies contribute at a moment at which books and blotter don't show it yet.
Others = Mapping[str, Contribution]
NO_OTHERS: Final[Others] = {}


class CapitalAccount(Protocol):
    """One or more strategies' claim to money.

    A book is handed in, because decisions are also made on one as it would stand after orders that are on their way.
    Where the account `is_shared`, so are the contributions of others.
    """

    is_shared: ClassVar[bool]

    def allocated(self, book: Book, marks: Mapping[str, float]) -> float:
        """Return what the book's strategy may use in all."""

    def sized_on(self, book: Book, marks: Mapping[str, float], others: Others = NO_OTHERS) -> float:
        """Return the base of sizes and limits in percent: the book's equity, or the allocation of a shared account."""

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

    def sized_on(
        self,
        book: Book,
        marks: Mapping[str, float],
        others: Others = NO_OTHERS,  # noqa: ARG002  # others have other money
    ) -> float:
        """See `CapitalAccount`."""
        return book.equity(marks)

    def money_for_openings(
        self,
        book: Book,
        reserved: float,
        marks: Mapping[str, float],
        others: Others = NO_OTHERS,  # noqa: ARG002  # others have other money
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
    """Capital that several strategies share; each may use up to its weight of what all of it is worth.

    `books` are all that make it up, that of the unallocated capital included.
    """

    is_shared: ClassVar[bool] = True

    books: list[Book]
    weights: Mapping[str, float]
    reserved: Reserved

    def allocated(self, book: Book, marks: Mapping[str, float]) -> float:
        """See `CapitalAccount`."""
        return self.sized_on(book, marks)

    def sized_on(self, book: Book, marks: Mapping[str, float], others: Others = NO_OTHERS) -> float:
        """See `CapitalAccount`."""
        own = {book.strategy_id: Contribution.of(book, 0.0, marks)}
        return self.weights[book.strategy_id] * self.total(marks, {**others, **own}).equity

    def money_for_openings(
        self, book: Book, reserved: float, marks: Mapping[str, float], others: Others = NO_OTHERS
    ) -> float:
        """See `CapitalAccount`: neither above the strategy's room nor above what is free in common."""
        own = {book.strategy_id: Contribution.of(book, reserved, marks)}
        total = self.total(marks, {**others, **own})
        return max(0.0, min(self.room(book, reserved, total.equity), total.free))

    def grant(self, amount: float) -> None:
        """See `CapitalAccount`; what is common stays common."""

    def total(self, marks: Mapping[str, float], known: Others) -> Contribution:
        """Return what all books come to; those that are not `known` count as they stand.

        No order of the strategies changes a digit of it.
        """
        parts = [
            known.get(book.strategy_id) or Contribution.of(book, self.reserved(book.strategy_id), marks)
            for book in self.books
        ]
        return Contribution(fsum(part.equity for part in parts), fsum(part.free for part in parts))

    def room(self, book: Book, reserved: float, equity: float) -> float:
        """Return what the strategy may still use where the whole account is worth `equity`; negative if too much."""
        return self.weights[book.strategy_id] * equity - book.used - reserved


def allocation(account: CapitalAccount, book: Book, reserved: float, marks: Mapping[str, float]) -> StrategyAllocation:
    """Return where a book stands against its account, with `reserved` held for its open orders."""
    allocated, used = account.allocated(book, marks), book.used
    return StrategyAllocation(book.strategy_id, allocated, used, _left(allocated, used, reserved), reserved)


def available(account: CapitalAccount, book: Book, reserved: float, marks: Mapping[str, float]) -> float:
    """Return the `available_capital` of a book's allocation."""
    return _left(account.allocated(book, marks), book.used, reserved)


def _left(allocated: float, used: float, reserved: float) -> float:
    return max(0.0, allocated - used - reserved)
