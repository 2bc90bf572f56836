"""The curve that metrics are made of, with its trades, and what it is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from orchestrate.analytics.metrics.figures import Causes, Figures, measure
from orchestrate.analytics.metrics.metric import NOISE, NoBenchmarkError, NoFigureError
from orchestrate.analytics.series import (
    DAY,
    Drawdowns,
    calendar_of,
    drawdown,
    drawdowns,
    returns_of,
)
from orchestrate.analytics.sums import deviation, mean, product_sum, total, totals
from orchestrate.domain.books import Trade
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

#: The rounding of a sum of books against the capital that they began with.
_GRAIN: Final = 1e-14
_YEAR: Final = 365.25
#: So many returns are added up one kind of figure after another, to save memory.
_LONG: Final = 2**15
#: The share of the returns that counts as a tail.
TAIL: Final = 0.05


@dataclass(frozen=True, eq=False)
class RoundTrips:
    """Columns of closed round trips: `profits` are net of `fees`, `exits` the stamps by which they are in order.

    `adverse` and `favourable` are how far prices went against them (negative) and for them, as fractions of the entry
    price; NaN where that is unknown.
    """

    profits: Floats
    fees: Floats
    exits: Stamps
    days: Floats
    adverse: Floats
    favourable: Floats

    @classmethod
    def of(cls, trades: Sequence[Trade], adverse: Floats | None = None, favourable: Floats | None = None) -> RoundTrips:
        """Return the columns of these trades."""
        size = len(trades)
        unknown = np.full(size, np.nan)
        entries, exits = (np.array([*map(attrgetter(name), trades)], dtype=np.int64) for name in ("entered", "exited"))
        profits, fees = (np.array([*map(attrgetter(name), trades)], dtype=np.float64) for name in ("profit", "fees"))
        held = (exits - entries) / DAY
        return cls(
            profits,
            fees,
            exits,
            held,
            unknown if adverse is None else adverse,
            unknown if favourable is None else favourable,
        )

    @classmethod
    def joined(cls, parts: Sequence[RoundTrips]) -> RoundTrips:
        """Return the columns of several strategies, one after another."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))

    @cached_property
    def won(self) -> Floats:
        """Profits of the trades that made money."""
        return self.profits[self.profits > 0.0]

    @cached_property
    def lost(self) -> Floats:
        """Results of the trades that lost money, negative."""
        return self.profits[self.profits < 0.0]

    @property
    def by_exit(self) -> Floats:
        """Profits in the order of exits."""
        return self.profits[np.argsort(self.exits, kind="stable")]


@dataclass(frozen=True, slots=True)
class CapitalUse:
    """How capital was used: money that changed hands and what slippage took of it, mean equity, share left idle.

    `idle` is None where there was no equity.
    """

    traded: float = 0.0
    slippage: float = 0.0
    equity: float = 0.0
    idle: float | None = None


class PowerSums(NamedTuple):
    """The sums of the second, third and fourth powers of returns about their mean, and of the squares of losses."""

    second: float
    third: float
    fourth: float
    losses: float


