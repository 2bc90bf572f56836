"""The crossing as strategies that are called at every bar. Both averages lie within one window of closes, so their
distance is one product of that window with fixed weights.
"""

from __future__ import annotations

import numpy as np

from orchestrate import Bars, Context, Position, Signal

SAME = 1e-9  # as in scene.py; this file stands alone, so that a configuration can name it


def distance(fast: int, slow: int) -> np.ndarray:
    """Weights whose product with `slow` closes is the fast average less the slow one."""
    weights = np.full(slow, -1.0 / slow)
    weights[-fast:] += 1.0 / fast
    return weights


class Stateless:
    """The crossing as an `IStrategy`."""

    def __init__(self, fast: int = 20, slow: int = 50) -> None:
        self.slow = slow
        self.weights = distance(fast, slow)

    def should_enter(self, bars: Bars) -> bool:
        close = bars.close
        if len(close) <= self.slow or close[-self.slow :].dot(self.weights) <= SAME:
            return False
        return close[-self.slow - 1 : -1].dot(self.weights) <= SAME

    def should_exit(self, position: Position, bars: Bars) -> bool:
        close = bars.close
        if close[-self.slow :].dot(self.weights) >= -SAME:
            return False
        return close[-self.slow - 1 : -1].dot(self.weights) >= -SAME


class Running:
    """The crossing as `on_bar`, which remembers the distance of the bar before."""

    def __init__(self, fast: int = 20, slow: int = 50) -> None:
        self.slow = slow
        self.weights = distance(fast, slow)
        self.gap = 0.0

    def on_bar(self, context: Context) -> Signal | None:
        bars = context.bars()
        close = bars.close
        if len(close) < self.slow:
            return None
        before, self.gap = self.gap, close[-self.slow :].dot(self.weights)
        if len(close) == self.slow:
            return None
        if before <= SAME < self.gap:
            return Signal.enter(bars.symbol)
        return Signal.exit(bars.symbol) if before >= -SAME > self.gap else None
