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
        self._placed: dict[str, int] = {}

    def __len__(self) -> int:
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
            decided_step=demand.step,
            reason=reason,
            native_order=demand.native_order,
        )
        self._pending.append(order)
        return order

    def reserved(self, strategy_id: str, besides: Container[str] = ()) -> float:
        """Money held for the strategy's pending orders, those with an id in `besides` left out."""
        return sum(o.reserve for o in self._pending if o.strategy_id == strategy_id and o.id not in besides)

    def pending(self, strategy_id: str, symbol: str | None = None) -> list[Order]:
        """The strategy's pending orders, of one symbol or all."""
        return [o for o in self._pending if o.strategy_id == strategy_id and symbol in (None, o.symbol)]

    def take_due(self, symbols: Container[str]) -> list[Order]:
        """Take out the orders whose symbol has a bar now: closing ones first, then openings in plan order."""
        if not self._pending:
            return []
        due = [order for order in self._pending if order.symbol in symbols]
        if due:
            self._pending = [order for order in self._pending if order.symbol not in symbols]
            due.sort(key=lambda order: (not order.closing, self._rank[order.strategy_id]))
        return due

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason) -> list[Order]:
        """Take out all orders that `wanted` names; each comes back with `reason`."""
        cancelled = [replace(order, reason=reason) for order in self._pending if wanted(order)]
        self._pending = [order for order in self._pending if not wanted(order)]
        return cancelled
