"""What an order of a native strategy would do to its position, with all others that wait or rest."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum

from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.engines.nautilus.hosting.orders.order_gate import parent_of

MARKET_TYPES = (OrderType.MARKET, OrderType.MARKET_TO_LIMIT)
#: They wait for a better price than the market's; what is neither this nor at the market is a stop.
_TARGETS = (OrderType.LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)


def signed(order: NativeOrder) -> float:
    """Return the order's quantity; negative for a sell."""
    quantity: float = round(order.quantity.as_double(), order.quantity.precision)
    return quantity if order.is_buy else -quantity


def price_of(order: NativeOrder, name: str) -> float | None:
    """Return the order's `price` or `trigger_price`; None where it has no such thing."""
    price = getattr(order, name, None)
    return None if price is None else round(price.as_double(), price.precision)


def only_reduces(order: NativeOrder) -> bool:
    """Return whether the exchange itself never lets the order open a position: reduce-only, or a bracket's exit."""
    return bool(order.is_reduce_only or parent_of(order))


def closes(order: NativeOrder, quantity: float, held: float, others: Iterable[NativeOrder]) -> bool:
    """Return whether an order of that signed quantity reduces what market orders and others of its kind leave.

    A stop and a target, each for all that is held, are both exits: once one has filled, the other closes nothing.
    """
    if only_reduces(order):
        return True
    held += fsum(signed(other) for other in _of_the_same(order, others) if other.order_type in MARKET_TYPES)
    held += fsum(signed(other) for other in alike(order, others))
    return held * quantity < 0 and abs(quantity) <= abs(held)


def alike(order: NativeOrder, others: Iterable[NativeOrder]) -> list[NativeOrder]:
    """Return which of `others` rest on the same side of the market; those of a market order rest on any."""
    same = [other for other in _of_the_same(order, others) if other.side == order.side]
    is_target, anywhere = order.order_type in _TARGETS, order.order_type in MARKET_TYPES
    resting = [other for other in same if other.order_type not in MARKET_TYPES]
    return [other for other in resting if anywhere or (other.order_type in _TARGETS) == is_target]


def opening(order: NativeOrder, held: float, waiting: Iterable[NativeOrder]) -> float:
    """Return the part of an order that would open a position if it filled after the market orders among `waiting`."""
    held += fsum(signed(other) for other in _of_the_same(order, waiting) if other.order_type in MARKET_TYPES)
    quantity = signed(order)
    return abs(quantity) if held * quantity >= 0 else max(0.0, abs(quantity) - abs(held))


def _of_the_same(order: NativeOrder, others: Iterable[NativeOrder]) -> Iterable[NativeOrder]:
    for other in others:
        if other.instrument_id == order.instrument_id and other.client_order_id != order.client_order_id:
            yield other
