"""Orders whose price is given: legs of structures at their quotes, and what expiring options come to."""

from __future__ import annotations

from dataclasses import replace

from orchestrate.domain.books import Book, closing_and_opening
from orchestrate.domain.orders.order import Demand, Order, Reason
from orchestrate.orchestration.orders.blotter import Blotter


def price_leg(blotter: Blotter, book: Book, order: Order, price: float) -> None:
    """Give the order of a leg its price; what of it closes and what opens become two orders."""
    closing, opening = closing_and_opening(book.quantity(order.symbol), order.quantity)
    order.price, order.closing = price, bool(closing)
    if closing and opening:
        blotter.resize(order, closing)
        beside = Demand(order.strategy_id, order.symbol, opening, False, price, 0, 0, group=order.group)
        blotter.place(beside, opening, 0.0, order.reason).price = price


def place_priced(
    blotter: Blotter,
    book: Book,
    demand: Demand,
    *,
    fee: float | None = None,
    reserve: float = 0.0,
    reason: Reason = Reason.NONE,
) -> list[Order]:
    """Place the order of a demand at its price; two where one part of it closes and the other opens."""
    orders: list[Order] = []
    parts = zip(closing_and_opening(book.quantity(demand.symbol), demand.quantity), (True, False), strict=True)
    for quantity, closing in parts:
        if not quantity:
            continue
        part = replace(demand, quantity=quantity, closing=closing)
        order = blotter.place(part, quantity, 0.0 if orders else reserve, reason)
        order.price, order.fee = demand.price, None if fee is None else fee * (quantity / demand.quantity)
        orders.append(order)
    return orders
