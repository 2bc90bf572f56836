"""What options use and hold back once more: the least requirement of all on one underlying, as a program of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from orchestrate.verification.facts import Contract, Floats, Run
from orchestrate.verification.ledger import Change

#: The rows of a program, and the most that each may be.
_Rows = list[tuple[Floats, float]]


@dataclass(frozen=True, slots=True)
class Leg:
    """A position in an option: its size, what it was traded at, what it counts for, what a naked one needs beside."""

    contract: Contract
    quantity: float
    price: float
    mark: float
    beside: float

    @property
    def alone(self) -> float:
        """What a naked one needs in all."""
        return (self.mark + self.beside) * self.contract.multiplier

    def worth(self, price: float) -> float:
        """Return what exercise is worth with the underlying at a price."""
        gain = price - self.contract.strike if self.contract.is_call else self.contract.strike - price
        return max(gain, 0.0) * self.contract.multiplier


def margins_of(run: Run, changes: Mapping[str, Sequence[Change]]) -> tuple[Floats, Floats]:
    """Return what the options of a strategy use, and what of its equity they hold back, at every step."""
    used, held = np.zeros(len(run.stamps)), np.zeros(len(run.stamps))
    for underlying in dict.fromkeys(run.contracts[symbol].underlying for symbol in changes if symbol in run.contracts):
        own = [
            symbol for symbol in changes if symbol in run.contracts and run.contracts[symbol].underlying == underlying
        ]
        paths = {symbol: _paths(changes[symbol], len(used)) for symbol in own}
        closes = {symbol: run.closes(symbol) for symbol in [*own, underlying]}
        shares = _paths(changes.get(underlying, ()), len(used))[0]
        for step in np.flatnonzero(sum(np.abs(quantity) for quantity, _ in paths.values())):
            there = [symbol for symbol in own if paths[symbol][0][step]]
            facts = [(run.contracts[one], paths[one][0][step], paths[one][1][step], closes[one][step]) for one in there]
            cost, margin = _required(facts, float(closes[underlying][step]), float(shares[step]))
            used[step] += cost
            held[step] += margin
    return used, held


def _paths(changes: Sequence[Change], steps: int) -> tuple[Floats, Floats]:
    """Return quantity and average price at every step."""
    quantity, average = np.zeros(steps), np.zeros(steps)
    for change in changes:
        quantity[change.step :], average[change.step :] = change.quantity, change.average
    return quantity, average


def _required(
    facts: Sequence[tuple[Contract, float, float, float]], price: float, shares: float
) -> tuple[float, float]:
    """Return what positions use by what they were traded at, and what they hold back by what they are worth."""
    then = [Leg(one, size, paid, paid, _beside(one, one.strike)) for one, size, paid, _ in facts]
    now = [Leg(one, size, paid, mark, _beside(one, price)) for one, size, paid, mark in facts]
    needed, gross = least(then, shares)[0], least(now, shares)[1]
    worth = sum(leg.quantity * leg.mark * leg.contract.multiplier for leg in now)
    return needed if needed < inf else 0.0, worth + gross


def _beside(contract: Contract, price: float) -> float:
    """Return what a naked short needs beside its premium, with the underlying at a price."""
    out = max(contract.strike - price if contract.is_call else price - contract.strike, 0.0)
    return max(contract.rate * price - out, 0.1 * (price if contract.is_call else contract.strike))


def least(legs: Sequence[Leg], shares: float) -> tuple[float, float]:
    """Return the least requirement, net of the credit of what is covered, and the losses and margins that it is of."""
    shorts, longs = [leg for leg in legs if leg.quantity < 0], [leg for leg in legs if leg.quantity > 0]
    paid = sum(leg.quantity * leg.price * leg.contract.multiplier for leg in longs)
    if not shorts:
        return paid, 0.0
    naked, cost = _solved(shorts, longs, shares)
    if cost == inf:
        return inf, inf
    premiums = [leg.price * leg.contract.multiplier for leg in shorts]
    brought = sum(-leg.quantity * one for leg, one in zip(shorts, premiums, strict=True))
    gross = cost - float(np.dot(naked, premiums))
    return max(cost - brought + paid, 0.0), gross


def _solved(shorts: Sequence[Leg], longs: Sequence[Leg], shares: float) -> tuple[Floats, float]:
    """Return how many of each short are naked, and losses, margins and kept premiums in all; infinite where none may.

    The unknowns are, in this order: shorts that are naked, shorts that shares cover, longs by the expiry at which they
    count, the loss at each expiry, and strangles of a naked call and a naked put.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    expiries = sorted({leg.contract.expiry for leg in shorts})
    counts = [
        (place, expiry) for place, leg in enumerate(longs) for expiry in expiries if leg.contract.expiry >= expiry
    ]
    pairs = [
        (one, two)
        for one, call in enumerate(shorts)
        for two, put in enumerate(shorts)
        if call.contract.is_call and not put.contract.is_call
    ]
    number, first = len(shorts), 2 * len(shorts) + len(counts)
    width = first + len(expiries) + len(pairs)
    costs = np.zeros(width)
    costs[:number] = [leg.alone + leg.price * leg.contract.multiplier for leg in shorts]
    costs[first : first + len(expiries)] = 1.0
    costs[first + len(expiries) :] = [-_saved(shorts[one], shorts[two]) for one, two in pairs]
    rows = [*_sizes(shorts, longs, counts, pairs, shares, width), *_losses(shorts, longs, counts, expiries, width)]
    highest, whole = np.full(width, inf), np.ones(width)
    whole[first : first + len(expiries)] = 0.0
    if shorts[0].contract.rate == 1.0:
        highest[:number] = 0.0
    table, most = np.array([row for row, _ in rows]), np.array([bound for _, bound in rows])
    bounds, options = Bounds(np.zeros(width), highest), {"mip_rel_gap": 0.0}
    best = milp(costs, integrality=whole, bounds=bounds, constraints=LinearConstraint(table, ub=most), options=options)
    if best.x is None:
        return np.zeros(number), inf
    return np.round(best.x[:number]), float(best.fun)


