"""Orders between the orchestrator and an engine: handed over, not filled yet, in the order in which they came.

Shared by all engines, and no engine's own: it holds no price, no position and no money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from orchestrate.domain.errors import EngineError, OrchestrateError
from orchestrate.domain.orders import Order, StrategyCommand


class Handover:
    """A queue of orders, each waiting for the next open or close of a bar of its symbol.

    `rows` are the bars of the step under way.
    """

    def __init__(self, framework: str) -> None:
        self._framework = framework
        self._waiting: dict[str, Order] = {}
        self._now: int | None = None
        self.rows: Mapping[str, int] = {}

    def take(self, commands: Sequence[StrategyCommand]) -> None:
        """Submit and cancel. To cancel what is filled or was never handed over changes nothing."""
        for command in commands:
            order = command.order
            if command.action == "submit":
                if order.id in self._waiting:
                    raise EngineError(f"{self._framework}: order {order.id} was handed over twice")
                self._waiting[order.id] = order
            elif command.action == "cancel":
                self._waiting.pop(order.id, None)
            else:
                raise EngineError(
                    f"{self._framework}: order {order.id} is no native's own, {command.action} is no answer to it"
                )

    def advance(self, t: int, rows: Mapping[str, int]) -> list[Order]:
        """The step at t begins; take out the orders that fill at its opens."""
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


def raise_broken(framework: str, about: Iterable[str], error: Exception) -> NoReturn:
    """Pass on what an engine raised, as an EngineError that names the orders or symbols; our own errors as they are.

    A function for an `except` clause, not a context manager: to enter one takes as long as a part of the fill.
    """
    if isinstance(error, OrchestrateError):
        raise error
    raise EngineError(f"{framework} broke at {', '.join(about)}: {type(error).__name__}: {error}") from error


def refuse_crossing(held: float, quantity: float) -> None:
    """ValueError for an order through zero: engines split its fee in ways of their own."""
    if held * quantity < 0 and abs(quantity) > abs(held):
        raise ValueError(f"an order of {quantity:g} would cross zero with {held:g} held; a flip is two orders")
