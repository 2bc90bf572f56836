"""Positions that removed strategies leave behind: they move at cost to an unmanaged book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from orchestrate.domain.books import Book, Handover, Position
from orchestrate.domain.instruments.rates import rate_at
from orchestrate.domain.results import Finding
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig, StrategyEntry


class Unmanaged:
    """The books of unmanaged positions, by framework, and how each position came there.

    Their entries are rows of the results; they are not called, sized, rebalanced or closed.
    """

    def __init__(self, books: Mapping[str, Book], marks: Mapping[str, float]) -> None:
        self._entries = {framework: _entry(framework, book) for framework, book in books.items()}
        self._marks = marks
        self.handovers: list[Handover] = []

    def open(self, framework: str, book: Book) -> None:
        """Take in the book of one more framework."""
        self._entries[framework] = _entry(framework, book)

    @property
    def entries(self) -> dict[str, StrategyEntry]:
        """The entries that hold something, by id."""
        return {entry.id: entry for entry in self._entries.values() if entry.book.positions}

    def of(self, framework: str) -> StrategyEntry:
        """Return the entry for positions of one framework."""
        return self._entries[framework]

    def opposite(self, entry: StrategyEntry) -> str:
        """Return a symbol of which the strategy holds the other side; empty where there is none."""
        held = self.of(entry.framework).book.positions
        for symbol, position in entry.book.positions.items():
            if symbol in held and held[symbol].is_long != position.is_long:
                return symbol
        return ""

    def take(self, entry: StrategyEntry) -> list[Handover]:
        """Move all that a strategy holds to the book of its framework, valued at the last marks."""
        taker = self.of(entry.framework)
        handovers = [
            Handover(entry.id, taker.id, position.copy(), position.worth(self._marks[symbol], self._rate(position)))
            for symbol, position in entry.book.positions.items()
        ]
        for handover in handovers:
            entry.book.hand_over(handover, taker.book)
        self.handovers += handovers
        taker.symbols = tuple(taker.book.positions)
        return handovers

    def _rate(self, position: Position) -> float:
        return rate_at(self._marks, position.instrument)

    def taken_from(self, strategy_id: str) -> Iterator[Position]:
        """Return the positions that the strategy's engine still holds for it."""
        return (handover.position for handover in self.handovers if handover.giver == strategy_id)

    def left_open(self) -> list[Finding]:
        """Return the findings about positions that `close_at_end` does not close."""
        ends = "nobody manages it, close_at_end closes nothing there"
        return [
            Finding("warning", f"strategies.{name}", f"it still holds {', '.join(entry.symbols)}: {ends}")
            for name, entry in self.entries.items()
        ]


def _entry(framework: str, book: Book) -> StrategyEntry:
    metadata = StrategyMetadata(book.strategy_id, book.strategy_id)
    return StrategyEntry(None, metadata, AllocationConfig(Decimal(0)), framework, book=book)
