"""European options by the formula of Black, Scholes and Merton."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.options import implied
from orchestrate.analytics.options.columns import DAYS, NO_DIVIDENDS, Dividends, Options, Valuation
from orchestrate.analytics.options.implied import ImpliedVolatility
from orchestrate.domain.market.timeline import Floats

#: A strike that is so many deviations off is never crossed.
_FARTHEST: Final = 1e3
_DENSITY: Final = 1.0 / math.sqrt(2.0 * math.pi)


def prices(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Floats:
    """Return the price of each option."""
    return _Formula.of(dividends.taken_from(options), volatility).price


def greeks(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Valuation:
    """Return the price of each option and how it changes."""
    formula = _Formula.of(dividends.taken_from(options), volatility)
    nearing = (options.rate - options.dividend) * dividends.value(options) * formula.delta / DAYS
    return Valuation(formula.price, formula.delta, formula.gamma, formula.theta - nearing, formula.vega)


def implied_volatility(
    options: Options, price: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS
) -> ImpliedVolatility:
    """Return the volatility of each option at its price, such as the middle of its quotes."""
    return implied.implied_volatility(dividends.taken_from(options), price)


@dataclass(frozen=True, slots=True, eq=False)
class _Formula:
    """The parts of the formula: `stock` and `cash` are worth now what is exchanged at expiry.

    `shares` and `chance` are the normal distribution at d1 and d2, both times the sign of the right.
    """

    options: Options
    deviation: Floats
    stock: Floats
    cash: Floats
    density: Floats
    shares: Floats
    chance: Floats

    @classmethod
    def of(cls, options: Options, volatility: npt.ArrayLike) -> _Formula:
        """Compute the parts; an option without time or volatility left is worth what exercising will be."""
        from scipy.special import ndtr

        given = np.asarray(volatility, dtype=np.float64)
        deviation = np.where(given >= 0.0, given, np.nan) * np.sqrt(options.years)
        stock = options.spot * np.exp(-options.dividend * options.years)
        cash = options.strike * options.discount
        distance = np.log(stock / cash)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            quotient = np.clip(distance / deviation, -_FARTHEST, _FARTHEST)
        d1 = np.where((distance == 0.0) & (deviation == 0.0), 0.0, quotient) + deviation / 2.0
        sign = options.sign
        shares, chance = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
        return cls(options, deviation, stock, cash, _DENSITY * np.exp(-0.5 * d1**2), shares, chance)

    @property
    def price(self) -> Floats:
        return np.maximum(self.options.sign * (self.stock * self.shares - self.cash * self.chance), 0.0)

    @property
    def delta(self) -> Floats:
        return np.asarray(self.options.sign * self.shares * self.stock / self.options.spot)

    @property
    def gamma(self) -> Floats:
        per_deviation = self.stock * self.density / self.options.spot**2
        return _divided(per_deviation, self.deviation)

    @property
    def theta(self) -> Floats:
        """What a day takes: the value of waiting, less what shares and cash earn meanwhile; 0 at expiry."""
        options = self.options
        waiting = _divided(self.stock * self.density * self.deviation, 2.0 * options.years)
        carry = options.dividend * self.stock * self.shares - options.rate * self.cash * self.chance
        return np.where(options.years > 0.0, options.sign * carry - waiting, 0.0) / DAYS

    @property
    def vega(self) -> Floats:
        return np.asarray(self.stock * self.density * np.sqrt(self.options.years) / 100.0)


def _divided(values: Floats, by: Floats) -> Floats:
    """Return a quotient, 0 where it is one by 0."""
    return np.divide(values, by, out=np.zeros(len(values)), where=by != 0.0)
