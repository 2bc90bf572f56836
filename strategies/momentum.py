"""Following what already moves: one symbol, the best of several, or either way with leverage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from orchestrate import Bars, Context, Parameter, Signal, Signals, crossed_above, moving_average

DAY = 86_400_000_000_000
FREQUENCIES = ("daily", "weekly", "monthly", "quarterly")


class Momentum:
    """Buys when a fast average crosses above a slow one, sells on the way back.

    Rules
      Averages: simple means of the last `fast` and `slow` closes. Those
                within 1e-9 of each other are equal.
      Entry:    the fast one was at or below the slow one a bar ago and is
                above it now.
      Exit:     the mirror: it was at or above and is below now.
      Long only.

    Source: the oldest trend rule there is; tested at length by W. Brock,
    J. Lakonishok and B. LeBaron, Simple Technical Trading Rules and the
    Stochastic Properties of Stock Returns, Journal of Finance 47 (1992).
    """

    name = "MOMENTUM"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "long",
        "horizon": "weeks",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "fast": Parameter(int, minimum=1, help="bars in the fast average"),
        "slow": Parameter(int, minimum=2, help="bars in the slow average"),
    }
    relations = ("fast < slow",)

    def __init__(self, fast: int = 20, slow: int = 50) -> None:
        self.fast = fast
        self.slow = slow

    def signals(self, bars: Bars) -> Signals:
        """Return crossings in both directions."""
        fast, slow = moving_average(bars.close, self.fast), moving_average(bars.close, self.slow)
        return Signals(enter_long=crossed_above(fast, slow), exit_long=crossed_above(slow, fast))


class MomentumEquity:
    """Holds those of its symbols that have risen most, and none that has fallen.

    Rules
      Score:     the return over `lookback` bars, the last `skip` bars left
                 out: the newest move tends to reverse.
      Rebalance: at the first bar of each `rebalance_frequency`: daily,
                 weekly, monthly, quarterly (UTC), or every so many bars. In
                 between nothing is traded.
      Held:      the `holdings` symbols with the best positive scores; left
                 out, half of the entry's symbols, rounded up. Others are
                 sold. What stays is not resized. Equal scores: the symbol
                 named first.
      Size:      the entry's `sizing`.
      Long only. A symbol without enough history is not held.

    With one symbol it is time-series momentum: in while the score is
    positive.

    Source: N. Jegadeesh and S. Titman, Returns to Buying Winners and Selling
    Losers, Journal of Finance 48 (1993); the rule that a winner must also
    have risen: G. Antonacci, Dual Momentum Investing (2014).
    """

    name = "MOMENTUM_EQUITY"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "long",
        "horizon": "months",
        "asset_class": "equity",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "lookback": Parameter(int, minimum=1, help="bars over which the return is measured"),
        "skip": Parameter(int, minimum=0, help="newest bars that are left out"),
        "rebalance_frequency": Parameter(
            int, choices=FREQUENCIES, minimum=1, help="daily, weekly, monthly, quarterly, or a number of bars"
        ),
        "holdings": Parameter(int, minimum=1, help="symbols held at most; left out: half of them"),
    }

    def __init__(
        self,
        lookback: int = 252,
        skip: int = 21,
        rebalance_frequency: str | int = "monthly",
        holdings: int | None = None,
    ) -> None:
        self.lookback = lookback
        self.skip = skip
        self.holdings = holdings
        self.calendar = Calendar(rebalance_frequency)

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Sell what is no winner, then buy winners."""
        if not self.calendar.begins(context.t):
            return
        wanted = self._winners(context)
        for symbol in context.symbols:
            if held(context, symbol) and symbol not in wanted:
                yield Signal.exit(symbol)
        for symbol in wanted:
            if not held(context, symbol):
                yield Signal.enter(symbol)

    def _winners(self, context: Context) -> list[str]:
        scores: dict[str, float] = {}
        for symbol in context.symbols:
            close = context.bars(symbol).close
            if len(close) > self.lookback + self.skip:
                newest, oldest = close[-1 - self.skip], close[-1 - self.skip - self.lookback]
                if oldest > 0 and newest > oldest:
                    scores[symbol] = float(newest / oldest)
        best = sorted(scores, key=lambda symbol: -scores[symbol])
        return best[: self.holdings or (len(context.symbols) + 1) // 2]


class MomentumFutures:
    """Long what has risen over the past year, short what has fallen, less of the wild.

    Rules
      Direction: the sign of the price change over `lookback` bars, decided
                 at the first bar of each `rebalance_frequency` (as in
                 MOMENTUM_EQUITY) and kept until the next.
      Entry:     at that bar, when flat; a position the other way is closed
                 first and reversed. No change, no order.
      Exit:      at that bar, when the direction has turned or the price
                 stands where it was.
      Size:      notional of equity × min(`leverage`, `target_volatility` ÷
                 volatility), shared by the symbols. The volatility is the
                 standard deviation of the last `volatility_window` price
                 changes in parts of the price; 0.01 on daily bars is about
                 16% a year. A position keeps its size until it is reversed.
      Long and short. How much leverage the capital can carry is decided by
      the instrument's `margin_rate`.

    Source: T. Moskowitz, Y. H. Ooi and L. H. Pedersen, Time Series Momentum,
    Journal of Financial Economics 104 (2012).
    """

    name = "MOMENTUM_FUTURES"
    traits: ClassVar[dict[str, object]] = {
        "style": "trend",
        "direction": "both",
        "horizon": "months",
        "asset_class": "future",
        "data_needs": ("close",),
    }
    parameters: ClassVar[dict[str, Parameter]] = {
        "lookback": Parameter(int, minimum=1, help="bars over which the direction is measured"),
        "rebalance_frequency": Parameter(
            int, choices=FREQUENCIES, minimum=1, help="daily, weekly, monthly, quarterly, or a number of bars"
        ),
        "leverage": Parameter(float, minimum=0, maximum=100, exclusive=True, help="most notional, in parts of equity"),
        "target_volatility": Parameter(float, minimum=0, exclusive=True, help="aimed at for a whole book, a bar"),
        "volatility_window": Parameter(int, minimum=2, help="price changes that the volatility looks back on"),
    }

    def __init__(
        self,
        lookback: int = 252,
        rebalance_frequency: str | int = "monthly",
        leverage: float = 1.0,
        target_volatility: float = 0.01,
        volatility_window: int = 60,
    ) -> None:
        self.lookback = lookback
        self.leverage = leverage
        self.target_volatility = target_volatility
        self.volatility_window = volatility_window
        self.calendar = Calendar(rebalance_frequency)

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Turn every symbol into the direction of its past."""
        if not self.calendar.begins(context.t):
            return
        for symbol in context.symbols:
            close = context.bars(symbol).close
            if len(close) <= max(self.lookback, self.volatility_window):
                continue
            direction = float(np.sign(close[-1] - close[-1 - self.lookback]))
            now = held(context, symbol)
            if np.sign(now) == direction:
                continue
            if now:
                yield Signal.exit(symbol)
            quantity = self._quantity(context, symbol)
            if direction and quantity > 0:
                yield Signal.enter(symbol, "long" if direction > 0 else "short", quantity)

    def _quantity(self, context: Context, symbol: str) -> float:
        close = context.bars(symbol).close[-1 - self.volatility_window :]
        price = float(close[-1])
        if price <= 0 or context.equity <= 0:
            return 0.0
        volatility = float(np.std(np.diff(close), ddof=1)) / price
        exposure = min(self.leverage, self.target_volatility / volatility) if volatility > 0 else self.leverage
        return context.equity * exposure / len(context.symbols) / (price * context.instrument(symbol).multiplier)


class Calendar:
    """Says when a period begins. `frequency` is one of FREQUENCIES or a number of bars."""

    def __init__(self, frequency: str | int) -> None:
        if isinstance(frequency, str) and frequency not in FREQUENCIES:
            raise ValueError(f"rebalance_frequency must be one of {', '.join(FREQUENCIES)}, not {frequency!r}")
        if not isinstance(frequency, str) and (frequency != int(frequency) or frequency < 1):
            raise ValueError(f"rebalance_frequency must be a whole number of bars, not {frequency!r}")
        self.frequency = frequency
        self._period: int | None = None
        self._bars = -1

    def begins(self, t: int) -> bool:
        """Return True at the first bar of each period, the very first bar included. To be asked once a bar."""
        self._bars += 1
        period = self._number(t)
        begins = period != self._period
        self._period = period
        return begins

    def _number(self, t: int) -> int:
        if not isinstance(self.frequency, str):
            return self._bars // int(self.frequency)
        day = t // DAY
        if self.frequency == "daily":
            return day
        if self.frequency == "weekly":
            return (day + 3) // 7  # the first of January 1970 was a Thursday; weeks begin on Mondays
        month = int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))
        return month if self.frequency == "monthly" else month // 3


def held(context: Context, symbol: str) -> float:
    """Return the signed quantity that is held, 0.0 when flat."""
    position = context.position(symbol)
    return position.quantity if position else 0.0
