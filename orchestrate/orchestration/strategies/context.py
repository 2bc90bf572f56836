"""What `on_bar` is handed: its own book and its own bars up to now, and no way from there to anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Protocol, TypeVar

from orchestrate.domain.accounts import StrategyAllocation
from orchestrate.domain.books import Book, Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import Bars, PointInTimeBars
from orchestrate.orchestration.orders.requests import Standing

if TYPE_CHECKING:
    from orchestrate.domain.options.holding import HeldStructure
    from orchestrate.domain.options.structure import Structure
    from orchestrate.domain.options.view import ChainView

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class View(Standing, Protocol):
    """What a decider may know of its strategy's standing at this step."""

    strategy_id: str
    symbols: tuple[str, ...]
    book: Book

    def equity(self) -> float:
        """Return the book at the closes of this step."""

    def allocation(self) -> StrategyAllocation:
        """Its capital at the closes of this step."""

    def instrument(self, symbol: str) -> Instrument:
        """Return a symbol's instrument."""

    def publish(self, name: str, value: object) -> None:
        """Publish a fact for the other strategies."""

    def fact(self, strategy_id: str, name: str, default: object) -> object:
        """Return a fact of another strategy."""

    def chain(self, symbol: str | None, t: int) -> ChainView:
        """Return the chain of a symbol, None for the first that is one, at a moment that is not after now."""

    def structures(self, t: int) -> tuple[HeldStructure, ...]:
        """Return the structures that it holds, as worth now."""

    def waiting(self) -> tuple[Structure, ...]:
        """Return the structures that it has ordered and that are not filled yet."""


class Reach(NamedTuple):
    """All that a context can do, as functions: no attribute of them leads to the book, the columns or the desk."""

    cash: Callable[[], float]
    equity: Callable[[], float]
    allocation: Callable[[], StrategyAllocation]
    bars: Callable[[str, int], Bars]
    position: Callable[[str], Position | None]
    instrument: Callable[[str], Instrument]
    publish: Callable[[str, object], None]
    fact: Callable[[str, str, object], object]
    chain: Callable[[str | None, int], ChainView]
    structures: Callable[[int], tuple[HeldStructure, ...]]
    waiting: Callable[[], tuple[Structure, ...]]


def reach_of(view: View, past: Mapping[str, PointInTimeBars]) -> Reach:
    """Return what the strategy of `view` can reach; bars end at now, whatever size a context asks for."""

    def bars(symbol: str, size: int) -> Bars:
        known = past[symbol]
        return known.until(size if size <= known.limit else known.limit)

    def position(symbol: str) -> Position | None:
        held = view.book.positions.get(symbol)
        return held.copy() if held is not None else None

    return Reach(
        cash=lambda: view.book.cash,
        equity=_detached(view.equity),
        allocation=_detached(view.allocation),
        bars=bars,
        position=position,
        instrument=_detached(view.instrument),
        publish=_detached(view.publish),
        fact=_detached(view.fact),
        chain=_detached(view.chain),
        structures=_detached(view.structures),
        waiting=_detached(view.waiting),
    )


def _detached(method: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Return `method` without the attribute that leads to its object."""

    def call(*given: Given.args, **named: Given.kwargs) -> Answer:
        return method(*given, **named)

    return call


class StepContext:
    """The `Context` of one step; see domain/strategies/protocols.py. Costly parts are made on first use."""

    __slots__ = ("_reach", "_shown", "strategy_id", "symbols", "t", "updated")

    def __init__(
        self,
        t: int,
        strategy_id: str,
        symbols: tuple[str, ...],
        reach: Reach,
        shown: Mapping[str, int],
        updated: tuple[str, ...],
    ) -> None:
        self.strategy_id = strategy_id
        self.symbols = symbols
        self.t = t
        self.updated = updated
        self._reach, self._shown = reach, shown

    @property
    def cash(self) -> float:
        """The cash of the strategy's own book."""
        return self._reach.cash()

    @property
    def equity(self) -> float:
        """Cash and positions at the closes of this step."""
        return self._reach.equity()

    @property
    def allocation(self) -> StrategyAllocation:
        """What is allocated to the strategy, used, reserved for its open orders, and available."""
        return self._reach.allocation()

    @property
    def available(self) -> float:
        """What of the allocation is available."""
        return float(self._reach.allocation().available_capital)

    def bars(self, symbol: str | None = None) -> Bars:
        """Return the history of `symbol` (default: the first of `symbols`) up to now; empty before its first bar."""
        own = self.symbols[0] if symbol is None else self._own(symbol)
        return self._reach.bars(own, self._shown.get(own, 0))

    def position(self, symbol: str | None = None) -> Position | None:
        """Return a copy of the position in `symbol`, None when flat. Changing it changes nothing."""
        return self._reach.position(self._own(symbol))

    def chain(self, symbol: str | None = None) -> ChainView:
        """Return the chain of `symbol` (default: the first of `symbols` that is one) now: its newest quotes."""
        return self._reach.chain(None if symbol is None else self._own(symbol), self.t)

    @property
    def structures(self) -> tuple[HeldStructure, ...]:
        """The structures that are held, with what they are worth now."""
        return self._reach.structures(self.t)

    @property
    def waiting(self) -> tuple[Structure, ...]:
        """The structures that are ordered, to open or to close, and not filled yet."""
        return self._reach.waiting()

    def instrument(self, symbol: str | None = None) -> Instrument:
        """Return the instrument of `symbol` (default: the first of `symbols`): its multiplier, tick and precision."""
        return self._reach.instrument(self._own(symbol))

    def publish(self, name: str, value: object) -> None:
        """Publish a fact for the other strategies."""
        self._reach.publish(name, value)

    def fact(self, strategy_id: str, name: str, default: object = None) -> object:
        """Return the newest fact `name` of `strategy_id` that this strategy may see."""
        return self._reach.fact(strategy_id, name, default)

    def _own(self, symbol: str | None) -> str:
        if symbol is None:
            return self.symbols[0]
        if symbol not in self.symbols:
            raise KeyError(f"{symbol!r} is not a symbol of {self.strategy_id}; it has {', '.join(self.symbols)}")
        return symbol
