"""Orders between the orchestrator and an engine: handed over, not filled yet, in the order in which they came.

Shared by all engines, and no engine's own: it holds no position and no money. Market orders fill at the next open or
close of their symbol, all others rest until a bar reaches them (see `resting`). The engine makes each fill.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from orchestrate.domain.errors import EngineError, OrchestrateError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Ended, Order, OrderType, Reason, StrategyCommand
from orchestrate.engines.resting import Reached, RestingOrder

_MARKET = OrderType.MARKET


class DueFill(NamedTuple):
    """What an engine is to fill of an order now: at `price`, which slips where the order has no limit."""

    order: Order
    quantity: float
    price: float
    part: int = 0


@dataclass(slots=True, eq=False)
class _Resting:
    """An order that rests, how it does, and what is left of it after so many parts."""

    order: Order
    rule: RestingOrder
    left: float
    parts: int = 0


class PendingFills:
    """A queue of orders, each waiting for the next open or close of a bar of its symbol, or for a bar that reaches it.

    `rows` are the bars of the step under way. `largest_fill` is the most that one bar fills of an order that rests.
    """

    def __init__(self, framework: str, largest_fill: float = math.inf) -> None:
        self._framework, self._largest_fill = framework, largest_fill
        self._waiting: dict[str, Order] = {}
        self._now: int | None = None
        self._market: Market
        self._ended: list[Ended] = []
        self.rows: Mapping[str, int] = {}
        #: by id, in the order in which they came
        self.resting: dict[str, _Resting] = {}

    def begin(self, market: Market) -> None:
        """Begin a run on the bars of `market`."""
        self._market = market

    def take(self, commands: Sequence[StrategyCommand]) -> None:
        """Take in orders and cancels. A cancel of what is filled or was never handed over changes nothing."""
        for command in commands:
            order = command.order
            if command.action == "submit":
                if order.id in self._waiting or order.id in self.resting:
                    raise EngineError(f"{self._framework}: order {order.id} was handed over twice")
                if order.type is _MARKET:
                    self._waiting[order.id] = order
                else:
                    rule = RestingOrder.of(order, self._market.instruments[order.symbol].precision)
                    self.resting[order.id] = _Resting(order, rule, order.quantity)
            elif command.action == "cancel":
                if self._waiting.pop(order.id, None) is None:
                    self.resting.pop(order.id, None)
            else:
                raise EngineError(
                    f"{self._framework}: order {order.id} is no native's own, {command.action} is no answer to it"
                )

    def advance(self, t: int, rows: Mapping[str, int]) -> list[Order]:
        """Begin the step at t; take out the orders that fill at its opens."""
        self._now, self.rows = t, rows
        return self._due()

    def close(self, t: int) -> list[Order]:
        """Take out the orders that fill at the closes of the step at t, which must be under way."""
        if t != self._now:
            raise EngineError(f"{self._framework}: the step at {t} is to close, but the last that began is {self._now}")
        return self._due()

    def _due(self) -> list[Order]:
        if not self._waiting:
            return []
        rows, waiting = self.rows, self._waiting
        due = [order for order in waiting.values() if order.symbol in rows]
        if len(due) == len(waiting):
            waiting.clear()
        for order in due if waiting else ():
            del waiting[order.id]
        return due

    # ---- orders that rest

    def reached(self, held: Callable[[str, str], float]) -> Iterator[DueFill]:
        """Yield what the bars of the step reach: at their opens, then the rest, each in the order in which they came.

        `held` returns what a strategy holds of a symbol; each fill must be made before the next one is taken. Orders
        that end here without a fill are among `ended`.
        """
        for resting, reached in self._live_through_bars():
            order = resting.order
            quantity = self._fillable(resting, held(order.strategy_id, order.symbol))
            if quantity:
                yield self._take_part(resting, quantity, reached.price)
                if order.closing and order.id in self.resting and not held(order.strategy_id, order.symbol):
                    self._end(order, Reason.NOTHING_TO_CLOSE)

    def _live_through_bars(self) -> list[tuple[_Resting, Reached]]:
        """Take every order that rests through its symbol's bar; return those that are reached."""
        bars = {}
        matches = []
        for resting in list(self.resting.values()):
            symbol, until = resting.order.symbol, resting.order.until
            if symbol not in self.rows:
                continue
            if until is not None and self._now is not None and until < self._now:
                self._end(resting.order, Reason.EXPIRED)
                continue
            if symbol not in bars:
                bars[symbol] = self._market.series[symbol].bar(self.rows[symbol])
            reached = resting.rule.reached(bars[symbol])
            resting.rule = resting.rule.after(bars[symbol])
            if reached is not None:
                matches.append((resting, reached))
        matches.sort(key=lambda each: not each[1].at_open)
        return matches

    def _fillable(self, resting: _Resting, held: float) -> float:
        """Return how much of an order fills: an exit closes at most what is held, an entry doesn't go against it."""
        order, quantity = resting.order, math.copysign(min(abs(resting.left), self._largest_fill), resting.left)
        if order.closing:
            if held * quantity >= 0:
                self._end(order, Reason.NOTHING_TO_CLOSE)
                return 0.0
            return quantity if abs(quantity) <= abs(held) else -held
        if held * quantity < 0:
            self._end(order, Reason.CANCELLED)
            return 0.0
        return quantity

    def _take_part(self, resting: _Resting, quantity: float, price: float) -> DueFill:
        order = resting.order
        resting.left = rounded(resting.left - quantity)
        if not resting.left:
            del self.resting[order.id]
        if resting.left or resting.parts:
            resting.parts += 1
        return DueFill(order, quantity, price, resting.parts)

    def _end(self, order: Order, reason: Reason) -> None:
        del self.resting[order.id]
        self._ended.append(Ended(order.strategy_id, order.name, reason))

    def ended(self) -> tuple[Ended, ...]:
        """Return the orders that ended without a further fill since this was last called."""
        ended, self._ended = self._ended, []
        return tuple(ended)


def raise_broken(framework: str, about: Iterable[str], error: Exception) -> NoReturn:
    """Raise what an engine raised as an EngineError that names the orders or symbols; our own errors as they are.

    A function for an `except` clause, not a context manager: to enter one takes as long as a part of the fill.
    """
    if isinstance(error, OrchestrateError):
        raise error
    raise EngineError(f"{framework} broke at {', '.join(about)}: {type(error).__name__}: {error}") from error


def refuse_crossing(held: float, quantity: float) -> None:
    """ValueError for an order through zero: engines split its fee in ways of their own."""
    if held * quantity < 0 and abs(quantity) > abs(held):
        raise ValueError(f"an order of {quantity:g} would cross zero with {held:g} held; a flip is two orders")
