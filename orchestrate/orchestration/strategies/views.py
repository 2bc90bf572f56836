"""What a strategy may see of itself: its holdings, its money, its instruments, and facts of those it depends on."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.domain.accounts import StrategyAllocation, allocation, available
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry


class StrategyView:
    """What one strategy may know of its own book and account; implements deciders.View."""

    def __init__(
        self,
        entry: StrategyEntry,
        blotter: Blotter,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        facts: dict[tuple[str, str], object],
    ) -> None:
        self.strategy_id = entry.id
        self.symbols = entry.symbols
        self.book = entry.book
        self._depends_on = entry.metadata.depends_on
        self._account = entry.account
        self._blotter, self._marks, self._facts = blotter, marks, facts
        self._instruments = instruments

    def held(self, symbol: str) -> float:
        """Signed quantity, pending orders included."""
        position = self.book.positions.get(symbol)
        held = position.quantity if position is not None else 0.0
        for order in self._blotter.waiting.get(self.strategy_id, ()):
            if order.symbol == symbol:
                held += order.quantity
        return held

    def equity(self) -> float:
        """The book at the closes of this step."""
        return self.book.equity(self._marks)

    def allocation(self) -> StrategyAllocation:
        """Its capital at the closes of this step: allocated, used, reserved and available."""
        return allocation(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def available(self) -> float:
        """What of its allocation is available."""
        return available(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def instrument(self, symbol: str) -> Instrument:
        """What a symbol is."""
        return self._instruments[symbol]

    def publish(self, name: str, value: object) -> None:
        """Remember a fact for those who depend on this strategy."""
        self._facts[self.strategy_id, name] = value

    def fact(self, strategy_id: str, name: str, default: object) -> object:
        """A fact of another strategy; KeyError unless `depends_on` names it."""
        if strategy_id not in self._depends_on:
            raise KeyError(f"{self.strategy_id} reads facts of {strategy_id!r}, which its depends_on does not name")
        return self._facts.get((strategy_id, name), default)
