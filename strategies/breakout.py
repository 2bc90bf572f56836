"""Going along with prices that leave the range they have kept to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from orchestrate import Bars, Context, Indicator, Parameter, Position, Side, Signal


@dataclass
class Pyramid:
    """What is built in one symbol: N and the size of a unit as at the entry, units so far, the close of the last.

    `stopped` is the number of units that the stop stands for.
    """

    n: float
    unit: float
    last: float
    units: int = 1
    stopped: int = 1


class Turtle:
    """Buys new highs and sells new lows, equally wild ones, and adds to them.

    Rules
      N:     the average true range of `range_window` bars, as Wilder smooths
             it, the newest bar included.
      Entry: long when the close is over the highest high of the `entry` bars
             before, short when it is under their lowest low.
      Add:   a further unit of the same size, one a bar, when the close is
             `step` times N beyond that at which the last unit was decided,
             until there are `units`. N stays what it was at the entry. A
             unit that is refused counts.
      Stop:  an order that rests `stop` times N under the close at which the
             last unit was decided, for all units; it is raised at the bar
             after that. None rests at zero or below.
      Exit:  the close is under the lowest low of the `exit` bars before. A
             bar that ends a position may begin one the other way.
      Size:  a unit is so large that a move by one N is `risk_pct` percent of
             the strategy's equity. The entry's `sizing` gives no quantity.
      Long and short, each the mirror of the other. Closes decide on entries,
      units and exits, where the Turtles acted during the day.

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
        "stop": Parameter(float, minimum=0, exclusive=True, help="times N from the last unit's close to the stop"),
        "risk_pct": Parameter(
            float, minimum=0, maximum=100, exclusive=True, help="percent of equity that one N of a unit is worth"
        ),
        "units": Parameter(int, minimum=1, help="units that a position is built of at most"),
        "step": Parameter(float, minimum=0, exclusive=True, help="times N from one unit's close to the next one's"),
    }
    relations = ("exit <= entry",)

    def __init__(
        self,
        entry: int = 55,
        exit: int = 20,
        range_window: int = 20,
        stop: float = 2.0,
        risk_pct: float = 1.0,
        units: int = 4,
        step: float = 0.5,
    ) -> None:
        self.stop = stop
        self.risk_pct = risk_pct
        self.units = units
        self.step = step
        self.enter_channel = Indicator("DONCHIAN", timeperiod=entry)
        self.leave_channel = Indicator("DONCHIAN", timeperiod=exit)
        self.true_range = Indicator("ATR", timeperiod=range_window)
        self._pyramids: dict[str, Pyramid] = {}

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
                if not self._ends(bars, side):
                    yield from self._built_on(position, close)
                    continue
                yield from _without_stops(symbol)
                yield Signal.exit(symbol)
                broken = None if broken == side else broken
            if broken and n > 0 and context.equity > 0:
                unit = context.equity * self.risk_pct / 100.0 / (n * context.instrument(symbol).multiplier)
                pyramid = self._pyramids[symbol] = Pyramid(n, unit, close)
                stop = self._stop(pyramid, 1 if broken == "long" else -1)
                yield Signal.enter(symbol, broken, unit, stop_loss=stop, tag=symbol)

    def _built_on(self, position: Position, close: float) -> Iterator[Signal]:
        """Raise the stop of a position that has grown, and add to one that goes well."""
        pyramid, sign = self._pyramids[position.symbol], 1 if position.quantity > 0 else -1
        stop = self._stop(pyramid, sign)
        if pyramid.units > pyramid.stopped and stop is not None:
            yield from _without_stops(position.symbol)
            yield Signal.exit(position.symbol, stop=stop, tag=f"{position.symbol}.stop")
        pyramid.stopped = pyramid.units
        if pyramid.units < self.units and sign * (close - pyramid.last) >= self.step * pyramid.n:
            pyramid.units, pyramid.last = pyramid.units + 1, close
            yield Signal.add(position.symbol, pyramid.unit)

    def _stop(self, pyramid: Pyramid, sign: int) -> float | None:
        """Return where the stop of all units rests; None where that is no price."""
        stop = pyramid.last - sign * self.stop * pyramid.n
        return stop if stop > 0 else None

    def _ends(self, bars: Bars, side: Side) -> bool:
        close = bars.close[-1]
        upper, _, lower = self.leave_channel(bars[:-1])
        return bool(close < lower if side == "long" else close > upper)


def _without_stops(symbol: str) -> Iterator[Signal]:
    """Take back what rests: the stop of the entry, or that of all units which took its place."""
    yield Signal.cancel(f"{symbol}.stop_loss")
    yield Signal.cancel(f"{symbol}.stop")
