"""Every order's home, from its placing to its end, and the money held back for it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from orchestrate.domain.errors import EngineError, OrderError
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Demand, Fill, Order, OrderStatus, Reason, trailing_level

#: a name of this module is found several times as fast as a member of an enumeration
_RELEASED: Final = OrderStatus.RELEASED
_FILLED: Final = OrderStatus.FILLED


class Blotter:
    """The open orders of a run, portable and native ones. `rank` gives each strategy its place in the plan.

    Orders change their status here and nowhere else; what has ended is let go of. Others hold ids.
    """

    def __init__(self, rank: Mapping[str, int]) -> None:
        self._rank = rank
        self._placed: dict[str, int] = {}
        self._pending: dict[str, Order] = {}  # in the order they were placed
        self._released: dict[str, Order] = {}  # handed to their engines, which have not answered
        self._resting: dict[str, Order] = {}  # what lies in an engine until the market reaches it
        self._booked: set[str] = set()
        #: pending orders by strategy, found at once; only strategies that have one
        self.waiting: dict[str, list[Order]] = {}
        #: strategies that may hold, pending orders included, something else than when this was last cleared
        self.moved: set[str] = set()

    def place(self, demand: Demand, quantity: float, reserve: float, reason: Reason = Reason.NONE) -> Order:
        """A new order; ids count up within each strategy, so that they are the same in every portfolio."""
        owner = demand.strategy_id
        number = self._placed[owner] = self._placed.get(owner, 0) + 1
        name, closing = f"{owner}-{number}", demand.closing
        order = Order(name, owner, demand.symbol, quantity, closing, reserve, reason, demand.native_order)
        if demand.rests:
            order.type, order.limit, order.trigger = demand.type, demand.limit, demand.trigger
            order.trail, order.until = demand.trail, demand.until
            if order.trail is not None and order.trigger is None:
                order.trigger = trailing_level(demand.price, order.trail, buys=quantity > 0)
        order.group = demand.group
        self.moved.add(owner)
        self._pending[name] = order
        self.waiting.setdefault(owner, []).append(order)
        return order

    # ---- what is there

    def open_orders(self) -> Iterable[Order]:
        """All of them: those that wait for their release, those that rest, those just handed to their engines."""
        return chain(self._pending.values(), self._resting.values(), self._released.values())

    def pending(self, strategy_id: str) -> Sequence[Order]:
        """The strategy's orders that wait for their release."""
        return self.waiting.get(strategy_id, ())

    def resting(self) -> list[Order]:
        """All orders that lie in an engine."""
        return list(self._resting.values())

    @property
    def has_resting(self) -> bool:
        """True while any order lies in an engine."""
        return bool(self._resting)

    def owners_reached(self, symbols: Container[str]) -> set[str]:
        """Strategies with an order that lies in an engine and whose symbol has a bar now."""
        return {order.strategy_id for order in self._resting.values() if order.symbol in symbols}

    def unanswered(self) -> list[Order]:
        """Orders that were handed to an engine, which has neither filled them nor let them rest."""
        return list(self._released.values())

    def named(self, strategy_id: str, name: str) -> list[Order]:
        """The strategy's open order that its engine calls `name`, if there is one."""
        return [order for order in self.open_orders() if order.strategy_id == strategy_id and order.name == name]

    def with_engine(self, order_id: str) -> Order | None:
        """The order of that id that an engine has; None where none has it."""
        return self._released.get(order_id) or self._resting.get(order_id)

    def is_booked(self, fill: Fill) -> bool:
        """True for a fill that is known already."""
        return fill.id in self._booked

    def symbols(self) -> set[str]:
        """The symbols whose next bar may move an order: pending ones wait for it, resting ones may be reached."""
        symbols = {order.symbol for order in self._pending.values()}
        return symbols | {order.symbol for order in self._resting.values()} if self._resting else symbols

    def reserved(self, strategy_id: str, granted: Sequence[float] = ()) -> float:
        """Money held for the strategy's open orders, and for those that are just being `granted`."""
        reserved = 0.0
        for order in self.waiting.get(strategy_id, ()):
            reserved += order.reserve
        for reserve in granted:
            reserved += reserve
        if self._resting:
            reserved += sum(o.reserve for o in self._resting.values() if o.strategy_id == strategy_id)
        return reserved

    # ---- what becomes of them

    def release(self, symbols: Container[str]) -> list[Order]:
        """Release the orders whose symbol has a bar now: closing ones first, then openings in plan order.

        Portable orders that rest need no bar: their engine lets them wait for the next one.
        """
        due: list[Order] = []
        left: dict[str, list[Order]] = {}
        for owner, orders in self.waiting.items():
            for order in orders:
                if order.symbol in symbols or (order.rests and not order.native_order):
                    due.append(order)
                    del self._pending[order.id]
                    self._released[order.id] = order
                    order.become(_RELEASED)
                else:
                    left.setdefault(owner, []).append(order)
        self.waiting = left
        if len(due) > 1:
            due.sort(key=lambda order: (not order.closing, self._rank[order.strategy_id]))
        return due

    def rest(self, order: Order) -> None:
        """A released order lies in its engine from now on; its reserve stays."""
        order.become(OrderStatus.RESTING)
        self._resting[order.id] = self._released.pop(order.id)

    def resize(self, order: Order, quantity: float) -> None:
        """Change how much an order is for, before it fills."""
        if order.filled or order.is_over:
            raise OrderError(f"order {order.id} is {order.status}, its quantity stays")
        order.quantity = quantity
        self.moved.add(order.strategy_id)

    def fill(self, fill: Fill) -> Order | None:
        """The order of a fill, with the fill noted; None for one that is known already.

        EngineError for an order that isn't with an engine, and for another quantity than was ordered.
        """
        name = fill.id if fill.part else fill.order_id
        if name in self._booked:
            return None
        order = self._released.get(fill.order_id) or self._resting.get(fill.order_id)
        if order is None:
            raise EngineError(f"an engine reports a fill of order {fill.order_id!r}, which it does not have")
        if fill.part:
            self._fill_part(fill, order)
        else:
            self._fill_whole(fill, order)
        self._booked.add(name)
        return order

    def _fill_whole(self, fill: Fill, order: Order) -> None:
        if order.native_order:
            order.quantity = fill.quantity  # an exit is cut by its engine to what is held
        if fill.quantity != order.quantity or fill.symbol != order.symbol or fill.strategy_id != order.strategy_id:
            raise _misfit(fill, order)
        order.filled = fill.quantity
        order.become(_FILLED)
        self._let_go(order)

    def _fill_part(self, fill: Fill, order: Order) -> None:
        before = order.remaining
        if (fill.strategy_id, fill.symbol) != (order.strategy_id, order.symbol) or not 0 < fill.quantity / before <= 1:
            raise _misfit(fill, order)
        order.filled = rounded(order.filled + fill.quantity)
        order.reserve *= order.remaining / before
        if order.remaining:
            order.become(OrderStatus.PARTIALLY_FILLED)
            if self._released.pop(order.id, None) is not None:
                self._resting[order.id] = order
        else:
            order.become(OrderStatus.FILLED)
            self._let_go(order)
        self.moved.add(order.strategy_id)

    def end(self, order: Order, status: OrderStatus, reason: Reason) -> None:
        """The order is over without a (further) fill."""
        order.become(status)
        order.reason = reason
        self.moved.add(order.strategy_id)
        self._let_go(order)

    def _let_go(self, order: Order) -> None:
        if self._released.pop(order.id, None) is not None:
            return
        self.moved.add(order.strategy_id)
        if self._resting.pop(order.id, None) is None:
            del self._pending[order.id]
            self.waiting[order.strategy_id].remove(order)
            if not self.waiting[order.strategy_id]:
                del self.waiting[order.strategy_id]

    def where(self, wanted: Callable[[Order], bool]) -> list[Order]:
        """The open orders that `wanted` names: pending ones, then resting ones, then those just handed over."""
        if not self.waiting and not self._resting and not self._released:
            return []
        return [order for order in self.open_orders() if wanted(order)]


def _misfit(fill: Fill, order: Order) -> EngineError:
    reported = (fill.strategy_id, fill.symbol, fill.quantity)
    return EngineError(f"an engine fills {reported} where {order.id} was {order.remaining:g} of {order.symbol}")
