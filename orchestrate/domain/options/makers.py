"""Structures by their names in the trade, from contracts.

A maker buys what its name says: a butterfly is long its wings, `sold` sells it. Iron condors and iron butterflies are
sold for a credit, as everybody does it; `reversed()` buys them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from orchestrate.domain.options.contract import OptionContract, Right
from orchestrate.domain.options.structure import Leg, Structure

_RIGHTS: Final[dict[Right, str]] = {"call": "a call", "put": "a put"}


def vertical(buy: OptionContract, sell: OptionContract, quantity: int = 1, tag: str = "") -> Structure:
    """Buy one option and sell another of the same right and expiry at another strike."""
    name = "a vertical"
    if buy.right != sell.right:
        raise ValueError(f"{name} has two calls or two puts, not {_RIGHTS[buy.right]} and {_RIGHTS[sell.right]}")
    _same_expiry(name, buy, sell)
    if buy.strike == sell.strike:
        raise ValueError(f"{name} has two strikes, not {buy.strike:g} twice")
    return Structure((Leg(buy, 1), Leg(sell, -1)), quantity, tag)


def iron_condor(
    long_put: OptionContract,
    short_put: OptionContract,
    short_call: OptionContract,
    long_call: OptionContract,
    quantity: int = 1,
    tag: str = "",
) -> Structure:
    """Sell a put and a call out of the money, and buy one further out of each; wings may differ in width."""
    wings = (long_put, short_put, short_call, long_call)
    _iron("an iron condor", *wings)
    _rising("an iron condor", *wings)
    return Structure(_by_ratio(wings, (1, -1, -1, 1)), quantity, tag)


def iron_butterfly(
    long_put: OptionContract,
    short_put: OptionContract,
    short_call: OptionContract,
    long_call: OptionContract,
    quantity: int = 1,
    tag: str = "",
) -> Structure:
    """Sell a put and a call at one strike, and buy one further out of each."""
    wings, name = (long_put, short_put, short_call, long_call), "an iron butterfly"
    _iron(name, *wings)
    if short_put.strike != short_call.strike:
        raise ValueError(
            f"{name} sells one strike, not {short_put.strike:g} and {short_call.strike:g}: see iron_condor"
        )
    _rising(name, long_put, short_put, long_call)
    return Structure(_by_ratio(wings, (1, -1, -1, 1)), quantity, tag)


def butterfly(
    low: OptionContract,
    middle: OptionContract,
    high: OptionContract,
    quantity: int = 1,
    tag: str = "",
    *,
    sold: bool = False,
) -> Structure:
    """Buy one option on each side and sell two in the middle, all calls or all puts; wings may differ in width."""
    name, parts = "a butterfly", (low, middle, high)
    if not low.right == middle.right == high.right:
        raise ValueError(f"{name} has three calls or three puts: see iron_butterfly for both")
    _same_expiry(name, *parts)
    _rising(name, *parts)
    return _sold(Structure(_by_ratio(parts, (1, -2, 1)), quantity, tag), sold)


def strangle(
    put: OptionContract, call: OptionContract, quantity: int = 1, tag: str = "", *, sold: bool = False
) -> Structure:
    """Buy, or sell, a put and a call at a higher strike."""
    name = "a strangle"
    _right(name, "put", put)
    _right(name, "call", call)
    _same_expiry(name, put, call)
    _rising(name, put, call)
    return _sold(Structure((Leg(put, 1), Leg(call, 1)), quantity, tag), sold)


def straddle(
    put: OptionContract, call: OptionContract, quantity: int = 1, tag: str = "", *, sold: bool = False
) -> Structure:
    """Buy, or sell, a put and a call of one strike."""
    name = "a straddle"
    _right(name, "put", put)
    _right(name, "call", call)
    _same_expiry(name, put, call)
    if put.strike != call.strike:
        raise ValueError(f"{name} has one strike, not {put.strike:g} and {call.strike:g}: see strangle")
    return _sold(Structure((Leg(put, 1), Leg(call, 1)), quantity, tag), sold)


def calendar(
    near: OptionContract, far: OptionContract, quantity: int = 1, tag: str = "", *, sold: bool = False
) -> Structure:
    """Sell an option and buy the one of the same right and strike that expires later."""
    name = "a calendar"
    if near.right != far.right:
        raise ValueError(f"{name} has two calls or two puts, not {_RIGHTS[near.right]} and {_RIGHTS[far.right]}")
    if near.strike != far.strike:
        raise ValueError(f"{name} has one strike, not {near.strike:g} and {far.strike:g}")
    if near.expiry >= far.expiry:
        raise ValueError(f"{name} sells what expires first: {near.symbol} doesn't expire before {far.symbol}")
    return _sold(Structure((Leg(near, -1), Leg(far, 1)), quantity, tag), sold)


def covered_call(call: OptionContract, shares: str = "", quantity: int = 1, tag: str = "") -> Structure:
    """Buy the shares that a call is on, and sell it; `shares` is their data symbol if not that of its underlying."""
    _right("a covered call", "call", call)
    return Structure((Leg(shares or call.underlying, call.multiplier), Leg(call, -1)), quantity, tag)


def cash_secured_put(put: OptionContract, quantity: int = 1, tag: str = "") -> Structure:
    """Sell a put."""
    _right("a cash-secured put", "put", put)
    return Structure((Leg(put, -1),), quantity, tag)


def collar(put: OptionContract, call: OptionContract, shares: str = "", quantity: int = 1, tag: str = "") -> Structure:
    """Buy shares and a put on them, and sell a call at a higher strike; `shares` as in `covered_call`."""
    name = "a collar"
    _right(name, "put", put)
    _right(name, "call", call)
    _same_expiry(name, put, call)
    _rising(name, put, call)
    if put.multiplier != call.multiplier:
        raise ValueError(f"{name} has options on as many shares, not {put.multiplier:g} and {call.multiplier:g}")
    legs = (Leg(shares or call.underlying, call.multiplier), Leg(put, 1), Leg(call, -1))
    return Structure(legs, quantity, tag)


def _by_ratio(contracts: tuple[OptionContract, ...], ratios: tuple[int, ...]) -> tuple[Leg, ...]:
    return tuple(map(Leg, contracts, ratios))


def _sold(structure: Structure, sold: bool) -> Structure:
    return structure.reversed() if sold else structure


def _iron(
    name: str,
    long_put: OptionContract,
    short_put: OptionContract,
    short_call: OptionContract,
    long_call: OptionContract,
) -> None:
    for put in (long_put, short_put):
        _right(name, "put", put)
    for call in (short_call, long_call):
        _right(name, "call", call)
    _same_expiry(name, long_put, short_put, short_call, long_call)


def _right(name: str, right: Right, contract: OptionContract) -> None:
    if contract.right != right:
        raise ValueError(f"{name} has {_RIGHTS[right]} where {contract.symbol} is given")


def _same_expiry(name: str, *contracts: OptionContract) -> None:
    """Refuse options that don't all expire at the same instant."""
    first = contracts[0]
    other = next((one for one in contracts if one.expiry != first.expiry), None)
    if other is not None:
        raise ValueError(f"{name} has one expiry, but {first.symbol} and {other.symbol} have two")


def _rising(name: str, *contracts: OptionContract) -> None:
    """Refuse strikes that don't rise from one option to the next."""
    strikes = [one.strike for one in contracts]
    if any(left >= right for left, right in pairwise(strikes)):
        raise ValueError(f"strikes of {name} rise from one to the next, not {', '.join(f'{k:g}' for k in strikes)}")
