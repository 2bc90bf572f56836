"""Who has how much: the split of the total, and what each strategy may still spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from orchestrate.domain.books import Book

DEFAULT_TOTAL: Final = Decimal(100_000)
#: Shares such as 1/3 lose their last digit as Decimals; a sum this close to a whole unit counts as that unit.
_SHARE_GRAIN: Final = Decimal("1e-18")


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


class PortfolioCapitalManager:
    """The ledger of capital: `total`, its split, and the use that each book makes of its share."""

    def __init__(self, total: Decimal = DEFAULT_TOTAL) -> None:
        if total <= 0:
            raise ValueError(f"the total capital must be positive, not {total}")
        self.total = total

    def calculate_allocations(
        self, total: Decimal, weights: Mapping[str, Decimal], *, digits: int = 2
    ) -> dict[str, Decimal]:
        """Split `total` by `weights` (fractions that sum to 1 at most) so that the parts add up exactly.

        Largest remainder: what rounding down leaves over goes, unit by unit, to the largest cut-off remainders, ties
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
        largest = sorted(parts, key=lambda name: parts[name] - exact[name])
        for name in largest[:missing]:
            parts[name] += unit
        return parts

    def allocation(self, book: Book, reserved: float) -> StrategyAllocation:
        """Where `book` stands with `reserved` held for its open orders (isolated capital)."""
        allocated = book.initial + book.realised
        used = book.used
        return StrategyAllocation(book.strategy_id, allocated, used, max(0.0, allocated - used - reserved), reserved)

    def money_for_openings(self, book: Book, reserved: float, marks: Mapping[str, float]) -> float:
        """The most that a new opening may cost: neither above the allocation nor above what the book may spend."""
        if not book.positions:
            return max(0.0, min(book.initial + book.realised, book.cash) - reserved)
        available = book.initial + book.realised - book.used
        return max(0.0, min(available, book.spendable(marks)) - reserved)
