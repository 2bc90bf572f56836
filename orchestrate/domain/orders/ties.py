"""What an order needs when it is reached, and what ends with its fill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrate.domain.orders.order import Order, Reason


def misses(order: Order, held: float) -> bool:
    """Return True where an order that is reached is cancelled: an entry while in, an add without a position to add to.

    Without a requirement, an order to open never goes against what is held.
    """
    if order.requires == "position":
        return held * order.quantity <= 0
    return held != 0 if order.requires == "flat" else held * order.quantity < 0


def ended_by(filled: Order, held: float, others: Iterable[Order]) -> Iterator[tuple[Order, Reason]]:
    """Yield which of `others`, portable orders of the same strategy and symbol, end, and why.

    `held` is what the strategy holds of the symbol after the fill.
    """
    pair = filled.group if filled.group is not None and filled.group.kind != "legs" else None
    for other in others:
        if other is filled:
            continue
        if pair is not None and (other.group is pair or other.group == pair):
            yield other, Reason.OCO
        elif not held and _belongs_to_closed(other, filled):
            yield other, Reason.POSITION_CLOSED


def _belongs_to_closed(other: Order, closing: Order) -> bool:
    """Return True for exits that rest and adds of the position that `closing` closed; not for those of the next one."""
    same_side = other.quantity * closing.quantity > 0
    return (other.closing and other.rests and same_side) or (other.requires == "position" and not same_side)
