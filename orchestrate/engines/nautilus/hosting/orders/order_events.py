"""Nautilus's events on orders, as its engines would send them to a strategy."""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import OrderCanceled, OrderDenied, OrderModifyRejected, OrderUpdated
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NativeOrder


def denied(order: NativeOrder, reason: str, now: int) -> OrderDenied:
    """Return the event of an order that was refused before any exchange saw it."""
    return OrderDenied(*_names_of(order), reason, UUID4(), now)


def cancelled(order: NativeOrder, now: int) -> OrderCanceled:
    """Return the event that cancels an order."""
    return OrderCanceled(*_names_of(order), order.venue_order_id, order.account_id, UUID4(), now, now)


def updated(order: NativeOrder, quantity: Quantity, price: Any, trigger_price: Any, now: int) -> OrderUpdated:
    """Return the event that changes an order."""
    venue = order.venue_order_id, order.account_id
    return OrderUpdated(*_names_of(order), *venue, quantity, price, trigger_price, UUID4(), now, now)


def change_rejected(order: NativeOrder, reason: str, now: int) -> OrderModifyRejected:
    """Return the event of a refused change; the order stays as it is."""
    return OrderModifyRejected(*_names_of(order), order.venue_order_id, order.account_id, reason, UUID4(), now, now)


def _names_of(order: NativeOrder) -> tuple[object, ...]:
    """Return whose order it is, with which every event begins."""
    return order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id