def _saved(call: Leg, put: Leg) -> float:
    """Return what a strangle saves: beside its premiums it needs the larger side's margin only."""
    sides = sorted((leg.alone, leg.beside * leg.contract.multiplier) for leg in (call, put))
    return max(one[1] for one in sides) if sides[0][0] == sides[1][0] else sides[0][1]


def _sizes(
    shorts: Sequence[Leg],
    longs: Sequence[Leg],
    counts: Sequence[tuple[int, float]],
    pairs: Sequence[tuple[int, int]],
    shares: float,
    width: int,
) -> _Rows:
    """Return that nothing is used more often than it is there."""
    number, strangles = len(shorts), width - len(pairs)
    rows: _Rows = []
    for place, leg in enumerate(shorts):
        row, naked = np.zeros(width), np.zeros(width)
        row[[place, number + place]] = 1.0
        naked[place] = -1.0
        naked[[strangles + at for at, pair in enumerate(pairs) if place in pair]] = 1.0
        rows += [(row, -leg.quantity), (naked, 0.0)]
    for place, leg in enumerate(longs):
        row = np.zeros(width)
        row[[2 * number + at for at, (one, _) in enumerate(counts) if one == place]] = 1.0
        rows.append((row, leg.quantity))
    row, puts = np.zeros(width), np.zeros(width)
    row[number : 2 * number] = [leg.contract.multiplier if leg.contract.is_call else 0.0 for leg in shorts]
    puts[number : 2 * number] = [0.0 if leg.contract.is_call else 1.0 for leg in shorts]
    return [*rows, (row, max(shares, 0.0)), (puts, 0.0)]


def _losses(
    shorts: Sequence[Leg],
    longs: Sequence[Leg],
    counts: Sequence[tuple[int, float]],
    expiries: Sequence[float],
    width: int,
) -> _Rows:
    """Return that the loss at an expiry is at least that at each strike and at 0, and that it doesn't rise for ever."""
    number, rows = len(shorts), []
    prices = [0.0, *sorted({leg.contract.strike for leg in [*shorts, *longs]}), inf]
    for at, expiry in enumerate(expiries):
        for price in prices:
            row, bound = np.zeros(width), 0.0
            for place, leg in enumerate(shorts):
                if leg.contract.expiry == expiry:
                    row[[place, number + place]] = -_worth(leg, price)
                    bound += leg.quantity * _worth(leg, price)
            for place, (one, counted) in enumerate(counts):
                if counted == expiry:
                    row[2 * number + place] = -_worth(longs[one], price)
            if price < inf:
                row[2 * number + len(counts) + at] = -1.0
            rows.append((row, bound))
    return rows


def _worth(leg: Leg, price: float) -> float:
    """Return what exercise is worth; beyond all prices, by how much that grows."""
    if price == inf:
        return leg.contract.multiplier if leg.contract.is_call else 0.0
    return leg.worth(price)