@dataclass(frozen=True, eq=False)
class Track:
    """The data behind metrics. `equity` is valued at each close, `exposed` marks the closes with a position.

    `initial` is the capital before the first close. `benchmark` has the benchmark's close that counts at each of the
    stamps, NaN before its first bar; None where no benchmark is named.
    """

    initial: float
    equity: Floats
    stamps: Stamps
    exposed: Flags
    trips: RoundTrips
    fees: float
    periods_per_year: float | None
    capital: CapitalUse = field(default_factory=CapitalUse)
    benchmark: Floats | None = None

    @cached_property
    def metrics(self) -> tuple[Figures, Causes]:
        """Return all metrics, and why some have no meaning."""
        return measure(self)

    @cached_property
    def curve(self) -> Floats:
        """Return the initial capital, then every close.

        A first close at which nothing has moved is the beginning itself.
        """
        return from_capital(self.initial, self.equity) if moved(self.initial, self.equity) else self.equity

    @cached_property
    def returns(self) -> Floats:
        """Return the return from each value of the curve to the next."""
        self.require_returns()
        return returns_of(self.curve)

    def require_returns(self) -> None:
        """Raise NoFigureError where the curve has no returns."""
        if self._why_none:
            raise NoFigureError(self._why_none)

    @cached_property
    def _why_none(self) -> str:
        """Return why the curve has no returns; nothing where it has some."""
        if len(self.curve) < 2:
            return "it takes two bars"
        if not self.curve.any():
            return "there was no capital"
        return "equity fell to zero or below" if float(self.curve.min()) <= 0.0 else ""

    @cached_property
    def mean_return(self) -> float:
        """Return the mean of the returns."""
        return mean(self.returns)

    @cached_property
    def power_sums(self) -> PowerSums:
        """Return the sums of powers of the returns."""
        about_mean = self.returns - self.mean_return
        square = about_mean * about_mean
        if len(square) > _LONG:
            higher = product_sum(square, about_mean), product_sum(square, square)
            return PowerSums(total(square), *higher, product_sum(self.losses, self.losses))
        return PowerSums(*totals(np.array([square, square * about_mean, square * square, self.losses * self.losses])))

    @cached_property
    def deviation(self) -> float:
        """Return the standard deviation of the returns (ddof 1)."""
        return math.sqrt(self.power_sums.second / (len(self.returns) - 1))

    @cached_property
    def largest(self) -> float:
        """Return the size of the largest return."""
        return float(abs(self.returns).max())

    @cached_property
    def losses(self) -> Floats:
        """Return the returns below 0; 0 where one is not."""
        return np.minimum(self.returns, 0.0)

    @cached_property
    def drawdown(self) -> Floats:
        """Return how far each value of the curve lies below the highest so far."""
        return drawdown(self.curve)

    @cached_property
    def drawdowns(self) -> Drawdowns:
        """Return every drawdown; places are those in the curve."""
        return drawdowns(self.drawdown)

    @property
    def drawdown_days(self) -> Floats:
        """Calendar days of each drawdown, from its peak to its recovery or to the last close."""
        stamps = self.on_curve(self.stamps)
        return np.asarray((stamps[self.drawdowns.ends] - stamps[self.drawdowns.peaks]) / DAY, dtype=np.float64)

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """Return the second, third and fourth central moment of the returns."""
        sums, size = self.power_sums, len(self.returns)
        return sums.second / size, sums.third / size, sums.fourth / size

    def on_curve(self, stamps: Stamps) -> Stamps:
        """Return what closes are stamped with for each value of the curve; the initial capital has the first stamp."""
        return stamps if len(self.curve) == len(stamps) else np.concatenate([stamps[:1], stamps])

    @cached_property
    def day_ends(self) -> tuple[Stamps, Floats]:
        """Return the last stamp of every UTC day, and the equity at it."""
        calendar = calendar_of(self.stamps)
        return calendar.day_stamps, self.equity[calendar.day_ends]

    @cached_property
    def month_ends(self) -> tuple[Stamps, Floats]:
        """Return the last stamp of every calendar month (UTC), and the equity at it."""
        calendar = calendar_of(self.stamps)
        return calendar.month_stamps, self.equity[calendar.month_ends]

    @cached_property
    def daily(self) -> Floats:
        """Return the returns of UTC days; that of the first one, unless nothing moved in it."""
        returns = self._from_capital(self.day_ends[1])
        return returns if moved(self.initial, self.day_ends[1]) or len(returns) < 2 else returns[1:]

    @cached_property
    def monthly(self) -> Floats:
        """Return the returns of calendar months."""
        return self._from_capital(self.month_ends[1])

    @cached_property
    def against(self) -> tuple[Floats, Floats]:
        """Return the returns from stamp to stamp for which the benchmark has one, and those of the benchmark."""
        if self.benchmark is None:
            raise NoBenchmarkError
        known = np.isfinite(self.benchmark[:-1])
        own, held = self.returns[len(self.curve) - len(self.equity) :][known], returns_of(self.benchmark)[known]
        if len(held) < 2:
            raise NoFigureError("it takes two returns of the benchmark")
        if float(np.nanmin(self.benchmark)) <= 0.0:
            raise NoFigureError("the benchmark fell to zero or below")
        return own, held

    @cached_property
    def beta(self) -> float:
        """Return the covariance with the benchmark's returns against their variance."""
        own, held = self.against
        about_mean = held - mean(held)
        square = product_sum(about_mean, about_mean)
        if square <= (NOISE * float(abs(held).max())) ** 2 * len(held):
            raise NoFigureError("the benchmark never moves")
        return product_sum(about_mean, own) / square

    @cached_property
    def tracking(self) -> tuple[float, float]:
        """Return the mean and the standard deviation (ddof 1) of the returns above the benchmark's."""
        own, held = self.against
        above = own - held
        return mean(above), deviation(above)

    @property
    def days(self) -> float:
        """Calendar days between the first and the last stamp."""
        return (float(self.stamps[-1]) - float(self.stamps[0])) / DAY if len(self.stamps) else 0.0

    @property
    def years(self) -> float:
        """The same in years of 365.25 days."""
        return self.days / _YEAR

    @property
    def annual(self) -> float:
        """Periods per year."""
        if self.periods_per_year is None:
            raise NoFigureError("the bars per year are unknown")
        return self.periods_per_year

    @cached_property
    def _tails(self) -> Floats:
        """Return the returns with those in their places that tails are made of; sorting all takes much longer."""
        last = len(self.returns) - 1
        places = {int(last * share) + more for share in (TAIL, 1.0 - TAIL) for more in (0, 1)}
        return np.partition(self.returns, sorted(min(place, last) for place in places))

    def percentile(self, *, upper: bool = False) -> float:
        """Return the 5th percentile of the returns, or the 95th, interpolated between two of them."""
        place = (len(self._tails) - 1) * (1.0 - TAIL if upper else TAIL)
        below = int(place)
        above = min(below + 1, len(self._tails) - 1)
        return float(self._tails[below] + (self._tails[above] - self._tails[below]) * (place - below))

    @property
    def worst(self) -> Floats:
        """Return the lowest 5 % of the returns, the one at their bound included."""
        return self._tails[: int((len(self._tails) - 1) * TAIL) + 1]

    def _from_capital(self, equity: Floats) -> Floats:
        """Return the returns between these values, the first one from the initial capital on."""
        self.require_returns()
        return returns_of(from_capital(self.initial, equity))


def moved(initial: float, equity: Floats) -> bool:
    """Decide whether equity moved up to its first value: by more than what adding up several books rounds off."""
    return bool(len(equity)) and abs(float(equity[0]) - initial) > _GRAIN * abs(initial)


def from_capital(initial: float, equity: Floats) -> Floats:
    """Return the curve that begins with the initial capital, before the first close."""
    return np.concatenate([[initial], equity])
