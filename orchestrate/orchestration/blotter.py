"""Orders that are decided and not yet filled, and the money held back for them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from orchestrate.domain.orders import Decision, Order, Reason


class Blotter:
    """Pending orders in the order they were placed. `rank` gives each strategy its place in the plan."""

    def __init__(self, rank: Mapping[str, int]) -> None:
        self._rank = rank
        self._pending: list[Order] = []
        self._resting: dict[str, Order] = {}
        self._placed: dict[str, int] = {}
        #: strategies that may hold, pending orders included, something else than when this was last cleared
        self.moved: set[str] = set()

    def __len__(self) -> int:
        """How many orders wait for their release."""
        return len(self._pending)

    def place(self, decision: Decision, reserve: float, reason: Reason = Reason.NONE) -> Order:
        """A new order; ids count up within each strategy, so that they are the same in every portfolio."""
        demand = decision.demand
        number = self._placed[demand.strategy_id] = self._placed.get(demand.strategy_id, 0) + 1
        order = Order(
            id=f"{demand.strategy_id}-{number}",
            strategy_id=demand.strategy_id,
            symbol=demand.symbol,
            quantity=decision.quantity,
            closing=demand.closing,
            reserve=reserve,
            reason=reason,
            native_order=demand.native_order,
            rests=demand.rests,
        )
        self._pending.append(order)
        self.moved.add(order.strategy_id)
        return order

    def reserved(self, strategy_id: str) -> float:
        """Money held for the strategy's open orders, pending and resting."""
        reserved = 0.0
        if self._pending:
            reserved = sum(o.reserve for o in self._pending if o.strategy_id == strategy_id)
        if self._resting:
            reserved += sum(o.reserve for o in self._resting.values() if o.strategy_id == strategy_id)
        return reserved

    def pending(self, strategy_id: str, symbol: str | None = None) -> list[Order]:
        """The strategy's pending orders, of one symbol or all."""
        return [o for o in self._pending if o.strategy_id == strategy_id and symbol in (None, o.symbol)]

    def take_due(self, symbols: Container[str]) -> list[Order]:
        """Take out the orders whose symbol has a bar now: closing ones first, then openings in plan order."""
        if not self._pending:
            return []
        due = [order for order in self._pending if order.symbol in symbols]
        if len(due) == len(self._pending):
            self._pending = []
        elif due:
            self._pending = [order for order in self._pending if order.symbol not in symbols]
        if len(due) > 1:
            due.sort(key=lambda order: (not order.closing, self._rank[order.strategy_id]))
        return due

    def symbols(self) -> set[str]:
        """The symbols that pending orders wait for."""
        return {order.symbol for order in self._pending}

    def rest(self, order: Order) -> None:
        """A released limit or stop order now lies in its engine; its reserve stays."""
        self._resting[order.id] = order

    def done(self, order: Order) -> None:
        """An order has been filled, as it was released or from where it rested."""
        if self._resting.pop(order.id, None) is not None:
            self.moved.add(order.strategy_id)

    def resting(self) -> list[Order]:
        """All orders that lie in an engine."""
        return list(self._resting.values())

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason) -> list[Order]:
        """Take out all open orders that `wanted` names, pending or resting; each comes back with `reason`."""
        if not self._pending and not self._resting:
            return []
        cancelled = [order for order in (*self._pending, *self._resting.values()) if wanted(order)]
        if not cancelled:
            return []
        self._pending = [order for order in self._pending if not wanted(order)]
        for order in cancelled:
            self.moved.add(order.strategy_id)
            self._resting.pop(order.id, None)
        return [replace(order, reason=reason) for order in cancelled]
