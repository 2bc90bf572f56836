"""A strategy of one's own with indicators that go along with the bars."""

from orchestrate import Bars, Indicator, Position


class Keltner:
    """Buys a close `width` average true ranges over the average, sells one under the average or as far under the price.

    An indicator is made once, in the constructor, and asked with the bars up to now: it counts the new one and answers.
    As long as there are too few bars its answer is NaN, and no comparison with that holds.
    """

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        self.width = width
        self.average = Indicator("EMA", timeperiod=period)
        self.true_range = Indicator("ATR", timeperiod=period)

    def should_enter(self, bars: Bars) -> bool:
        """Called while flat."""
        return bool(bars.close[-1] > self.average(bars) + self.width * self.true_range(bars))

    def should_exit(self, position: Position, bars: Bars) -> bool:
        """Called while in."""
        floor = position.average_price - self.width * self.true_range(bars)
        return bool(bars.close[-1] < max(self.average(bars), floor))
