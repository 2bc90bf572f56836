"""Orders that are decided and not yet filled, and the money held back for them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from orchestrate.domain.orders import Decision, Order, Reason


class Blotter:
    """Pending orders in the order they were placed. `rank` gives each strategy its place in the plan."""

    def __init__(self, rank: Mapping[str, int]) -> None:
        self._rank = rank
        self._resting: dict[str, Order] = {}
        self._placed: dict[str, int] = {}
        self._pending: dict[str, Order] = {}  # those that wait for their release, in the order they were placed
        #: the same by strategy, found at once; only strategies that have one
        self.waiting: dict[str, list[Order]] = {}
        #: strategies that may hold, pending orders included, something else than when this was last cleared
        self.moved: set[str] = set()

    def place(self, decision: Decision, reserve: float, reason: Reason = Reason.NONE) -> Order:
        """A new order; ids count up within each strategy, so that they are the same in every portfolio."""
        demand = decision.demand
        owner = demand.strategy_id
        number = self._placed[owner] = self._placed.get(owner, 0) + 1
        order = Order(
            f"{owner}-{number}",
            owner,
            demand.symbol,
            decision.quantity,
            demand.closing,
            reserve,
            reason,
            demand.native_order,
            demand.rests,
        )
        self.moved.add(owner)
        self._pending[order.id] = order
        self.waiting.setdefault(owner, []).append(order)
        return order

    def reserved(self, strategy_id: str) -> float:
        """Money held for the strategy's open orders, pending and resting."""
        reserved = 0.0
        for order in self.waiting.get(strategy_id, ()):
            reserved += order.reserve
        if self._resting:
            reserved += sum(o.reserve for o in self._resting.values() if o.strategy_id == strategy_id)
        return reserved

    def pending(self, strategy_id: str) -> Sequence[Order]:
        """The strategy's pending orders."""
        return self.waiting.get(strategy_id, ())

    def take_due(self, symbols: Container[str]) -> list[Order]:
        """Take out the orders whose symbol has a bar now: closing ones first, then openings in plan order."""
        due: list[Order] = []
        left: dict[str, list[Order]] = {}
        for owner, orders in self.waiting.items():
            for order in orders:
                if order.symbol in symbols:
                    due.append(order)
                    del self._pending[order.id]
                else:
                    left.setdefault(owner, []).append(order)
        self.waiting = left
        if len(due) > 1:
            due.sort(key=lambda order: (not order.closing, self._rank[order.strategy_id]))
        return due

    def symbols(self) -> set[str]:
        """The symbols that pending orders wait for."""
        return {order.symbol for order in self._pending.values()}

    def rest(self, order: Order) -> None:
        """A released limit or stop order now lies in its engine; its reserve stays."""
        self._resting[order.id] = order

    def done(self, order: Order) -> None:
        """A resting order has been filled; to say so of any other order changes nothing."""
        if self._resting.pop(order.id, None) is not None:
            self.moved.add(order.strategy_id)

    def resting(self) -> list[Order]:
        """All orders that lie in an engine."""
        return list(self._resting.values())

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason) -> list[Order]:
        """Take out all open orders that `wanted` names, pending or resting; each comes back with `reason`."""
        if not self.waiting and not self._resting:
            return []
        cancelled = [order for order in (*self._pending.values(), *self._resting.values()) if wanted(order)]
        if not cancelled:
            return []
        left = {owner: [order for order in orders if not wanted(order)] for owner, orders in self.waiting.items()}
        self.waiting = {owner: orders for owner, orders in left.items() if orders}
        for order in cancelled:
            self.moved.add(order.strategy_id)
            if self._pending.pop(order.id, None) is None:
                del self._resting[order.id]
        return [replace(order, reason=reason) for order in cancelled]
