"""What a hosted strategy's orders demand, and which of them can't be demanded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import fsum
from typing import Final

from backtrader import Order as Native

from orchestrate.domain.orders.order import Demand, OrderGroup
from orchestrate.engines.hosting.host import Moment
from orchestrate.engines.hosting.orders import NativeOrders
from orchestrate.engines.hosting.refusals import NotHostedError, not_hosted

_TRIGGERED: Final = frozenset({Native.Stop, Native.StopLimit, Native.StopTrail, Native.StopTrailLimit})
_LIMITED: Final = frozenset({Native.StopLimit, Native.StopTrailLimit})
_HOSTED: Final = _TRIGGERED | {Native.Market, Native.Limit}


class Demands:
    """Turns the orders of one strategy into demands, named 1, 2, … in the order in which they are made.

    `orders` are its live orders by Backtrader's numbers.
    """

    def __init__(self, strategy_id: str, orders: NativeOrders[int], moment: Moment) -> None:
        self._strategy_id, self._orders, self._moment = strategy_id, orders, moment
        self._count = 0

    def make(
        self, order: Native, expected: float, live: Sequence[Native], ocos: Mapping[int, int], *, again: bool
    ) -> None:
        """Demand the order. `expected` will be held once waiting market orders have filled.

        `live` are the orders on the same data, `ocos` has the number that stands for each order's group.
        """
        self._count += 1
        parent = order.parent if order.parent is not None and order.parent.alive() else None
        demand = Demand(
            strategy_id=self._strategy_id,
            symbol=order.data._name,
            quantity=float(order.created.size),
            closing=self._is_closing(order, parent, expected, live, ocos),
            price=float(order.data.close[0]) if len(order.data) else 0.0,
            step=self._moment.step,
            t=self._moment.t,
            native_order=str(self._count),
            signalled=order.parent is None and not again,
            limit=_limit(order),
            trigger=float(order.created.price) if order.exectype in _TRIGGERED else None,
            group=OrderGroup.bracket(self._orders.name(parent.ref)) if parent is not None else None,
        )
        self._orders.demand(order.ref, demand)

    def _is_closing(
        self,
        order: Native,
        parent: Native | None,
        expected: float,
        live: Sequence[Native],
        ocos: Mapping[int, int],
    ) -> bool:
        """Return whether the order fits into the later holding that no other exit has claimed."""
        quantity = float(order.created.size)
        if parent is None:
            free = abs(expected) - self._claimed(order, live, ocos)
        else:
            expected += 0.0 if parent.exectype == Native.Market else parent.created.size
            free = abs(expected)
        return expected * quantity < 0 and abs(quantity) <= free

    def _claimed(self, order: Native, live: Sequence[Native], ocos: Mapping[int, int]) -> float:
        """Return what resting exits stand for already; of those that cancel each other only one will act.

        A stop claims nothing of what a limit closes: once one has filled, the other finds the rest.
        """
        if order.exectype == Native.Market:
            return 0.0
        groups: dict[int, float] = {}
        for other in live:
            is_exit = self._orders.is_closing(other.ref) and other.exectype != Native.Market
            is_alike = (other.exectype == Native.Limit) == (order.exectype == Native.Limit)
            if is_exit and is_alike and other.size * order.size > 0:
                group = other.parent.ref if other.parent is not None else ocos[other.ref]
                groups[group] = max(groups.get(group, 0.0), abs(other.executed.remsize))
        groups.pop(ocos[order.ref], None)
        return fsum(groups.values())


def refuse_order(order: Native, feeds: Mapping[str, object], siblings: Sequence[Native]) -> None:
    """NotHostedError for an order that can't be filled as the strategy expects."""
    what = f"an order of type {order.getordername()}"
    if order.exectype not in _HOSTED:
        raise not_hosted(what)
    if feeds.get(getattr(order.data, "_name", "")) is not order.data:
        raise NotHostedError(f"{what} on a data that is none of the strategy's own is not hosted")
    if order.exectype == Native.Market:
        if order.parent is not None:
            raise NotHostedError("a market order as a bracket's exit is not hosted")
        if any(sibling.exectype == Native.Market for sibling in siblings):
            raise NotHostedError("two market orders of which one cancels the other are not hosted")
        return
    prices = [order.created.price, *([order.created.pricelimit] if order.exectype in _LIMITED else [])]
    if any(price is None or not math.isfinite(price) for price in prices):
        raise ValueError(f"{what} needs a price that is a number, not {prices[-1]}")


def _limit(order: Native) -> float | None:
    if order.exectype == Native.Limit:
        return float(order.created.price)
    return float(order.created.pricelimit) if order.exectype in _LIMITED else None
