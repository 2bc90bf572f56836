"""A strategy of your own. `orchestrate strategies my_strategy.py:Pullback` shows how it is understood."""

from typing import ClassVar

import numpy as np

from orchestrate import Bars, Parameter, Signals, moving_average


class Pullback:
    """Buys a short fall in a long rise, sells when the price has recovered.

    The fastest of the ways to write a strategy: `signals` is called once, with the whole history of a symbol, and
    returns for every bar whether to enter and whether to leave. Element i must follow from bars 0 to i alone; every
    backtest checks that. The other ways, `should_enter` and `should_exit`, or `on_bar`, are called bar by bar.
    """

    parameters: ClassVar[dict[str, Parameter]] = {
        "trend": Parameter(int, minimum=2, help="bars in the long average"),
        "pullback": Parameter(int, minimum=1, help="bars in the short one"),
    }
    relations = ("pullback < trend",)

    def __init__(self, trend: int = 100, pullback: int = 5) -> None:
        self.trend = trend
        self.pullback = pullback

    def signals(self, bars: Bars) -> Signals:
        """Hold while the price is above its long average and under its short one; leave when it is above both."""
        long, short = moving_average(bars.close, self.trend), moving_average(bars.close, self.pullback)
        rising, low = bars.close > long, bars.close < short
        return Signals(enter_long=np.logical_and(rising, low), exit_long=np.logical_not(low))
