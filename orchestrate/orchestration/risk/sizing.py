"""The quantity of an entry, before any stage cuts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt
from typing import Final, Literal, NamedTuple

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.plan import Sizing

#: Bars per year of a symbol of which nothing is known.
TRADING_DAYS: Final = 252.0


class Sizeable(NamedTuple):
    """The facts that a sizing rule may read: the strategy's capital and the price at the decision's close.

    `volatility` returns the symbol's yearly volatility over the plan's lookback; 0.0 before there are so many returns.
    """

    capital: float
    price: float
    instrument: Instrument
    symbols: int
    volatility: Callable[[], float] = float


def percent(value: float, of: Sizeable) -> float:
    """Return the units for `value` percent of the strategy's capital, shared by its symbols."""
    return of.capital * value / 100.0 / of.symbols / (abs(of.price) * of.instrument.multiplier)


def fixed(value: float, _of: Sizeable) -> float:
    """Return `value` units."""
    return value


def volatility(value: float, of: Sizeable) -> float:
    """Return the units with which a position moves by `value` of its share of the capital a year."""
    moves = of.volatility()
    return percent(100.0 * value / moves, of) if moves else 0.0


def yearly_volatility(closes: Sequence[float], periods_per_year: float) -> float:
    """Return the standard deviation of the returns from one close to the next, for a year; 0.0 where one has none."""
    if len(closes) < 3 or not all(closes):
        return 0.0
    returns = [after / before - 1 for before, after in pairwise(closes)]
    mean = fsum(returns) / len(returns)
    variance = fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return sqrt(variance * periods_per_year)


def notional(value: float, of: Sizeable) -> float:
    """Return as many units as `value` of money is worth."""
    return value / (abs(of.price) * of.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class SizingMethod:
    """A rule: the units from its figure and the facts; `figure` is the key under `sizing:` that has it."""

    units: Callable[[float, Sizeable], float]
    figure: Literal["percent", "quantity", "amount", "annual"]


SIZINGS: Final[dict[str, SizingMethod]] = {
    "percent": SizingMethod(percent, "percent"),
    "fixed": SizingMethod(fixed, "quantity"),
    "notional": SizingMethod(notional, "amount"),
    "volatility": SizingMethod(volatility, "annual"),
}


def size(sizing: Sizing, of: Sizeable) -> float:
    """Return the units, not yet rounded to lots; 0.0 where capital or price allow none."""
    if not of.price or of.capital <= 0:
        return 0.0
    return max(0.0, SIZINGS[sizing.method].units(float(sizing.value), of))
