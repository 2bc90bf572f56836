"""The volatility at which a European option has its price.

Each price is turned into that of the call or put of the same strike which is out of the money, in units of
√(forward × strike). Such a price rises with the deviation (volatility × √years), from 0 to a bound that only its strike
decides, so that one deviation belongs to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.options.columns import Options, Rows
from orchestrate.analytics.options.roots import roots
from orchestrate.domain.market.timeline import Flags, Floats

#: Why an option has no implied volatility; `ImpliedVolatility.reason` has places in this list.
REASONS: Final = (
    "",
    "price, spot, strike or rate is missing",
    "expired",
    "worth no more than its exercise",
    "worth as much as what it gives a right to",
    "no volatility gives this price",
)
SOLVED, NO_PRICE, EXPIRED, TOO_LOW, TOO_HIGH, NO_ROOT = range(len(REASONS))
_PRECISION: Final = 1e-14
#: So many parts of its terms a price may be off by rounding.
_ROUNDING: Final = 4.0 * np.finfo(np.float64).eps
_ROOT_TWO: Final = math.sqrt(2.0)
#: A deviation that is no different from 0.
_LEAST: Final = 1e-16
#: So many deviations out of the money a price is 0.
_FARTHEST: Final = -1e3


@dataclass(frozen=True, slots=True, eq=False)
class ImpliedVolatility:
    """Volatilities, NaN where `reason` is not 0."""

    volatility: Floats
    reason: npt.NDArray[np.int8]

    def why(self, row: int) -> str:
        """Return why a row has no volatility, empty where it has one."""
        return REASONS[int(self.reason[row])]


def implied_volatility(options: Options, price: npt.ArrayLike) -> ImpliedVolatility:
    """Return the volatility of each option at its price, such as the middle of its quotes."""
    given = np.broadcast_to(np.asarray(price, dtype=np.float64), len(options))
    forward, strike = options.forward, options.strike
    least = np.maximum(options.sign * (forward - strike), 0.0)
    most = np.where(options.is_call, forward, strike)
    worth = given / options.discount
    noise = _ROUNDING * np.maximum(forward, strike)
    reason = reasons(options, given, worth - least <= noise, most - worth <= noise)
    rows = np.flatnonzero(reason == SOLVED)
    unit = np.sqrt(forward[rows] * strike[rows])
    normal = _Normal(-np.abs(np.log(forward[rows] / strike[rows])), (worth - least)[rows] / unit)
    volatility = np.full(len(options), np.nan)
    volatility[rows] = normal.deviation() / np.sqrt(options.years[rows])
    return solved(volatility, reason)


def reasons(options: Options, price: Floats, is_low: Flags, is_high: Flags) -> Rows:
    """Return why each option has no volatility, as far as it is known before one is looked for."""
    is_priced = np.isfinite(price) & (price > 0.0) & np.isfinite(options.forward) & np.isfinite(options.strike)
    return np.select(
        [~is_priced, options.years <= 0.0, is_low, is_high], [NO_PRICE, EXPIRED, TOO_LOW, TOO_HIGH], default=SOLVED
    )


def solved(volatility: Floats, reason: Rows) -> ImpliedVolatility:
    """Return volatilities with their reasons; where none was found without another reason, that is the reason."""
    missed = (reason == SOLVED) & ~np.isfinite(volatility)
    return ImpliedVolatility(volatility, np.where(missed, NO_ROOT, reason).astype(np.int8))


@dataclass(frozen=True, slots=True, eq=False)
class _Normal:
    """Options out of the money: `log_moneyness` at most 0, and their prices in units of √(forward × strike)."""

    log_moneyness: Floats
    price: Floats

    def deviation(self) -> Floats:
        """Return the deviation of each price.

        The search is divided where a price bends, at √(2 |log moneyness|): below, 1 ÷ its logarithm is nearly a
        straight line; above, the logarithm of what is left to its bound.
        """
        bend = np.maximum(np.sqrt(-2.0 * self.log_moneyness), _LEAST)
        is_low = self.price < _price(self.log_moneyness, bend)
        answer = np.empty(len(bend))
        answer[is_low] = self._some(is_low)._below(bend[is_low])
        answer[~is_low] = self._some(~is_low)._above(bend[~is_low])
        return answer

    def _some(self, rows: Flags) -> _Normal:
        return _Normal(self.log_moneyness[rows], self.price[rows])

    def _below(self, bend: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            goal = 1.0 / np.log(self.price)

        def error(deviation: Floats, rows: Rows) -> Floats:
            with np.errstate(divide="ignore"):
                return np.asarray(1.0 / np.log(_price(self.log_moneyness[rows], deviation)) - goal[rows])

        return roots(error, np.zeros(len(bend)), bend, _PRECISION)

    def _above(self, bend: Floats) -> Floats:
        goal = np.log(np.exp(0.5 * self.log_moneyness) - self.price)

        def error(deviation: Floats, rows: Rows) -> Floats:
            return np.asarray(np.log(_left_to_bound(self.log_moneyness[rows], deviation)) - goal[rows])

        return roots(error, bend, 9.0 + np.sqrt(81.0 - 2.0 * self.log_moneyness), _PRECISION)


def _price(log_moneyness: Floats, deviation: Floats) -> Floats:
    """Return prices that are good to nearly all their digits, however small they are."""
    from scipy.special import erfcx

    with np.errstate(divide="ignore", over="ignore"):
        h, t = np.maximum(log_moneyness / deviation, _FARTHEST), deviation / 2.0
    difference = erfcx(-(h + t) / _ROOT_TWO) - erfcx(-(h - t) / _ROOT_TWO)
    return np.asarray(0.5 * np.exp(-0.5 * (h**2 + t**2)) * difference)


def _left_to_bound(log_moneyness: Floats, deviation: Floats) -> Floats:
    """Return how much less prices are than √(forward ÷ strike), which they are with endless volatility."""
    from scipy.special import ndtr

    h, t = log_moneyness / deviation, deviation / 2.0
    half = 0.5 * log_moneyness
    return np.asarray(np.exp(half) * ndtr(-h - t) + np.exp(-half) * ndtr(h - t))
