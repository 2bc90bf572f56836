"""The ledger of capital: the split of the total, the account of each book, the transfers between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final

from orchestrate.domain.accounts import (
    CapitalAccount,
    IsolatedAccount,
    PooledAccount,
    Reserved,
    StrategyAllocation,
    allocation,
)
from orchestrate.domain.books import Book
from orchestrate.domain.options.settings import AccountType
from orchestrate.domain.portfolio import UNMANAGED

DEFAULT_TOTAL: Final = Decimal(100_000)
#: Shares such as 1/3 lose their last digit as Decimals; a sum this close to a whole unit counts as that unit.
_SHARE_GRAIN: Final = Decimal("1e-18")
#: Remainders that differ by less than that part of a unit are a tie.
_TIE_DIGITS: Final = 6
_CENT: Final = Decimal("0.01")
#: Cash is a float: so much of a cent may be missing from an exact amount.
_GRAIN: Final = 1e-6
#: The name of the book of unallocated capital; no strategy can have it.
RESERVE: Final = ""

#: Moves an amount, whole cents, from one strategy (or the reserve) to another.
MoveCapital = Callable[[str, str, Decimal], object]


class PortfolioCapitalManager:
    """The ledger of capital: `total`, its split, and the books and accounts of a run.

    `pooled`: all strategies share one account, each up to its weight; otherwise each has one of its own.
    """

    def __init__(
        self, total: Decimal = DEFAULT_TOTAL, *, pooled: bool = False, account: AccountType = "margin"
    ) -> None:
        if total <= 0:
            raise ValueError(f"the total capital must be positive, not {total}")
        self.total = total
        self.pooled = pooled
        #: whether shorts of options may be held without cover
        self.account = account
        #: of a pool: the share of it that each strategy may use now
        self.weights: dict[str, float] = {}
        #: note weights of a pool that change
        self.reweighed: Callable[[Mapping[str, float]], None] = _noted_by_nobody
        self.books: dict[str, Book] = {}
        #: books of positions that removed strategies left behind, by framework
        self.unmanaged: dict[str, Book] = {}
        self.accounts: dict[str, CapitalAccount] = {}
        self.reserve = Book(RESERVE, float(total))
        self._reserved: Reserved = _nothing
        self._pool: PooledAccount | None = None

    def calculate_allocations(
        self, total: Decimal, weights: Mapping[str, Decimal], *, digits: int = 2
    ) -> dict[str, Decimal]:
        """Split `total` by `weights` (fractions that sum to 1 at most) so that the parts add up exactly.

        Largest remainder: the rest after rounding down goes, unit by unit, to the largest cut-off remainders, ties
        in the order of `weights`. Weights that sum to less than 1 leave the rest of `total` unallocated.
        """
        whole = sum(weights.values(), Decimal(0))
        if any(weight < 0 for weight in weights.values()) or whole > 1 + _SHARE_GRAIN:
            raise ValueError(f"weights must not be negative and sum to 1 at most, not {whole}")
        unit = Decimal(1).scaleb(-digits)
        exact = {name: total * weight for name, weight in weights.items()}
        parts = {name: part.quantize(unit, ROUND_DOWN) for name, part in exact.items()}
        target = (sum(exact.values(), Decimal(0)) + total * _SHARE_GRAIN).quantize(unit, ROUND_DOWN)
        missing = int((target - sum(parts.values(), Decimal(0))) / unit)
        largest = sorted(parts, key=lambda name: round((parts[name] - exact[name]) / unit, _TIE_DIGITS))
        for name in largest[:missing]:
            parts[name] += unit
        return parts

    def open_books(
        self,
        start: Mapping[str, Decimal],
        reserved: Reserved,
        weights: Mapping[str, Decimal] | None = None,
        frameworks: Collection[str] = (),
    ) -> None:
        """Open a book for each strategy with its start capital, the reserve's with the rest, and the accounts.

        `reserved` returns the money held back for a strategy's open orders. `weights` are those from which `start` was
        rounded to cents. Each of `frameworks` gets an empty book for positions of removed strategies.
        """
        self._reserved = reserved
        left = self.total - sum(start.values(), Decimal(0))
        self.reserve = Book(RESERVE, float(left))
        self.books = {name: Book(name, float(capital)) for name, capital in start.items()}
        self.unmanaged = {
            name: Book(UNMANAGED if len(frameworks) == 1 else f"{UNMANAGED}_{name}", 0.0) for name in frameworks
        }
        if self.pooled:
            exact = weights or {name: capital / self.total for name, capital in start.items()}
            self.weights = {name: float(exact[name]) for name in start}
            self._pool = PooledAccount(self.all_books, self.weights, reserved)
            self.accounts = dict.fromkeys(self.books, self._pool)
        else:
            self.accounts = {name: IsolatedAccount(float(capital)) for name, capital in start.items()}

    def open_book(self, strategy_id: str, framework: str) -> list[Book]:
        """Open an empty book for a strategy that joins the run; return what is new: its own, its framework's."""
        new = [Book(strategy_id, 0.0)]
        self.books[strategy_id] = new[0]
        if framework not in self.unmanaged:
            self.unmanaged[framework] = Book(f"{UNMANAGED}_{framework}", 0.0)
            new.append(self.unmanaged[framework])
        if self._pool is None:
            self.accounts[strategy_id] = IsolatedAccount(0.0)
        else:
            self.weights[strategy_id] = 0.0
            self.accounts[strategy_id] = self._pool
            self._pool.books[-1:] = [*new, self.reserve]
        return new

    @property
    def all_books(self) -> list[Book]:
        """All books of the portfolio, the reserve's last."""
        return [*self.books.values(), *self.unmanaged.values(), self.reserve]

    def reweigh(self, weights: Mapping[str, float]) -> None:
        """Change the share that each strategy may use where capital is pooled."""
        self.weights.update(weights)
        self.reweighed(weights)

    def allocation(self, strategy_id: str, marks: Mapping[str, float]) -> StrategyAllocation:
        """Return what a strategy uses of its account, and what is available, at `marks`."""
        book = self._book(strategy_id)
        return allocation(self.accounts[strategy_id], book, self._reserved(strategy_id), marks)

    def transfer(self, source: str, target: str, amount: Decimal, t: int) -> None:
        """Move `amount`, whole cents, between two books; the reserve's is named `RESERVE`.

        ValueError where the source has not that much cash, or nothing is to move.
        """
        giver, taker = self._book(source), self._book(target)
        if amount <= 0 or amount != amount.quantize(_CENT):
            raise ValueError(f"a transfer is of whole cents, more than none, not {amount}")
        moved = float(amount)
        if moved > giver.cash + _GRAIN:
            raise ValueError(f"{source or 'the reserve'} has {giver.cash:.2f} in cash, not {amount}")
        for name, book, change in ((source, giver, -moved), (target, taker, moved)):
            book.transfer(change, t)
            if name in self.accounts:
                self.accounts[name].grant(change)

    def _book(self, name: str) -> Book:
        book = self.reserve if name == RESERVE else self.books.get(name)
        if book is None:
            book = next((one for one in self.unmanaged.values() if one.strategy_id == name), None)
        if book is None:
            raise ValueError(f"Unknown strategy: {name}")
        return book


def _noted_by_nobody(_weights: Mapping[str, float]) -> None:
    """Note nothing."""


def _nothing(_strategy_id: str) -> float:
    return 0.0
