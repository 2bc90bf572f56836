"""Trading back towards the mean, by how many standard deviations a price is away from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from orchestrate import TIE, Bars, Context, Floats, Parameter, Signal, Signals, z_score


class MeanReversionEquity:
    """Buys what is far below its recent mean, sells it when it is back.

    Rules
      Score: (close − mean) ÷ standard deviation (ddof 1) of the last
             `lookback` closes, the newest included.
      Entry: while flat, the score is under −`entry_z`.
      Exit:  the score is over `exit_z` (0 is the mean), or the position is
             `max_holding` bars old.
      Size:  `position_size_pct` percent of the strategy's equity at the close
             it decides on, for each symbol. The entry's `sizing` doesn't
             count.
      Long only. Nothing is bought while the price has not moved.

    Source: the reversal of weekly returns, B. Lehmann, Fads, Martingales, and
    Market Efficiency, Quarterly Journal of Economics 105 (1990); the bands at
    two deviations, J. Bollinger, Bollinger on Bollinger Bands (2001).
    """

    name = "MEAN_REVERSION_EQUITY"
    traits: ClassVar[dict[str, object]] = {
        "style": "reversion",
        "direction": "long",
        "horizon": "days",
        "asset_class": "equity",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "lookback": Parameter(int, minimum=3, help="closes in the mean and the deviation"),
        "entry_z": Parameter(float, minimum=0, exclusive=True, help="deviations under the mean at which to buy"),
        "exit_z": Parameter(float, help="deviations over the mean at which to sell"),
        "max_holding": Parameter(int, minimum=1, help="bars after which a position is sold anyway"),
        "position_size_pct": Parameter(
            float, minimum=0, maximum=100, exclusive=True, help="percent of equity put into a position"
        ),
    }
    relations = ("-entry_z < exit_z",)

    def __init__(
        self,
        lookback: int = 20,
        entry_z: float = 2.0,
        exit_z: float = 0.0,
        max_holding: int = 20,
        position_size_pct: float = 25.0,
    ) -> None:
        self.lookback = lookback
        self.entry_z = entry_z
        self.exit_z = exit_z
        self.max_holding = max_holding
        self.position_size_pct = position_size_pct
        self._age: dict[str, int] = {}

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Judge each symbol that has a bar now by itself."""
        for symbol in context.updated:
            close = context.bars(symbol).close
            score = newest_score(close[-self.lookback :]) if len(close) >= self.lookback else np.nan
            position = context.position(symbol)
            if position is not None and position.quantity:
                self._age[symbol] = self._age.get(symbol, 0) + 1
                if score > self.exit_z or self._age[symbol] >= self.max_holding:
                    yield Signal.exit(symbol)
                continue
            self._age[symbol] = 0
            price = float(close[-1])
            if score < -self.entry_z and price > 0 and context.equity > 0:
                money = context.equity * self.position_size_pct / 100.0
                yield Signal.enter(symbol, "long", money / (price * context.instrument(symbol).multiplier))


class MeanReversionFutures:
    """Sells what is far above its recent mean, buys what is far below it.

    Rules
      Score:       (close − mean) ÷ standard deviation (ddof 1) of the last
                   `lookback_window` closes, the newest included. Where the
                   price has not moved there is none.
      Long entry:  the score is under −`entry_z`.
      Long exit:   the score is over −`exit_z`.
      Short entry: the score is over `entry_z`.
      Short exit:  the score is under `exit_z`.
      Size:        the entry's `sizing`.
      Long and short. There is no stop: limits belong to the portfolio.

    Source: J. Bollinger, Bollinger on Bollinger Bands (2001); where the gain
    of betting against past moves comes from, A. Lo and C. MacKinlay, When Are
    Contrarian Profits Due to Stock Market Overreaction?, Review of Financial
    Studies 3 (1990).
    """

    name = "MEAN_REVERSION_FUTURES"
    traits: ClassVar[dict[str, object]] = {
        "style": "reversion",
        "direction": "both",
        "horizon": "days",
        "asset_class": "future",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "lookback_window": Parameter(int, minimum=3, help="closes in the mean and the deviation"),
        "entry_z": Parameter(float, minimum=0, exclusive=True, help="deviations from the mean at which to enter"),
        "exit_z": Parameter(float, minimum=0, help="deviations from the mean at which to leave; 0 is the mean itself"),
    }
    relations = ("exit_z < entry_z",)

    def __init__(self, lookback_window: int = 20, entry_z: float = 2.0, exit_z: float = 0.0) -> None:
        self.lookback_window = lookback_window
        self.entry_z = entry_z
        self.exit_z = exit_z

    def signals(self, bars: Bars) -> Signals:
        """Return levels of the score; both sides mirror each other."""
        score = z_score(bars.close, self.lookback_window)
        return Signals(
            enter_long=score < -self.entry_z,
            exit_long=score > -self.exit_z,
            enter_short=score > self.entry_z,
            exit_short=score < self.exit_z,
        )


def newest_score(close: Floats) -> float:
    """Return the score of the last of these closes; NaN where nothing moved."""
    mean, deviation = float(close.mean()), float(close.std(ddof=1))
    return (float(close[-1]) - mean) / deviation if deviation > TIE * max(1.0, abs(mean)) else np.nan
