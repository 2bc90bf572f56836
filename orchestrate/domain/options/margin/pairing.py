"""The cheapest way to pair positions into structures.

Of each short, so many contracts go into the defined risk of their expiry, so many are covered by shares, and the rest
is naked; a naked call and a naked put can be one strangle. Each long contract goes into the defined risk of one expiry
that it lives to see. All that is defined at one expiry is one structure, whose loss is the greatest over prices of the
underlying: the greatest of a sum is never above the sum of the greatest, so that no division of it costs less. Losses
at different expiries add up, since the underlying may go anywhere in between.

What is best is a program in whole numbers, with a number for each use of contracts and one for the loss at each expiry.
A loss is convex between the strikes of longs. It is therefore greatest at 0, at one of these strikes, or beyond the
last, where it must not rise: each of these is a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import fsum, inf
from typing import Final, Literal

import numpy as np

from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.margin.integer_program import greatest
from orchestrate.domain.values import value

#: What covering a contract saves that may not be naked, in greatest losses, by expiry: more than it can cost.
_MUST: Final = 4.0
#: What runs out: contracts of the short or long at a place, shares, or the loss at an expiry and a price then.
_Limit = tuple[Literal["short", "long", "shares", "loss"], float, float]
_SHARES: Final[_Limit] = ("shares", 0, 0)


@value
class Short:
    """Contracts that are owed.

    `saves` is what covering one of them saves; infinite where they must be covered. `alone` is the margin of one that
    is naked, `beside` the part of it that isn't the premium.
    """

    contract: OptionContract
    quantity: int
    saves: float = inf
    alone: float = 0.0
    beside: float = 0.0


@value
class Long:
    """Contracts that are owned."""

    contract: OptionContract
    quantity: int


@value
class Pairing:
    """How many of each short are naked and covered by shares; what defined risk loses, and what strangles save."""

    naked: tuple[int, ...]
    covered: tuple[int, ...]
    loss: float
    saved: float


@value
class _Use:
    """A way to use contracts: what one saves against naked shorts and idle longs, and what it takes of each limit.

    What it takes of a loss is negative for a long. `place` is that of the short or long.
    """

    kind: Literal["defined", "covered", "owned", "strangle"]
    saves: float
    takes: dict[_Limit, float]
    place: int = -1


def best_pairing(shorts: Sequence[Short], longs: Sequence[Long], shares: float = 0.0) -> Pairing:
    """Return the pairing that costs least; the same positions in the same order give the same."""
    scale = max(short.contract.strike * short.contract.multiplier for short in shorts)
    expiries = sorted({short.contract.expiry for short in shorts})
    must = _MUST * scale * (len(expiries) + 2)
    uses = [
        *(use for expiry in expiries for use in _defined(shorts, longs, expiry, must)),
        *_covered(shorts, shares, must),
        *_strangles(shorts),
    ]
    limits: dict[_Limit, float] = {_SHARES: max(shares, 0.0)}
    limits.update({("short", place, 0): short.quantity for place, short in enumerate(shorts)})
    limits.update({("long", place, 0): long.quantity for place, long in enumerate(longs)})
    return _pairing(shorts, uses, _numbers(uses, limits, scale))


def saving(call: Short, put: Short) -> float:
    """Return what a strangle saves: of the side that needs less only the premium counts."""
    if call.alone == put.alone:
        return max(call.beside, put.beside)
    return call.beside if call.alone < put.alone else put.beside


# ---- the uses


def _saved(short: Short, must: float) -> float:
    """Return what covering one saves."""
    return must if short.saves == inf else short.saves


def _defined(shorts: Sequence[Short], longs: Sequence[Long], expiry: int, must: float) -> Iterator[_Use]:
    """Yield the uses of shorts that expire then, and of longs that cover them."""
    owed = [(place, short) for place, short in enumerate(shorts) if short.contract.expiry == expiry]
    owned = [(place, long.contract) for place, long in enumerate(longs) if long.contract.expiry >= expiry]
    prices = [0.0, *sorted({contract.strike for _, contract in owned}), inf]
    for place, short in owed:
        losses: dict[_Limit, float] = {("loss", expiry, price): _worth(short.contract, price) for price in prices}
        yield _Use("defined", _saved(short, must), {("short", place, 0): 1.0, **losses}, place)
    for place, contract in owned:
        losses = {("loss", expiry, price): -_worth(contract, price) for price in prices}
        yield _Use("owned", 0.0, {("long", place, 0): 1.0, **losses}, place)


def _covered(shorts: Sequence[Short], shares: float, must: float) -> Iterator[_Use]:
    """Yield the uses of calls that shares cover."""
    for place, short in enumerate(shorts):
        units = short.contract.multiplier
        if short.contract.is_call and units <= shares:
            yield _Use("covered", _saved(short, must), {("short", place, 0): 1.0, _SHARES: units}, place)


def _strangles(shorts: Sequence[Short]) -> Iterator[_Use]:
    """Yield a use for each naked call and put that count less together."""
    for one, call in enumerate(shorts):
        for other, put in enumerate(shorts):
            if call.contract.is_call and not put.contract.is_call and saving(call, put) > 0:
                yield _Use("strangle", saving(call, put), {("short", one, 0): 1.0, ("short", other, 0): 1.0})


def _worth(contract: OptionContract, price: float) -> float:
    """Return what exercising a contract is worth; at an infinite price, by how much that grows."""
    if price == inf:
        return contract.multiplier if contract.is_call else 0.0
    return contract.multiplier * contract.intrinsic(price)


# ---- the program


def _numbers(uses: Sequence[_Use], limits: dict[_Limit, float], scale: float) -> list[int]:
    """Return how many of each use are best. A long that has one place only is there, where it can't harm."""
    places = Counter(use.place for use in uses if use.kind == "owned")
    fixed = {
        number: limits["long", use.place, 0]
        for number, use in enumerate(uses)
        if use.kind == "owned" and places[use.place] == 1
    }
    room = {limit: limits.get(limit, 0.0) for use in uses for limit in use.takes}
    for number, quantity in fixed.items():
        for limit, taken in uses[number].takes.items():
            room[limit] -= taken * quantity
    free = [use for number, use in enumerate(uses) if number not in fixed]
    best = iter(_best(free, room, scale))
    return [round(fixed[number] if number in fixed else next(best)) for number in range(len(uses))]


