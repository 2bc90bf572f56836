"""What an option is worth: by its quotes while it lives, by the price of its underlying when it expires."""

from __future__ import annotations

import numpy as np

from orchestrate.verification.facts import Bars, Contract, Floats, Stamps

#: Closer to its strike than this, an option is not exercised.
LEAST: float = 0.01
_DAY = 86_400 * 10**9


def bars_of(contract: Contract, underlying: Bars) -> Bars:
    """Return the marks of a contract as bars; the last one has what it is worth when it is settled."""
    lives = contract.instants <= contract.expiry
    moments = contract.moments[lives]
    prices = _marks(contract, underlying)[lives]
    row = settled_at(contract, underlying)
    if row is not None:
        before = moments < underlying.stamps[row]
        moments = np.append(moments[before], underlying.stamps[row])
        prices = np.append(prices[before], worth_at(contract, settlement_price(contract, underlying)))
    return Bars(moments, moments, prices, prices, prices, prices, contract.length)


def _marks(contract: Contract, underlying: Bars) -> Floats:
    """Return the middle of the newest quote with both sides that counts, else what exercise is worth."""
    marks = np.empty(len(contract.moments))
    both = (contract.bid > 0) & (contract.ask > 0)
    quoted, middles = contract.quoted[both], (contract.bid[both] + contract.ask[both]) / 2
    for place, moment in enumerate(contract.moments.tolist()):
        row = max(int(np.searchsorted(underlying.stamps, moment, side="right")) - 1, 0)
        marks[place] = worth_at(contract, float(underlying.close[row]))
        newest = int(np.searchsorted(quoted, moment, side="right")) - 1
        if newest >= 0 and moment - quoted[newest] <= contract.max_age:
            marks[place] = middles[newest]
    return marks


def worth_at(contract: Contract, price: float) -> float:
    """Return what exercising one unit is worth with the underlying at `price`."""
    return max((price - contract.strike) * (1.0 if contract.is_call else -1.0), 0.0)


def settled_at(contract: Contract, underlying: Bars) -> int | None:
    """Return the row of the underlying's bar that settles a contract; None where the data ends before it.

    It is the first one that is made at the expiry or later; of days, the one of its last session or a later one.
    """
    ends, expiry = _ends(contract, underlying)
    reached = ends >= expiry
    return int(np.argmax(reached)) if reached.any() else None


def settlement_price(contract: Contract, underlying: Bars) -> float:
    """Return what the underlying counts at as a contract is settled: what is given, else its last close by then.

    NaN where the data ends before.
    """
    row = settled_at(contract, underlying)
    if row is None:
        return float("nan")
    if contract.settles_at is not None:
        return contract.settles_at
    ends, expiry = _ends(contract, underlying)
    return float(underlying.close[max(row - int(ends[row] > expiry), 0)])


def _ends(contract: Contract, underlying: Bars) -> tuple[Stamps, int]:
    """Return when each close of the underlying is made, and the expiry in the same terms; those of days are days."""
    if underlying.length >= _DAY:
        return underlying.labels // _DAY, contract.expiry // _DAY
    return underlying.stamps + contract.lag, contract.expiry


def is_exercised(contract: Contract, price: float) -> bool:
    """Return whether a contract that expires is worth enough to be exercised."""
    return round(worth_at(contract, price), 8) >= LEAST


def quote_at(contract: Contract, moment: int) -> tuple[float, float]:
    """Return the bid and ask that can be traded at a moment, NaN for a side that is missing."""
    row = int(np.searchsorted(contract.quoted, moment, side="right")) - 1
    if row < 0 or moment - contract.quoted[row] > contract.max_age:
        return np.nan, np.nan
    bid, ask = float(contract.bid[row]), float(contract.ask[row])
    return bid if bid > 0 else np.nan, ask if ask > 0 else np.nan
