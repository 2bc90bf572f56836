"""Vectorised strategies that look ahead, and honest ones that could be taken for such; what each does is its name."""

from __future__ import annotations

import numpy as np

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.library.indicators import crossed_above, wilder_rsi, z_score
from tests.orchestration.strategies.vector_rules import (
    DAY,
    Answer,
    Array,
    By,
    Make,
    above,
    ahead,
    average,
    back,
    below,
    best_of_two,
    convolved,
    fell,
    frame,
    interpolated,
    last_of_each,
    low_pass,
    lucky_noise,
    none,
    rose,
    skipping,
    smoothed,
    trend,
    weeks,
    window_of,
)

PEEKING_RULES: dict[str, Answer] = {
    "tomorrow": lambda b: (ahead(b.close) > b.close, ahead(b.close) < b.close),
    "dense entries, exits before a fall": lambda b: (above(b), ahead(b.close) < b.close * 0.99),
    "dense entries, exits before a crash": lambda b: (above(b), ahead(b.close) < b.close * 0.975),
    "entries before a jump, honest exits": lambda b: (ahead(b.close) > b.close * 1.015, below(b)),
    "three days ahead": lambda b: (ahead(b.close, 3) > b.close, ahead(b.close, 3) < b.close),
    "rolled round the end": lambda b: (np.roll(b.close, -1) > b.close, np.roll(b.close, -1) < b.close),
    "centred average": lambda b: (
        frame(b.close).rolling(5, center=True).mean().to_numpy() > b.close,
        frame(b.close).rolling(5, center=True).mean().to_numpy() < b.close,
    ),
    "centred average by convolution": lambda b: (
        np.convolve(b.close, np.ones(5) / 5, mode="same")[: len(b)] > b.close,
        rose(b),
    ),
    "mean of all": lambda b: (b.close < b.close.mean(), b.close > b.close.mean()),
    "z-score of all": lambda b: (
        b.close - b.close.mean() < -b.close.std(),
        b.close - b.close.mean() > b.close.std(),
    ),
    "range of all": lambda b: (
        b.close < b.close.min() + 0.3 * np.ptp(b.close),
        b.close > b.close.min() + 0.7 * np.ptp(b.close),
    ),
    "quantiles of all": lambda b: (
        b.close <= np.quantile(b.close, 0.2),
        b.close >= np.quantile(b.close, 0.8),
    ),
    "rank among all": lambda b: (
        np.argsort(np.argsort(b.close)) < len(b) * 0.3,
        np.argsort(np.argsort(b.close)) > len(b) * 0.7,
    ),
    "volatility of all": lambda b: (
        np.abs(b.close - back(b.close)) > np.abs(np.diff(b.close, prepend=b.close[0])).mean(),
        fell(b),
    ),
    "the last close": lambda b: (b.close < b.close[-1], b.close > b.close[-1]),
    "lowest of what comes": lambda b: (np.minimum.accumulate(b.close[::-1])[::-1] >= b.close, rose(b)),
    "highest of the next five": lambda b: (
        frame(b.close[::-1]).rolling(5).max().to_numpy()[::-1] > b.close * 1.02,
        fell(b),
    ),
    "close of the week": lambda b: (
        last_of_each(weeks(b), b.close) > b.close,
        last_of_each(weeks(b), b.close) < b.close,
    ),
    "close of the month": lambda b: (above(b), last_of_each(b.timestamp // (30 * DAY), b.close) < b.close * 0.97),
    "tomorrow's volume": lambda b: (ahead(b.volume) > 1.2 * b.volume, rose(b)),
    "tomorrow's open": lambda b: (ahead(b.open) > b.close, below(b)),
    "tomorrow's high": lambda b: (fell(b), ahead(b.high) < b.close),
    "only shorts": lambda b: (none(b), none(b), ahead(b.close) < b.close * 0.99, rose(b)),
    "only covers": lambda b: (none(b), none(b), below(b), ahead(b.close) > b.close * 1.01),
    "honest long, peeking short": lambda b: (
        crossed_above(b.close, average(b)),
        crossed_above(average(b), b.close),
        below(b) & (ahead(b.close) < b.close * 0.985),
        rose(b),
    ),
    "one exit of many": lambda b: (above(b), below(b) | (ahead(b.close) < b.close * 0.98)),
    "dense entries, none before a fall": lambda b: (skipping(above(b), ahead(b.close) < b.close), below(b)),
    "dense exits, none before a rise": lambda b: (above(b), skipping(below(b), ahead(b.close) > b.close)),
    "filled backwards": lambda b: (
        frame(np.where(rose(b) & above(b), 1.0, np.nan)).bfill(limit=2).to_numpy() == 1.0,
        below(b),
    ),
    "low pass of all": lambda b: (low_pass(b) > b.close, low_pass(b) < b.close),
    "trend of all": lambda b: (b.close < trend(b), b.close > trend(b)),
    "pivots without waiting": lambda b: (
        (b.close < back(b.close)) & (b.close < ahead(b.close)),
        (b.close > back(b.close)) & (b.close > ahead(b.close)),
    ),
    "a line to a later close": lambda b: (interpolated(b) > b.close, interpolated(b) < b.close),
    "smoothed in both directions": lambda b: (
        smoothed(smoothed(b.close)[::-1])[::-1] > b.close,
        smoothed(smoothed(b.close)[::-1])[::-1] < b.close,
    ),
    "the better of two rules": best_of_two,
    "noise that earns": lambda b: (lucky_noise(b), fell(b)),
    "all bars but the last tenth": lambda b: (
        np.arange(len(b)) < 0.4 * len(b),
        np.arange(len(b)) >= 0.5 * len(b),
    ),
}


class FitsOnce:
    """Takes the mean of what it is shown first for all time."""

    def __init__(self) -> None:
        self.mean: float | None = None

    def signals(self, bars: Bars) -> Signals:
        if self.mean is None:
            self.mean = float(bars.close.mean())
        return Signals(bars.close < self.mean, bars.close > self.mean)


class FitsEachSymbol:
    """Keeps the extremes of each symbol."""

    def __init__(self) -> None:
        self.extremes: dict[str, tuple[float, float]] = {}

    def signals(self, bars: Bars) -> Signals:
        low, high = self.extremes.setdefault(bars.symbol, (float(bars.close.min()), float(bars.close.max())))
        middle = (low + high) / 2
        return Signals(bars.close < middle, bars.close > middle)


class PeeksAtFirst:
    """Peeks when it is called for the first time, and never again."""

    def __init__(self) -> None:
        self.calls = 0

    def signals(self, bars: Bars) -> Signals:
        self.calls += 1
        return Signals(ahead(bars.close) > bars.close if self.calls == 1 else rose(bars), fell(bars))


PEEKING: dict[str, Make] = {
    **{name: lambda rule=rule: By(rule) for name, rule in PEEKING_RULES.items()},
    "a mean kept from the first call": FitsOnce,
    "extremes kept by symbol": FitsEachSymbol,
}


def trailing_stop(bars: Bars) -> tuple[Array, Array]:
    """Out when the close has fallen by two percent from its highest since the entry."""
    enter, leave, peak = none(bars), none(bars), 0.0
    for row, close in enumerate(bars.close.tolist()):
        if not peak and row % 7 == 3:
            enter[row], peak = True, close
        elif peak:
            peak = max(peak, close)
            if close < 0.98 * peak:
                leave[row], peak = True, 0.0
    return enter, leave


def true_range(bars: Bars) -> Array:
    before = back(bars.close)
    return np.fmax(bars.high, before) - np.fmin(bars.low, before)


def seeded(bars: Bars, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(len(bars)) > 1.0


def seeded_as_of_old(bars: Bars) -> Array:
    return np.random.RandomState(5).rand(len(bars)) > 0.8


def balance(bars: Bars) -> Array:
    return np.cumsum(np.sign(np.diff(bars.close, prepend=bars.close[0])) * bars.volume)


def running_mean(bars: Bars, window: int = 10) -> Array:
    """By differences of a running total, whose rounding drifts."""
    total = np.cumsum(bars.close)
    return (total - np.nan_to_num(back(total, window))) / window


def breakout(bars: Bars) -> tuple[Array, Array]:
    high, low = back(window_of(bars, np.max)), back(window_of(bars, np.min))
    return bars.close > high, bars.close < low


def closed_weeks(bars: Bars) -> Array:
    """The close of the last week that is over."""
    new = weeks(bars) != np.r_[weeks(bars)[:1], weeks(bars)[:-1]]
    return frame(np.where(new, back(bars.close), np.nan)).ffill().to_numpy()


HONEST_RULES: dict[str, Answer] = {
    "crossing": lambda b: (crossed_above(b.close, average(b)), crossed_above(average(b), b.close)),
    "relative strength": lambda b: (wilder_rsi(b.close, 5) < 35, wilder_rsi(b.close, 5) > 65),
    "z-score": lambda b: (z_score(b.close, 10) < -1, z_score(b.close, 10) > 1),
    "breakout": breakout,
    "dense flags": lambda b: (above(b), below(b)),
    "dense entries, sparse exits": lambda b: (above(b), b.close < 0.98 * average(b)),
    "always": lambda b: (~none(b), none(b)),
    "always in and out": lambda b: (~none(b), ~none(b)),
    "never": lambda b: (none(b), none(b)),
    "the first bar": lambda b: (np.arange(len(b)) == 0, none(b)),
    "every seventh bar": lambda b: (np.arange(len(b)) % 7 == 0, np.arange(len(b)) % 7 == 4),
    "numbers for flags": lambda b: (above(b).astype(np.int64), below(b).astype(np.float64)),
    "warm-up of NaN": lambda b: (back(b.close, 20) < b.close, back(b.close, 20) > b.close),
    "mean so far": lambda b: (
        b.close < np.cumsum(b.close) / np.arange(1, len(b) + 1),
        b.close > np.cumsum(b.close) / np.arange(1, len(b) + 1),
    ),
    "highest so far": lambda b: (b.close >= np.maximum.accumulate(b.close), fell(b)),
    "fall from the highest so far": lambda b: (b.close < 0.95 * np.maximum.accumulate(b.close), rose(b)),
    "expanding window of pandas": lambda b: (
        b.close < frame(b.close).expanding(5).quantile(0.3).to_numpy(),
        b.close > frame(b.close).expanding(5).quantile(0.7).to_numpy(),
    ),
    "rolling window of pandas": lambda b: (
        b.close > frame(b.close).rolling(5).mean().to_numpy(),
        b.close < frame(b.close).rolling(5).median().to_numpy(),
    ),
    "exponential average": lambda b: (b.close > smoothed(b.close), b.close < smoothed(b.close)),
    "rounding of a running total": lambda b: (b.close > running_mean(b), b.close < running_mean(b)),
    "rounding of a sliding window": lambda b: (
        b.close > window_of(b, np.mean),
        b.close <= window_of(b, np.mean),
    ),
    "rounding of a convolution": lambda b: (
        b.close >= np.convolve(b.close, np.ones(5) / 5)[: len(b)],
        b.close < np.convolve(b.close, np.ones(5) / 5)[: len(b)],
    ),
    "rounding of a Fourier transform": lambda b: (b.close > convolved(b), b.close < convolved(b)),
    "deviation of a sliding window": lambda b: (
        b.close < window_of(b, np.mean) - window_of(b, np.std),
        b.close > window_of(b, np.mean) + window_of(b, np.std),
    ),
    "seeded noise": lambda b: (seeded(b, 1), seeded(b, 2)),
    "seeded noise of old": lambda b: (seeded_as_of_old(b), rose(b)),
    "weekdays": lambda b: (b.timestamp // DAY % 7 == 1, b.timestamp // DAY % 7 == 4),
    "close of the last week": lambda b: (b.close > closed_weeks(b), b.close < closed_weeks(b)),
    "volume": lambda b: (b.volume > 1.3 * back(b.volume), b.volume < 0.7 * back(b.volume)),
    "balance of volume": lambda b: (balance(b) > back(balance(b), 5), balance(b) < back(balance(b), 5)),
    "gaps": lambda b: (b.open < back(b.close) * 0.999, b.open > back(b.close) * 1.001),
    "range": lambda b: (true_range(b) > 1.2 * back(true_range(b)), b.close < b.low + 0.2 * (b.high - b.low)),
    "pivots seen a bar later": lambda b: (
        (back(b.close) < back(b.close, 2)) & (back(b.close) < b.close),
        (back(b.close) > back(b.close, 2)) & (back(b.close) > b.close),
    ),
    "both sides": lambda b: (
        crossed_above(b.close, average(b)),
        crossed_above(average(b), b.close),
        crossed_above(average(b), b.close),
        crossed_above(b.close, average(b)),
    ),
    "only shorts": lambda b: (none(b), none(b), below(b), above(b)),
    "trailing stop": trailing_stop,
}


class Draws:
    """Seeded once, in its constructor: each call draws further numbers."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(11)

    def signals(self, bars: Bars) -> Signals:
        noise = self.generator.random(len(bars))
        return Signals(noise < 0.2, noise > 0.8)


class Remembers:
    """Keeps what it has computed, by symbol and length."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], Signals] = {}

    def signals(self, bars: Bars) -> Signals:
        return self.known.setdefault((bars.symbol, len(bars)), Signals(above(bars), below(bars)))


class NeedsHistory:
    """Says nothing before there are thirty bars."""

    def signals(self, bars: Bars) -> Signals:
        if len(bars) < 30:
            return Signals(none(bars), none(bars))
        return Signals(above(bars) & (np.arange(len(bars)) >= 29), below(bars))


class Follows:
    """Trades every symbol by what the first one did until then, which it keeps between the calls."""

    def __init__(self) -> None:
        self.leader: Bars | None = None

    def signals(self, bars: Bars) -> Signals:
        if self.leader is None:
            self.leader = bars
        leader = self.leader
        rows = np.searchsorted(leader.timestamp, bars.timestamp, side="right") - 1
        up = np.where(rows < 0, False, rose(leader)[rows])
        return Signals(up, ~up)


class FollowsTheWhole(Follows):
    """Compares every symbol's days with the mean of the first one's whole history."""

    def signals(self, bars: Bars) -> Signals:
        if self.leader is None:
            self.leader = bars
            return Signals(none(bars), none(bars))
        cheap = bars.close < self.leader.close.mean()
        return Signals(cheap, ~cheap)


HONEST: dict[str, Make] = {
    **{name: lambda rule=rule: By(rule) for name, rule in HONEST_RULES.items()},
    "noise seeded in the constructor": Draws,
    "a memory of answers": Remembers,
    "nothing on short histories": NeedsHistory,
}


class Tosses:
    """Unseeded noise."""

    def signals(self, bars: Bars) -> Signals:
        noise = np.random.default_rng().random(len(bars))
        return Signals(noise < 0.2, noise > 0.8)


class TossesSeldom:
    """An honest rule, of whose flags a few are left out by chance."""

    def signals(self, bars: Bars) -> Signals:
        return Signals(above(bars) & (np.random.default_rng().random(len(bars)) > 0.1), below(bars))


class Alternates:
    """Answers the other way round every second time."""

    def __init__(self) -> None:
        self.calls = 0

    def signals(self, bars: Bars) -> Signals:
        self.calls += 1
        return Signals(above(bars), below(bars)) if self.calls % 2 else Signals(below(bars), above(bars))


UNREPEATABLE: dict[str, Make] = {"noise": Tosses, "some noise": TossesSeldom}
