"""Every order's home, from its placing to its end, and the money held back for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from itertools import chain
from math import fsum
from typing import Final, Literal

from orchestrate.domain.errors import EngineError, OrderError
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import (
    FORCED,
    Decision,
    Demand,
    Fill,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Reason,
    trailing_level,
)
from orchestrate.domain.orders.terms import Bracket

#: Which orders are released: all, those of the open (portable ones that rest, forced ones), or all others.
Due = Literal["all", "resting", "others", "quoted"]
#: a name of this module is found several times as fast as a member of an enumeration
_RELEASED: Final = OrderStatus.RELEASED
_FILLED: Final = OrderStatus.FILLED
_MARKET: Final = OrderType.MARKET


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
        self._tags: dict[tuple[str, str], Order] = {}
        #: portable orders that rest or will, or need a position, by id; only of strategies and symbols that have one
        self.conditionals: dict[tuple[str, str], dict[str, Order]] = {}
        #: ids of strategies whose orders' changes of status are noted in `updates`
        self.followed: set[str] = set()
        self.updates: list[tuple[str, OrderUpdate]] = []
        #: open orders that close what an account has to close, by id
        self.forced: dict[str, Order] = {}
        #: pending orders by strategy, found at once; only strategies that have one
        self.waiting: dict[str, list[Order]] = {}
        #: strategies that may hold, pending orders included, something else than when this was last cleared
        self.moved: set[str] = set()
        #: how orders ended that did not fill as a whole
        self._ended: dict[str, OrderStatus] = {}
        #: strategies and symbols whose open orders may have another reserve than when this was last cleared
        self.reserving: dict[tuple[str, str], None] = {}
        #: symbols that are traded at quotes, not at prices of bars
        self.at_quotes: set[str] = set()
        #: by strategy id and symbol, positions in shares that came from options
        self.delivered: set[tuple[str, str]] = set()

    def place(self, demand: Demand, quantity: float, reserve: float, reason: Reason = Reason.NONE) -> Order:
        """Return a new order; ids count up within each strategy, so that they are the same in every portfolio."""
        owner = demand.strategy_id
        number = self._placed[owner] = self._placed.get(owner, 0) + 1
        name, closing = f"{owner}-{number}", demand.closing
        order = Order(name, owner, demand.symbol, quantity, closing, reserve, reason, demand.native_order)
        kind = demand.type
        if kind is not _MARKET:
            order.type, order.limit, order.trigger = kind, demand.limit, demand.trigger
            order.trail, order.until, order.day = demand.trail, demand.until, demand.day
            if order.trail is not None and order.trigger is None:
                order.trigger = trailing_level(demand.price, order.trail, buys=quantity > 0)
            self._depends(order, demand)
        elif demand.requires:
            self._depends(order, demand)
        order.group, order.bracket = demand.group, demand.bracket
        if demand.tag:
            order.tag = demand.tag
            self._tags[owner, order.tag] = order
        if owner in self.followed:
            self._note(order)
        self.moved.add(owner)
        if reason in FORCED:
            self.forced[name] = order
        if reserve:
            self.reserving[owner, demand.symbol] = None
        self._pending[name] = order
        self.waiting.setdefault(owner, []).append(order)
        return order

    def legs_of(self, order: Order) -> list[Order]:
        """Return the open orders of an order's structure, or that order alone."""
        return [one for one in self.open_orders() if one.group == order.group] if _is_leg(order) else [order]

    def _depends(self, order: Order, demand: Demand) -> None:
        """Note a portable order that rests, or needs to find its strategy in or out."""
        order.requires = demand.requires
        if not order.native_order:
            if order.rests:
                self._require_flat(order)
            self.conditionals.setdefault((order.strategy_id, order.symbol), {})[order.id] = order

    def _require_flat(self, resting: Order) -> None:
        """A market entry on its way needs its strategy flat from now on: what rests may open a position before."""
        for order in self.waiting.get(resting.strategy_id, ()):
            market_entry = order.type is _MARKET and not order.closing and not order.requires and not order.native_order
            if market_entry and order.symbol == resting.symbol and order.reason is Reason.NONE:
                order.requires = "flat"
                self.conditionals.setdefault((order.strategy_id, order.symbol), {})[order.id] = order

    # ---- what is there

    def open_orders(self) -> Iterable[Order]:
        """Return all open orders: those that wait for release, those that rest, those just handed to their engines."""
        return chain(self._pending.values(), self._resting.values(), self._released.values())

    def statuses(self) -> dict[str, OrderStatus]:
        """Return the status, by id, of all orders that ended without a whole fill, and of those that are open."""
        return self._ended | {order.id: order.status for order in self.open_orders()}

    def pending(self, strategy_id: str) -> Sequence[Order]:
        """Return the strategy's orders that wait for their release."""
        return self.waiting.get(strategy_id, ())

    def resting(self) -> list[Order]:
        """Return all orders that lie in an engine."""
        return list(self._resting.values())

    def unanswered(self) -> list[Order]:
        """Return orders that were handed to an engine, which has neither filled them nor let them rest."""
        return list(self._released.values())

    def named(self, strategy_id: str, name: str) -> list[Order]:
        """Return the strategy's open order that its engine calls `name`, if there is one."""
        return [order for order in self.open_orders() if order.strategy_id == strategy_id and order.name == name]

    def tagged(self, strategy_id: str, name: str) -> Order | None:
        """Return the strategy's open order of that tag or id; None where it is over."""
        order = self._tags.get((strategy_id, name))
        if order is not None:
            return order
        return next((one for one in self.open_orders() if one.id == name and one.strategy_id == strategy_id), None)

    def conditional(self, strategy_id: str, symbol: str) -> Collection[Order]:
        """Return the strategy's open portable orders on a symbol that rest, or need a position, as they were placed."""
        if not self.conditionals:
            return ()
        return self.conditionals.get((strategy_id, symbol), {}).values()

    def with_engine(self, order_id: str) -> Order | None:
        """Return the order of that id that an engine has; None where none has it."""
        return self._released.get(order_id) or self._resting.get(order_id)

    def is_booked(self, fill: Fill) -> bool:
        """Return True for a fill that is known already."""
        return fill.id in self._booked

    def pending_symbols(self) -> set[str]:
        """Return the symbols at whose next bar an order is released."""
        return {order.symbol for order in self._pending.values()}

    def reserved(self, strategy_id: str, granted: Sequence[float] = ()) -> float:
        """Return money held for the strategy's open orders, and for those that are just being `granted`."""
        reserved = 0.0
        for order in self.waiting.get(strategy_id, ()):
            reserved += order.reserve
        for reserve in granted:
            reserved += reserve
        if self._resting:
            reserved += fsum(o.reserve for o in self._resting.values() if o.strategy_id == strategy_id)
        return reserved

    def reserved_on(self, place: tuple[str, str]) -> float:
        """Return money held for open orders of a strategy on a symbol."""
        owner, symbol = place
        reserved = 0.0
        if owner in self.waiting:
            for order in self.waiting[owner]:
                if order.symbol == symbol:
                    reserved += order.reserve
        if self._resting:
            own = (order for order in self._resting.values() if order.strategy_id == owner and order.symbol == symbol)
            reserved += fsum(order.reserve for order in own)
        return reserved

    # ---- what becomes of them

    def release(self, symbols: Container[str], which: Due = "all") -> list[Order]:
        """Release the orders whose symbol has a bar now: closing ones first, then openings in plan order."""
        due: list[Order] = []
        left: dict[str, list[Order]] = {}
        for owner, orders in self.waiting.items():
            for order in orders:
                if order.symbol in symbols and self._is_due(order, which):
                    due.append(order)
                    del self._pending[order.id]
                    self._released[order.id] = order
                    order.become(_RELEASED)
                    if order.reserve:
                        self.reserving[owner, order.symbol] = None
                    if owner in self.followed:
                        self._note(order)
                else:
                    left.setdefault(owner, []).append(order)
        self.waiting = left
        if len(due) > 1:
            if self.conditionals:
                due.sort(key=self._place_at_release)
            else:
                due.sort(key=lambda order: (_waits(order), not order.closing, self._rank[order.strategy_id]))
        return due

    def _is_due(self, order: Order, which: Due) -> bool:
        """Return whether an order is among those that are released; one at a quote only where these are."""
        if order.price is not None or which == "quoted":
            return order.price is not None and which == "quoted"
        if self.at_quotes and (order.symbol in self.at_quotes or _is_leg(order)):
            return False
        return which == "all" or self._is_of_open(order) == (which == "resting")

    def _is_of_open(self, order: Order) -> bool:
        """Return whether an order is released at an open under either fill rule."""
        return _rests(order) or order.id in self.forced

    def _place_at_release(self, order: Order) -> tuple[bool, bool, int]:
        """Closing orders come first, then openings, in plan order; last what rests, unless a native opens by it."""
        rests = _waits(order)
        return rests, not order.closing and not rests, self._rank[order.strategy_id]

    def rest(self, order: Order, day_ends: int | None = None, row: int = 0) -> None:
        """Let a released order rest in its engine from `row` on; its reserve stays. One for the day has that end."""
        order.become(OrderStatus.RESTING)
        order.first_row = row
        if order.day:
            order.until = day_ends
        if order.strategy_id in self.followed:
            self._note(order)
        self._resting[order.id] = self._released.pop(order.id)

    def resize(self, order: Order, quantity: float) -> None:
        """Change how much an order is for, before it fills."""
        if order.filled or order.is_over:
            raise OrderError(f"order {order.id} is {order.status}, its quantity stays")
        order.quantity = quantity
        self.moved.add(order.strategy_id)

    def change(self, order: Order, quantity: float, reserve: float, limit: float | None, trigger: float | None) -> None:
        """Change the whole quantity and the prices of an order that rests, or will."""
        if order.is_over:
            raise OrderError(f"order {order.id} is {order.status}, it stays as it was")
        order.quantity, order.reserve, order.limit, order.trigger = quantity, reserve, limit, trigger
        self.reserving[order.strategy_id, order.symbol] = None
        self.moved.add(order.strategy_id)

    def protect(self, order: Order, bracket: Bracket | None) -> None:
        """Give an open order the exits that follow its fill."""
        order.bracket = bracket

    def require_flat(self, strategy_id: str, symbol: str) -> None:
        """Let market entries on their way fill only once the strategy is out of the symbol."""
        for order in self.pending(strategy_id):
            if order.symbol == symbol and not order.closing and not order.requires:
                order.requires = "flat"

    def rests_anew(self, order: Order, row: int) -> None:
        """Note that an order rests at other prices from `row` on."""
        order.first_row = row

    def fill(self, fill: Fill) -> Order | None:
        """Return the order of a fill, with the fill noted; None for one that is known already.

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
        if order.strategy_id in self.followed:
            self._note(order, fill.price)
        return order

    def _fill_whole(self, fill: Fill, order: Order) -> None:
        if order.native_order or (order.closing and order.rests and 0 < fill.quantity / order.quantity < 1):
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
        self.reserving[order.strategy_id, order.symbol] = None
        self.moved.add(order.strategy_id)

    def end(self, order: Order, status: OrderStatus, reason: Reason) -> None:
        """End the order without a (further) fill."""
        order.become(status)
        order.reason = reason
        self._ended[order.id] = status
        if order.strategy_id in self.followed:
            self._note(order)
        self.moved.add(order.strategy_id)  # a refused opening may let the same signal act again
        self._let_go(order)

    def _note(self, order: Order, price: float | None = None) -> None:
        """Note that the status of a portable order has changed."""
        update = OrderUpdate(order.id, order.tag, order.symbol, order.status, order.reason, order.filled, price)
        self.updates.append((order.strategy_id, update))

    def note_refusal(self, decision: Decision) -> None:
        """Note that a demand was refused before it became an order."""
        demand = decision.demand
        if demand.strategy_id in self.followed:
            refused = OrderUpdate("", demand.tag, demand.symbol, OrderStatus.REJECTED, decision.reason)
            self.updates.append((demand.strategy_id, refused))

    def _forget(self, order: Order) -> None:
        """The name of an order that is over is free, and nothing depends on what it needs."""
        if order.tag and self._tags.get((order.strategy_id, order.tag)) is order:
            del self._tags[order.strategy_id, order.tag]
        key = (order.strategy_id, order.symbol)
        own = self.conditionals.get(key)
        if own is not None and own.pop(order.id, None) is not None and not own:
            del self.conditionals[key]

    def has_margin_call(self, strategy_id: str | None) -> bool:
        """Return whether positions of the strategy, or of any where None is given, are still to close by margin."""
        return any(
            order.reason is Reason.MARGIN_CALL and strategy_id in (None, order.strategy_id)
            for order in self.forced.values()
        )

    def _let_go(self, order: Order) -> None:
        if self.forced:
            self.forced.pop(order.id, None)
        if order.tag or self.conditionals:
            self._forget(order)
        if self._released.pop(order.id, None) is not None:
            return
        self.moved.add(order.strategy_id)
        if order.reserve:
            self.reserving[order.strategy_id, order.symbol] = None
        if self._resting.pop(order.id, None) is None:
            del self._pending[order.id]
            self.waiting[order.strategy_id].remove(order)
            if not self.waiting[order.strategy_id]:
                del self.waiting[order.strategy_id]

    def where(self, wanted: Callable[[Order], bool]) -> list[Order]:
        """Return the open orders that `wanted` names: pending ones, then resting ones, then those just handed over."""
        if not self.waiting and not self._resting and not self._released:
            return []
        return [order for order in self.open_orders() if wanted(order)]


def _is_leg(order: Order) -> bool:
    return order.group is not None and order.group.kind == "legs"


def _rests(order: Order) -> bool:
    return order.rests and not order.native_order


def _waits(order: Order) -> bool:
    """Return whether an order is released after those that fill now; an exit may close what they open."""
    return order.rests and (order.closing or not order.native_order)


def _misfit(fill: Fill, order: Order) -> EngineError:
    reported = (fill.strategy_id, fill.symbol, fill.quantity)
    return EngineError(f"an engine fills {reported} where {order.id} was {order.remaining:g} of {order.symbol}")
