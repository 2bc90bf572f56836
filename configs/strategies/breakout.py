"""A strategy of one's own, as the examples beside this folder use it."""

from orchestrate import Bars, Position


class Breakout:
    """Buys a new high of the last `days` bars, sells when the close is `threshold` percent under the best since.

    Written as a stateless strategy: two questions, each answered from the bars up to now and nothing else.
    """

    def __init__(self, days: int = 50, threshold: float = 8.0) -> None:
        self.days = days
        self.threshold = threshold

    def should_enter(self, bars: Bars) -> bool:
        """Called while flat."""
        return len(bars) > self.days and bool(bars[-1].close >= bars.high[-1 - self.days : -1].max())

    def should_exit(self, position: Position, bars: Bars) -> bool:
        """Called while in."""
        best = max(position.average_price, bars.close[-self.days :].max())
        return bool(bars[-1].close < best * (1 - self.threshold / 100))
