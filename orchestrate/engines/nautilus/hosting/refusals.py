"""What a native Nautilus strategy can't have, refused by name; docs/natives.md lists it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import TimeInForce, TriggerType
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.orders import Order as NativeOrder
from nautilus_trader.trading.strategy import Strategy

from orchestrate.engines.hosting.refusals import NotHostedError, not_hosted, refusing

_AUCTIONS = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)
#: Data that a run doesn't have. Subscribing to quotes and trades is allowed: as in any run on bars, there are none.
_NOT_HOSTED = {
    "subscribe_order_book_deltas": "an order book",
    "subscribe_order_book_depth": "an order book",
    "subscribe_order_book_at_interval": "an order book",
    "subscribe_data": "custom data",
    "request_order_book_snapshot": "an order book",
    "request_order_book_depth": "an order book",
    "request_order_book_deltas": "an order book",
    "request_aggregated_bars": "aggregation inside Nautilus",
    "add_synthetic": "a synthetic instrument",
    "queue_for_executor": "an executor",
    "run_in_executor": "an executor",
}


#: A timer of one second may run through a weekend of three days.
MOST_TIMER_EVENTS: Final = 300_000


def refuse_unknown_data(strategy: Strategy, bar_types: tuple[BarType, ...]) -> None:
    """Make the strategy raise NotHostedError for data that the run doesn't have; to be called before it registers."""
    for name, what in _NOT_HOSTED.items():
        if hasattr(strategy, name):
            setattr(strategy, name, refusing(f"{type(strategy).__name__}.{name}: {what}"))
    strategy.subscribe_bars = _known_only(strategy.subscribe_bars, bar_types)


def _known_only(subscribe: Callable[..., None], known: tuple[BarType, ...]) -> Callable[..., None]:
    @wraps(subscribe)
    def subscribe_bars(bar_type: BarType, *arguments: object, **named: object) -> None:
        if bar_type not in known:
            have = ", ".join(str(each) for each in known)
            why = "aggregation inside Nautilus is not hosted" if bar_type.is_internally_aggregated() else "no such bars"
            raise NotHostedError(f"subscribe_bars({bar_type}): {why}; this strategy has {have}")
        subscribe(bar_type, *arguments, **named)

    return subscribe_bars


def refuse_flood(due: dict[str, int]) -> None:
    """NotHostedError for timers (by name, how often each fires before the next bar) that fire too often."""
    total = sum(due.values())
    if total > MOST_TIMER_EVENTS:
        name = max(due, key=lambda name: due[name])
        raise NotHostedError(
            f"its timers fire {total:,} times before the next bar, {name!r} alone {due[name]:,} times; "
            f"at most {MOST_TIMER_EVENTS:,} times between two bars are hosted"
        )


def require_hosted(strategy: Strategy, order: NativeOrder, position_id: PositionId | None) -> None:
    """NotHostedError for an order that would not do what it says."""
    name = order.client_order_id.value
    if order.strategy_id != strategy.id:
        raise NotHostedError(f"order {name} is of strategy {order.strategy_id}; {strategy.id} can submit its own only")
    if order.emulation_trigger != TriggerType.NO_TRIGGER:
        raise not_hosted(f"order {name}: an emulated order")
    if order.exec_algorithm_id is not None:
        raise not_hosted(f"order {name}: the execution algorithm {order.exec_algorithm_id}")
    if order.is_quote_quantity:
        raise not_hosted(f"order {name}: a quantity in the quote currency")
    if order.time_in_force in _AUCTIONS:
        raise not_hosted(f"order {name}: an order at the open or at the close, for which Nautilus has no auctions,")
    if position_id is not None and position_id.value != f"{order.instrument_id}-{order.strategy_id}":
        raise NotHostedError(
            f"order {name}: a position of its own ({position_id}) is not hosted: a book has one a symbol"
        )


def unfit(order: NativeOrder, native: NativeInstrument | None) -> str:
    """Return why no exchange would take the order; "" where it would."""
    if native is None:
        return f"no instrument {order.instrument_id} here"
    if order.quantity.precision != native.size_precision:
        return f"quantity {order.quantity} has not the size precision of {native.id}, {native.size_precision}"
    for name in ("price", "trigger_price", "activation_price"):
        price = getattr(order, name, None)
        if price is not None and price.precision != native.price_precision:
            return f"{name} {price} has not the price precision of {native.id}, {native.price_precision}"
    return ""
