"""Going along with prices that leave the range they have kept to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from orchestrate import Bars, Context, Indicator, Parameter, Side, Signal


class Turtle:
    """Buys new highs and sells new lows, in sizes that make every market equally wild.

    Rules
      N:     the average true range of `range_window` bars, as Wilder smooths
             it, the newest bar included.
      Entry: long when the close is over the highest high of the `entry` bars
             before, short when it is under their lowest low.
      Exit:  the close is under the lowest low of the `exit` bars before, or
             `stop` times N under the price paid, with N as it was when the
             entry was decided. The mirror for a short position. A bar that
             ends a position may begin one the other way.
      Size:  so that a move by one N is `risk_pct` percent of the strategy's
             equity. The entry's `sizing` doesn't count.
      Long and short. Closes decide where the Turtles acted during the day,
      and positions are not added to.

    Source: the second of the two systems in C. Faith, The Original Turtle
    Trading Rules (2003), as R. Dennis and W. Eckhardt taught them in 1983;
    the channels are R. Donchian's, the range is J. Welles Wilder's, New
    Concepts in Technical Trading Systems (1978).
    """

    name = "TURTLE"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "both",
        "horizon": "weeks",
        "data_needs": ("high", "low", "close"),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "entry": Parameter(int, minimum=2, help="bars whose highest high or lowest low is broken to enter"),
        "exit": Parameter(int, minimum=2, help="bars whose lowest low or highest high is broken to leave"),
        "range_window": Parameter(int, minimum=1, help="true ranges that N looks back on"),
        "stop": Parameter(float, minimum=0, exclusive=True, help="times N against the price paid at which to leave"),
        "risk_pct": Parameter(
            float, minimum=0, maximum=100, exclusive=True, help="percent of equity that one N is worth"
        ),
    }
    relations = ("exit <= entry",)

    def __init__(
        self,
        entry: int = 55,
        exit: int = 20,
        range_window: int = 20,
        stop: float = 2.0,
        risk_pct: float = 1.0,
    ) -> None:
        self.stop = stop
        self.risk_pct = risk_pct
        self.enter_channel = Indicator("DONCHIAN", timeperiod=entry)
        self.leave_channel = Indicator("DONCHIAN", timeperiod=exit)
        self.true_range = Indicator("ATR", timeperiod=range_window)
        self._distance: dict[str, float] = {}

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Judge each symbol that has a bar now by itself."""
        for symbol in context.updated:
            bars = context.bars(symbol)
            close, n = float(bars.close[-1]), self.true_range(bars)
            upper, _, lower = self.enter_channel(bars[:-1])
            broken: Side | None = "long" if close > upper else "short" if close < lower else None
            position = context.position(symbol)
            if position is not None and position.quantity:
                side: Side = "long" if position.quantity > 0 else "short"
                if not self._ends(bars, side, position.average_price):
                    continue
                yield Signal.exit(symbol)
                broken = None if broken == side else broken
            if broken and n > 0 and context.equity > 0:
                self._distance[symbol] = self.stop * n
                money = context.equity * self.risk_pct / 100.0
                yield Signal.enter(symbol, broken, money / (n * context.instrument(symbol).multiplier))

    def _ends(self, bars: Bars, side: Side, paid: float) -> bool:
        close = bars.close[-1]
        upper, _, lower = self.leave_channel(bars[:-1])
        if side == "long":
            return bool(close < lower or close < paid - self._distance[bars.symbol])
        return bool(close > upper or close > paid + self._distance[bars.symbol])