def _best(uses: Sequence[_Use], room: dict[_Limit, float], scale: float) -> list[float]:
    """Solve the program. Strangles, which come last, are whole where the rest is: they are a problem of transport."""
    rows = {limit: row for row, limit in enumerate(room)}
    ends = dict.fromkeys(expiry for kind, expiry, _ in room if kind == "loss")
    expiries = {expiry: column for column, expiry in enumerate(ends, len(uses))}
    table = np.zeros((len(rows), len(uses) + len(expiries)))
    for column, use in enumerate(uses):
        for limit, taken in use.takes.items():
            table[rows[limit], column] = taken
    for (kind, expiry, price), row in rows.items():
        if kind == "loss" and price < inf:
            table[row, expiries[expiry]] = -scale
    limits = np.array(list(room.values()))
    losses = [row for (kind, _, _), row in rows.items() if kind == "loss"]
    table[losses] /= scale
    limits[losses] /= scale
    gains = np.array([*(use.saves / scale for use in uses), *(-1.0 for _ in expiries)])
    best: list[float] = greatest(gains, table, limits, sum(use.kind != "strangle" for use in uses)).tolist()
    return best[: len(uses)]


def _pairing(shorts: Sequence[Short], uses: Sequence[_Use], numbers: Sequence[int]) -> Pairing:
    """Return what the numbers mean, added up anew, so that no rounding of the search is left in it."""
    used = {kind: [0] * len(shorts) for kind in ("defined", "covered")}
    taken: dict[_Limit, list[float]] = {}
    for use, number in zip(uses, numbers, strict=True):
        if use.kind in used:
            used[use.kind][use.place] += number
        for limit, one in use.takes.items():
            taken.setdefault(limit, []).append(one * number)
    worst: dict[float, float] = {}
    for (kind, expiry, price), parts in taken.items():
        if kind == "loss" and price < inf:
            worst[expiry] = max(worst.get(expiry, 0.0), fsum(parts))
    saved = fsum(use.saves * number for use, number in zip(uses, numbers, strict=True) if use.kind == "strangle")
    both = zip(shorts, used["defined"], used["covered"], strict=True)
    naked = tuple(short.quantity - defined - covered for short, defined, covered in both)
    return Pairing(naked, tuple(used["covered"]), fsum(worst.values()), saved)
