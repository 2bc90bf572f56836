"""How every two strategies of a run did together: correlation, deep drawdowns at the same time, overlap in time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final

import numpy as np

from orchestrate.analytics.correlation import Matrix
from orchestrate.analytics.returns import curve_of
from orchestrate.domain.market.timeline import Flags
from orchestrate.domain.results import RunResult
from orchestrate.domain.strategies.compatibility import Pair, PairStatistics

_HOUR: Final = 3_600 * 10**9
_DAY: Final = 24 * _HOUR
#: The longest average holding of each horizon, in nanoseconds; "years" is longer than all.
HORIZONS: Final = {"minutes": _HOUR, "hours": _DAY, "days": 7 * _DAY, "weeks": 30 * _DAY, "months": 365 * _DAY}
#: A drawdown is deep from this part of the deepest one on.
_DEEP = 0.5


def pair_statistics(result: RunResult, correlation: Matrix) -> dict[Pair, PairStatistics]:
    """Return the statistics of every pair, in the order of the plan; `correlation` is the matrix of the run."""
    deep = {name: _deep(result, name) for name in result.strategies}
    exposed = {name: strategy.exposed for name, strategy in result.strategies.items()}
    return {
        (first, second): PairStatistics(
            correlation=correlation[first][second],
            joint_drawdowns=_shared(deep, first, second, both_needed=True),
            overlap=_shared(exposed, first, second),
        )
        for first, second in combinations(result.strategies, 2)
    }


def horizon(result: RunResult, name: str) -> str:
    """Return how long a strategy holds on average, as an order of magnitude; "" where it has held nothing.

    One that has closed nothing holds at least until the end, and none holds for less than a bar.
    """
    strategy = result.strategies[name]
    bars = result.labels[strategy.has_bar]
    held = [trade.exited - trade.entered for trade in strategy.trades]
    held = held or [int(bars[-1]) - position.opened_at for position in strategy.open_positions]
    if not held or len(bars) < 2:
        return ""
    average = max(sum(held) / len(held), int(np.diff(bars).min()))
    return next((magnitude for magnitude, most in HORIZONS.items() if average < most), "years")


def _deep(result: RunResult, name: str) -> Flags:
    """Return the steps at which a strategy's drawdown was at least half of its deepest."""
    curve = curve_of([result.strategies[name]])
    equity = np.concatenate([[curve.initial], curve.equity])
    peaks = np.maximum.accumulate(equity)
    drawdowns = np.divide(equity, peaks, out=np.ones_like(equity), where=peaks > 0)[1:] - 1.0
    deepest = float(drawdowns.min(initial=0.0))
    flags: Flags = (drawdowns <= _DEEP * deepest) & (drawdowns < 0.0)
    return flags


def _shared(flags: Mapping[str, Flags], first: str, second: str, *, both_needed: bool = False) -> float | None:
    """Return the share of the steps marked for either that are marked for both; None where there are none."""
    mine, theirs = flags[first], flags[second]
    if both_needed and not (mine.any() and theirs.any()):
        return None
    either = int(np.count_nonzero(mine | theirs))
    return int(np.count_nonzero(mine & theirs)) / either if either else None
