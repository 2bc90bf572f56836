"""What a strategy may see of itself: its holdings, its money, its instruments, and the facts of others."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.domain.accounts import StrategyAllocation, allocation, available
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.facts import Facts
from orchestrate.orchestration.strategies.registry import StrategyEntry


class StrategyView:
    """What one strategy may know of its own book and account; implements deciders.View."""

    def __init__(
        self,
        entry: StrategyEntry,
        blotter: Blotter,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        facts: Facts,
    ) -> None:
        self.strategy_id = entry.id
        self.symbols = entry.symbols
        self.book = entry.book
        self._account = entry.account
        self._blotter, self._marks, self._facts = blotter, marks, facts
        self._instruments = instruments

    def held(self, symbol: str) -> float:
        """Return signed quantity, pending orders included."""
        position = self.book.positions.get(symbol)
        held = position.quantity if position is not None else 0.0
        for order in self._blotter.waiting.get(self.strategy_id, ()):
            if order.symbol == symbol:
                held += order.quantity
        return held

    def equity(self) -> float:
        """Return the book at the closes of this step."""
        return self.book.equity(self._marks)

    def allocation(self) -> StrategyAllocation:
        """Its capital at the closes of this step: allocated, used, reserved and available."""
        return allocation(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def available(self) -> float:
        """What of its allocation is available."""
        return available(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def instrument(self, symbol: str) -> Instrument:
        """Return a symbol's instrument."""
        return self._instruments[symbol]

    def publish(self, name: str, value: object) -> None:
        """Publish a fact for the other strategies."""
        self._facts.publish(self.strategy_id, name, value)

    def fact(self, strategy_id: str, name: str, default: object) -> object:
        """Return the newest fact of another strategy that this one may see."""
        return self._facts.fact(self.strategy_id, strategy_id, name, default)
