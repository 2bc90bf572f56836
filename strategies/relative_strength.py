"""Buying what has fallen too fast."""

from __future__ import annotations

from typing import ClassVar

from orchestrate import Bars, Parameter, Signals, wilder_rsi


class RelativeStrength:
    """Buys when Wilder's RSI is under one level and sells when it is over another.

    Rules
      RSI:   100 − 100 / (1 + average gain / average loss). Both averages
             start as the mean of the first `period` changes and are smoothed
             as Wilder does, (previous × (period − 1) + change) / period.
             Without losses it is 100, without any movement 50.
      Entry: while flat, the RSI is under `buy_below`.
      Exit:  while in, the RSI is over `sell_above`.
      Long only.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
    """

    name = "RSI"
    traits: ClassVar[dict[str, object]] = {
        "style": "reversion",
        "direction": "long",
        "horizon": "days",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "period": Parameter(int, minimum=1, help="changes that the averages look back on"),
        "buy_below": Parameter(float, minimum=0, maximum=100, help="buy under this RSI"),
        "sell_above": Parameter(float, minimum=0, maximum=100, help="sell over this RSI"),
    }
    relations = ("buy_below < sell_above",)

    def __init__(self, period: int = 14, buy_below: float = 30.0, sell_above: float = 70.0) -> None:
        self.period = period
        self.buy_below = buy_below
        self.sell_above = sell_above

    def signals(self, bars: Bars) -> Signals:
        """Return levels, not crossings: as long as the RSI is under `buy_below`, a flat strategy enters."""
        rsi = wilder_rsi(bars.close, self.period)
        return Signals(enter_long=rsi < self.buy_below, exit_long=rsi > self.sell_above)
