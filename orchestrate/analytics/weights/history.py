"""The returns that strategies would have had: of the closes of their own symbols, equally weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from orchestrate.analytics.weights.estimate import StrategyReturns
from orchestrate.domain.market.timeline import Closes, Stamps


def common_stamps(closes: Mapping[str, Closes], symbols: Mapping[str, Sequence[str]]) -> Stamps:
    """Return the stamps at which every one of the strategies' `symbols` has a close."""
    used = dict.fromkeys(symbol for own in symbols.values() for symbol in own)
    return reduce(np.intersect1d, (_priced(closes[symbol]).stamps for symbol in used))


def returns_of(closes: Mapping[str, Closes], symbols: Mapping[str, Sequence[str]], stamps: Stamps) -> StrategyReturns:
    """Return simple returns from each of `stamps` to the next; a strategy's is the mean of its own symbols'."""
    returns = {}
    for symbol in dict.fromkeys(symbol for own in symbols.values() for symbol in own):
        one = closes[symbol]
        prices = one.closes[np.searchsorted(one.stamps, stamps)]
        returns[symbol] = prices[1:] / prices[:-1] - 1.0
    columns = [np.mean([returns[symbol] for symbol in own], axis=0) for own in symbols.values()]
    return StrategyReturns(tuple(symbols), stamps[1:], np.column_stack(columns))


def _priced(one: Closes) -> Closes:
    """Return the closes from which a return can be made: above zero."""
    good = np.isfinite(one.closes) & (one.closes > 0.0)
    return Closes(one.stamps[good], one.closes[good])
