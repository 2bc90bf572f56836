"""The least requirement by trying every pairing, one contract at a time: slow, and written from the rules alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from math import inf

from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.margin.requirement import Holding, MarginRule

FAR = 1e6


def least_requirement(holdings: Sequence[Holding], price: float, rule: MarginRule, shares: float) -> float:
    """Return the least over all pairings; infinite where there is none."""
    shorts = [one for one in holdings for _ in range(-one.quantity)]
    longs = [one for one in holdings for _ in range(one.quantity)]
    totals = (
        _naked([one for one, use in zip(shorts, uses, strict=True) if use == "naked"], price, rule)
        + _defined([one for one, use in zip(shorts, uses, strict=True) if use == "defined"], longs)
        - sum(_money(one, one.price) for one, use in zip(shorts, uses, strict=True) if use != "naked")
        + sum(_money(one, one.price) for one in longs)
        for uses in product(("naked", "defined", "covered"), repeat=len(shorts))
        if _is_covered([one for one, use in zip(shorts, uses, strict=True) if use == "covered"], shares)
    )
    return max(min(totals), 0.0)


def _money(one: Holding, points: float) -> float:
    return points * one.contract.multiplier


def _is_covered(calls: Sequence[Holding], shares: float) -> bool:
    return all(one.contract.is_call for one in calls) and sum(one.contract.multiplier for one in calls) <= shares


def _naked(shorts: Sequence[Holding], price: float, rule: MarginRule) -> float:
    """Return the least over all ways to make strangles of some."""
    if not rule.naked:
        return inf if shorts else 0.0
    calls = [one for one in shorts if one.contract.is_call]
    puts = [one for one in shorts if not one.contract.is_call]
    partners = [*puts, *[None] * len(calls)]
    least = inf
    for chosen in permutations(range(len(partners)), len(calls)):
        pairs = [(call, partners[at]) for call, at in zip(calls, chosen, strict=True)]
        alone = [put for at, put in enumerate(puts) if at not in chosen]
        total = sum(_strangle(call, put, price, rule) for call, put in pairs)
        least = min(least, total + sum(_alone(put, price, rule) for put in alone))
    return least


def _alone(one: Holding, price: float, rule: MarginRule) -> float:
    contract: OptionContract = one.contract
    if contract.is_call:
        margin = max(rule.rate * price - max(contract.strike - price, 0.0), rule.least * price)
    else:
        margin = max(rule.rate * price - max(price - contract.strike, 0.0), rule.least * contract.strike)
    return _money(one, one.mark + margin)


def _strangle(call: Holding, put: Holding | None, price: float, rule: MarginRule) -> float:
    if put is None:
        return _alone(call, price, rule)
    of_call, of_put = _alone(call, price, rule), _alone(put, price, rule)
    totals = {of_call: _money(put, put.mark), of_put: _money(call, call.mark)}
    if of_call == of_put:
        return of_call + min(_money(put, put.mark), _money(call, call.mark))
    return max(totals) + totals[max(totals)]


def _defined(shorts: Sequence[Holding], longs: Sequence[Holding]) -> float:
    """Return the least loss over all expiries at which longs may be used.

    What is won for certain counts for nothing.
    """
    expiries = sorted({one.contract.expiry for one in shorts})
    ends = [[None, *(expiry for expiry in expiries if expiry <= one.contract.expiry)] for one in longs]
    return min(sum(_losses(shorts, longs, places, expiries)) for places in product(*ends))


def _losses(
    shorts: Sequence[Holding], longs: Sequence[Holding], places: Sequence[int | None], expiries: Sequence[int]
) -> Iterator[float]:
    prices = [0.0, *sorted({one.contract.strike for one in [*shorts, *longs]}), FAR, 2 * FAR]
    for expiry in expiries:
        owed = [one.contract for one in shorts if one.contract.expiry == expiry]
        owned = [one.contract for one, place in zip(longs, places, strict=True) if place == expiry]
        losses = [
            sum(one.multiplier * one.intrinsic(price) for one in owed)
            - sum(one.multiplier * one.intrinsic(price) for one in owned)
            for price in prices
        ]
        yield inf if losses[-1] > losses[-2] else max(0.0, *losses)
