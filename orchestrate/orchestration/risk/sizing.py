"""The quantity of an entry, before any stage cuts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import fsum, sqrt
from typing import Final, Literal, NamedTuple

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.terms import Bracket, OrderTerms, distance, moved, rounded_level
from orchestrate.domain.plan import Sizing

#: Bars per year of a symbol of which nothing is known.
TRADING_DAYS: Final = 252.0


class Sizeable(NamedTuple):
    """The facts that a sizing rule may read: the strategy's capital and the price at the decision's close.

    `volatility` returns the symbol's yearly volatility over the plan's lookback; 0.0 before there are so many returns.
    `stop` is how far the entry's stop is from its price; 0.0 without one.
    """

    capital: float
    price: float
    instrument: Instrument
    symbols: int
    volatility: Callable[[], float] = float
    stop: float = 0.0


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


def risk(value: float, of: Sizeable) -> float:
    """Return the units that lose `value` of the strategy's capital at the entry's stop."""
    return of.capital * value / (of.stop * of.instrument.multiplier) if of.stop else 0.0


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
    """A rule: the units from its figure and the facts; `figure` is the key under `sizing:` that has it.

    `protects`: an entry has a stop, whose distance sizes it.
    """

    units: Callable[[float, Sizeable], float]
    figure: Literal["percent", "quantity", "amount", "annual", "risk"]
    protects: bool = False


SIZINGS: Final[dict[str, SizingMethod]] = {
    "percent": SizingMethod(percent, "percent"),
    "fixed": SizingMethod(fixed, "quantity"),
    "notional": SizingMethod(notional, "amount"),
    "volatility": SizingMethod(volatility, "annual"),
    "risk": SizingMethod(risk, "risk", protects=True),
}


def size(sizing: Sizing, of: Sizeable) -> float:
    """Return the units, not yet rounded to lots; 0.0 where capital or price allow none."""
    if not of.price or of.capital <= 0:
        return 0.0
    return max(0.0, SIZINGS[sizing.method].units(float(sizing.value), of))


def planned_exits(sizing: Sizing) -> tuple[str, ...]:
    """Return the names of the exits that the plan gives an entry."""
    if not SIZINGS[sizing.method].protects:
        return ()
    return ("stop_loss",) if sizing.take_profit_risk_reward is None else ("stop_loss", "take_profit")


class Protection(NamedTuple):
    """The terms of an entry with its stop, and how far that is from its price; `lacking` says why it has none."""

    terms: OrderTerms
    distance: float = 0.0
    lacking: str = ""


def protect(
    terms: OrderTerms,
    close: float,
    sizing: Sizing,
    precision: int,
    average_range: Callable[[], float | None],
    *,
    buys: bool,
) -> Protection:
    """Return the entry's terms with the stop and the target of the plan, where it has none of its own.

    They lie off the entry's own stop or limit price; off the close where it names neither.
    """
    price = terms.stop or terms.limit or close
    own = terms.bracket or Bracket()
    stop, away = None, own.loss(price, buys=buys, precision=precision)
    if away is None:
        if terms.trail is not None:
            return Protection(terms, lacking="an entry with a trail has no price that a stop could go by")
        average = average_range()
        if average is None:
            bars = sizing.period + 1
            return Protection(terms, lacking=f"the average true range of {sizing.period} needs {bars} bars")
        stop = rounded_level(moved(price, float(sizing.stop_atr) * average, up=not buys), precision)
        away = distance(price, stop)
        if stop <= 0:
            return Protection(terms, lacking=f"a stop at {stop:g} is no price")
    if not away:
        return Protection(terms, lacking="its stop would lie at its own price")
    bracket = own.completed(stop, _target(price, away, sizing, precision, up=buys))
    return Protection(replace(terms, bracket=bracket), away)


def _target(price: float, away: float, sizing: Sizing, precision: int, *, up: bool) -> float | None:
    """Return where the target lies; None where the plan has none, or it would be no price."""
    if sizing.take_profit_risk_reward is None:
        return None
    target = rounded_level(moved(price, float(sizing.take_profit_risk_reward) * away, up=up), precision)
    return target if target > 0 else None
