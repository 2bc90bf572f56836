"""What signals are made of: quantities, terms of orders and of structures, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrate.domain.orders.terms import NO_TERMS, Bracket, Number, OrderTerms, Tif, Until, finite, positive

if TYPE_CHECKING:  # a configuration is read without numpy
    from orchestrate.domain.options.holding import HeldStructure
    from orchestrate.domain.options.structure import Leg, Structure


def whole(legs: Structure | Iterable[Leg], quantity: int, tag: str) -> Structure:
    """Return a structure of these legs; a given one keeps its quantity and its tag where these say nothing else."""
    from orchestrate.domain.options.structure import Structure

    if not isinstance(legs, Structure):
        return Structure(tuple(legs), quantity, tag)
    return Structure(legs.legs, legs.quantity if quantity == 1 else quantity, tag or legs.tag)


def structure_of(held: HeldStructure | Structure) -> Structure:
    """Return the structure that is held."""
    from orchestrate.domain.options.structure import Structure

    return held if isinstance(held, Structure) else held.structure


def net_terms(limit: Number | None, tif: Tif, until: Until | None, tag: str) -> OrderTerms:
    """Return the terms of a structure's order, whose limit may be a credit."""
    if limit is None:
        return terms_of(None, None, None, tif, until, tag)
    whole = OrderTerms.of(1.0, tif=tif, until=until, tag=tag)
    return replace(whole, limit=finite("limit", limit))


def units(quantity: Number | None) -> float | None:
    """Return a quantity as a float; None stays, for the plan to size."""
    return None if quantity is None else positive("quantity", quantity)


def terms_of(
    limit: Number | None,
    stop: Number | None,
    trail: Number | None,
    tif: Tif,
    until: Until | None,
    tag: str,
    bracket: Bracket | None = None,
) -> OrderTerms:
    """Return the terms of an order; a plain market order has those that all of them share."""
    plain = limit is None and stop is None and trail is None and bracket is None and until is None
    if plain and not tag and tif == "gtc":
        return NO_TERMS
    return OrderTerms.of(limit, stop, trail, tif, until, tag, bracket)


def order_name(given: object) -> str:
    """Return the tag or the id of an order; TypeError for anything else."""
    if not isinstance(given, str) or not given:
        raise TypeError(f"name must be the tag or the id of an order, not {given!r}")
    return given
