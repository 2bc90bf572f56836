"""What a strategy may see of itself: its holdings, its money, its instruments, and the facts of others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from orchestrate.domain.accounts import StrategyAllocation, allocation, available
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import converted
from orchestrate.domain.orders.order import Order, OrderType
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.facts import Facts
from orchestrate.orchestration.strategies.registry import StrategyEntry

if TYPE_CHECKING:
    from orchestrate.domain.options.holding import HeldStructure
    from orchestrate.domain.options.structure import Structure
    from orchestrate.domain.options.view import ChainView

#: a name of this module is found several times as fast as a member of an enumeration
_MARKET: Final = OrderType.MARKET


class OptionMarket(Protocol):
    """The chains of a run, and what strategies hold of their contracts."""

    def has(self, symbol: str) -> bool:
        """Return True for the symbol of a chain."""

    def chain(self, symbol: str, t: int) -> ChainView:
        """Return a chain at `t`, or now where that is earlier."""

    def held(self, strategy_id: str, t: int) -> tuple[HeldStructure, ...]:
        """Return the structures of a strategy, as worth now."""

    def waiting(self, strategy_id: str) -> tuple[Structure, ...]:
        """Return the structures that a strategy has ordered and that are not filled yet."""


class StrategyView:
    """What one strategy may know of its own book and account; implements deciders.View."""

    def __init__(
        self,
        entry: StrategyEntry,
        blotter: Blotter,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        facts: Facts,
        label: Callable[[str], int],
        lot: Callable[[float, Instrument], float],
        options: OptionMarket,
        planned_exits: tuple[str, ...] = (),
    ) -> None:
        self.strategy_id = entry.id
        self.symbols = entry.symbols
        self.book = entry.book
        self._account = entry.account
        self._blotter, self._marks, self._facts = blotter, marks, facts
        self._instruments, self._label, self._lot, self._options = instruments, label, lot, options
        #: the names of the exits that the plan gives its entries
        self.planned_exits = planned_exits

    def held(self, symbol: str, without: Collection[str] = ()) -> float:
        """Return signed quantity, market orders on their way included, but for those of the ids `without`."""
        position = self.book.positions.get(symbol)
        held = position.quantity if position is not None else 0.0
        waiting = self._blotter.waiting
        if waiting:
            for order in waiting.get(self.strategy_id, ()):
                if order.symbol == symbol and order.type is _MARKET and order.id not in without:
                    held += order.quantity
        return held

    def in_book(self, symbol: str) -> float:
        """Return signed quantity without any order on its way."""
        return self.book.quantity(symbol)

    def close(self, symbol: str) -> float:
        """Return the last close, 0.0 before the first."""
        return float(self._marks.get(symbol, 0.0))

    def label(self, symbol: str) -> int:
        """Return the label of the symbol's bar now, or of the step."""
        return self._label(symbol)

    def entry_rests(self, symbol: str, without: Collection[str] = ()) -> bool:
        """Return whether an entry waits to be reached, other than those of the ids `without`."""
        orders = self._blotter.conditional(self.strategy_id, symbol)
        return any(order.requires == "flat" and order.rests and order.id not in without for order in orders)

    def order(self, name: str) -> Order | None:
        """Return the open order of that tag or id."""
        return self._blotter.tagged(self.strategy_id, name)

    def aim(self, target: Signal) -> float:
        """Return the signed units that a target asks for, not rounded; ValueError before the first close."""
        figure = float(target.quantity or 0.0)
        if target.measure == "quantity" or not figure:
            return figure
        close = self.close(target.symbol)
        if not close:
            raise ValueError(f"{target.measure}: {target.symbol} has no close yet that a target could go by")
        money = figure if target.measure == "value" else figure / 100.0 * self._account.sized_on(self.book, self._marks)
        return money / (abs(close) * converted(self._instruments[target.symbol], self._marks).multiplier)

    def lot(self, symbol: str, quantity: float) -> float:
        """Return a quantity rounded down to lots of the symbol."""
        return self._lot(quantity, self._instruments[symbol])

    def equity(self) -> float:
        """Return the book at the closes of this step."""
        return self.book.equity(self._marks)

    def allocation(self) -> StrategyAllocation:
        """Its capital at the closes of this step: allocated, used, reserved and available."""
        return allocation(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def available(self) -> float:
        """What of its allocation is available."""
        return available(self._account, self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def chain(self, symbol: str | None, t: int) -> ChainView:
        """Return the chain of a symbol, None for the first that is one, at a moment that is not after now."""
        first = next(filter(self._options.has, self.symbols), self.symbols[0])
        return self._options.chain(symbol or first, t)

    def structures(self, t: int) -> tuple[HeldStructure, ...]:
        """Return the structures that it holds, as worth now."""
        return self._options.held(self.strategy_id, t)

    def waiting(self) -> tuple[Structure, ...]:
        """Return the structures that it has ordered and that are not filled yet."""
        return self._options.waiting(self.strategy_id)

    def instrument(self, symbol: str) -> Instrument:
        """Return a symbol's instrument."""
        return self._instruments[symbol]

    def publish(self, name: str, value: object) -> None:
        """Publish a fact for the other strategies."""
        self._facts.publish(self.strategy_id, name, value)

    def fact(self, strategy_id: str, name: str, default: object) -> object:
        """Return the newest fact of another strategy that this one may see."""
        return self._facts.fact(self.strategy_id, strategy_id, name, default)
