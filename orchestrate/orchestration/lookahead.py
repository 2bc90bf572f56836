"""Is a vectorised strategy honest? Recompute it on a history that ends earlier: the past must not change."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrate.domain.bars import whole_history
from orchestrate.domain.market import BarSeries, Flags
from orchestrate.domain.strategy import VectorStrategy
from orchestrate.orchestration.deciders import SIDES, Flagged, flags_of

#: How many cuts every backtest makes.
CUTS: Final = 8


@dataclass(frozen=True, slots=True)
class LookAheadReport:
    """What was found on one symbol. `first_row` is the first bar whose flags change when later bars are missing.

    `cuts` are the lengths at which history was cut; `unchecked` those at which the strategy could not be computed.
    """

    symbol: str
    cuts: tuple[int, ...]
    first_row: int | None = None
    side: str = ""
    unchecked: tuple[int, ...] = ()

    @property
    def honest(self) -> bool:
        """True when no cut changed the past."""
        return self.first_row is None


def check_lookahead(
    strategy: VectorStrategy,
    series: BarSeries,
    *,
    points: int = CUTS,
    seed: int = 0,
    twin: VectorStrategy | None = None,
) -> LookAheadReport:
    """Cut the history at up to `points` bars, half of them right behind a flag, where a peek would show best.

    `twin` is the same strategy made anew, of which each cut asks a copy, the shortest first. None of them has seen the
    whole: a strategy that keeps what it learnt at its first call, such as a mean, is found out too.
    """
    whole = flags_of(strategy, whole_history(series), series.symbol)
    cuts = choose_cuts(whole.any, points, seed)
    first: tuple[int, str] | None = None
    unchecked = []
    for cut in cuts:
        try:
            part = flags_of(strategy if twin is None else _copied(twin), whole_history(series, cut), series.symbol)
        except Exception:
            unchecked.append(cut)
            continue
        found = _first_difference(whole, part, cut)
        if found is not None and (first is None or found < first):
            first = found
    row, side = first if first is not None else (None, "")
    return LookAheadReport(series.symbol, cuts, row, side, tuple(unchecked))


def _copied(strategy: VectorStrategy) -> VectorStrategy:
    """A copy that has seen what `strategy` has; what can't be copied is taken as it is."""
    try:
        return deepcopy(strategy)
    except Exception:
        return strategy


def choose_cuts(flagged: Flags, points: int, seed: int) -> tuple[int, ...]:
    """Lengths between 1 and one less than the history, in order, the same for the same seed."""
    size = len(flagged)
    if size < 2:
        return ()
    if points >= size - 1:
        return tuple(range(1, size))
    generator = np.random.Generator(np.random.PCG64(seed))
    behind_flags = np.flatnonzero(flagged[: size - 1]) + 1
    wanted = min(points // 2, len(behind_flags))
    chosen = set(generator.choice(behind_flags, wanted, replace=False).tolist()) if wanted else set()
    while len(chosen) < points:
        chosen.add(int(generator.integers(1, size)))
    return tuple(sorted(chosen))


def _first_difference(whole: Flagged, part: Flagged, cut: int) -> tuple[int, str] | None:
    found: tuple[int, str] | None = None
    for side in SIDES:
        differs = getattr(whole, side)[:cut] != getattr(part, side)
        if differs.any():
            row = int(np.argmax(differs))
            if found is None or row < found[0]:
                found = (row, side)
    return found
