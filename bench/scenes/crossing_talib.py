"""The crossing as `on_bar` with TA-Lib's averages, apart from the others, which don't need it."""

from __future__ import annotations

from bench.scenes.scene import SAME
from orchestrate import Context, Indicator, Signal


class Streaming:
    """The crossing as `on_bar`, with averages that go along with the bars."""

    def __init__(self, fast: int = 20, slow: int = 50) -> None:
        self.fast, self.slow = Indicator("SMA", timeperiod=fast), Indicator("SMA", timeperiod=slow)
        self.period = slow
        self.gap = 0.0

    def on_bar(self, context: Context) -> Signal | None:
        bars = context.bars()
        before, self.gap = self.gap, self.fast(bars) - self.slow(bars)
        if len(bars) <= self.period:
            return None
        if before <= SAME < self.gap:
            return Signal.enter(bars.symbol)
        return Signal.exit(bars.symbol) if before >= -SAME > self.gap else None
