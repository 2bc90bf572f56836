"""Following what already moves."""

from __future__ import annotations

from typing import ClassVar

from orchestrate.domain.bars import Bars
from orchestrate.domain.strategy import Parameter, Signals
from orchestrate.library.indicators import crossed_above, moving_average


class Momentum:
    """Buys when a fast moving average crosses above a slow one and sells on the way back.

    Rules
      Averages: simple means of the last `fast` and `slow` closes. Those within 1e-9 of each other are equal.
      Entry:    the fast one was at or below the slow one a bar ago and is above it now.
      Exit:     the mirror: it was at or above and is below now.
      Long only.

    Source: the oldest trend rule there is; tested at length by W. Brock, J. Lakonishok and B. LeBaron, Simple
    Technical Trading Rules and the Stochastic Properties of Stock Returns, Journal of Finance 47 (1992).
    """

    name = "MOMENTUM"
    parameters: ClassVar[dict[str, Parameter]] = {
        "fast": Parameter(int, minimum=1, help="bars in the fast average"),
        "slow": Parameter(int, minimum=2, help="bars in the slow average"),
    }
    relations = ("fast < slow",)

    def __init__(self, fast: int = 20, slow: int = 50) -> None:
        self.fast = fast
        self.slow = slow

    def signals(self, bars: Bars) -> Signals:
        """Crossings in both directions."""
        fast, slow = moving_average(bars.close, self.fast), moving_average(bars.close, self.slow)
        return Signals(enter_long=crossed_above(fast, slow), exit_long=crossed_above(slow, fast))
