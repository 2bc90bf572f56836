"""Compute time-weighted curves: the earnings of money, without what was added or taken away meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.results import StrategyResult, Transfers


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The values at every step of a capital that nothing was added to or taken from, and the `initial` one."""

    initial: float
    equity: Floats


def curve_of(strategies: Sequence[StrategyResult]) -> Curve:
    """Return the curve of strategies taken together: their equity, or growth of 1 where money came or went.

    Transfers among them are none.
    """
    initial = float(sum((each.allocated for each in strategies), Decimal(0)))
    earned = np.asarray(np.sum([each.earned for each in strategies], axis=0), dtype=np.float64)
    flows = [each.transfers.flows for each in strategies if each.transfers is not None]
    total = np.round(np.sum(flows, axis=0), 2) if flows else None
    if total is None or not total.any():
        return Curve(initial, earned)
    return Curve(1.0, growth(initial, Transfers(total, earned)))


def growth(initial: float, transfers: Transfers) -> Floats:
    """Return what 1 has grown to at each step: (e[t] - flow[t]) / e[t-1] after each other, e[-1] being `initial`.

    Without capital there is no return; a gain on none counts as the loss of everything. A book that only ever owed,
    such as that of a short position which was kept, gains and loses on what it owes.
    """
    earned = transfers.earned
    before = np.concatenate([[initial], (earned + transfers.so_far)[:-1]])
    before = np.where(np.maximum.accumulate(before) <= 0.0, np.abs(before), before)
    gains = np.diff(earned, prepend=initial)
    returns = np.where(gains == 0.0, 0.0, -1.0)
    with np.errstate(all="ignore"):
        np.divide(gains, before, out=returns, where=before != 0.0)
        return np.asarray(np.cumprod(1.0 + returns), dtype=np.float64)
