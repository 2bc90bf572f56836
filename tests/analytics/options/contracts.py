"""Random contracts, and what QuantLib says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestrate.analytics.options.columns import Options
from orchestrate.domain.market.timeline import Floats


def random_contracts(count: int, seed: int = 3) -> tuple[Options, Floats]:
    """Return contracts of whole days up to a year, and their volatilities."""
    draws = np.random.default_rng(seed)
    strike = 100.0 * np.exp(draws.normal(0.0, 0.15, count))
    years = draws.integers(3, 366, count) / 365.0
    is_call = draws.random(count) < 0.5
    rate, dividend = draws.uniform(0.0, 0.1, (2, count))
    return Options.of(100.0, strike, years, is_call, rate, dividend), draws.uniform(0.1, 0.8, count)


class QuantLib:
    """QuantLib's prices of contracts, one at a time, by engines that `orchestrate` does not use."""

    def __init__(self) -> None:
        self.library: Any = pytest.importorskip("QuantLib", reason="QuantLib is not installed")
        self.today = self.library.Date(1, 1, 2020)
        self.library.Settings.instance().evaluationDate = self.today

    def european(self, options: Options, volatility: Floats) -> Floats:
        """Return price, delta, gamma, theta and vega, a column each."""
        rows = []
        for option in self._options(options, volatility, "AnalyticEuropeanEngine"):
            first = option.NPV(), option.delta(), option.gamma()
            rows.append((*first, option.theta() / 365.0, option.vega() / 100.0))
        return np.array(rows)

    def american(self, options: Options, volatility: Floats) -> Floats:
        """Return prices that are good to more digits than any tree's."""
        return np.array([option.NPV() for option in self._options(options, volatility, "QdFpAmericanEngine")])

    def _options(self, options: Options, volatility: Floats, engine: str) -> Any:
        library = self.library
        count = library.Actual365Fixed()
        is_european = "European" in engine
        for row, deviation in enumerate(volatility.tolist()):
            one = options[[row]]
            expiry = self.today + round(float(one.years[0]) * 365.0)
            right = library.Option.Call if one.is_call[0] else library.Option.Put
            exercise = library.EuropeanExercise(expiry) if is_european else library.AmericanExercise(self.today, expiry)
            option = library.VanillaOption(library.PlainVanillaPayoff(right, float(one.strike[0])), exercise)
            curves = (library.FlatForward(self.today, float(rate[0]), count) for rate in (one.dividend, one.rate))
            surface = library.BlackConstantVol(self.today, library.NullCalendar(), deviation, count)
            process = library.BlackScholesMertonProcess(
                library.QuoteHandle(library.SimpleQuote(float(one.spot[0]))),
                *(library.YieldTermStructureHandle(curve) for curve in curves),
                library.BlackVolTermStructureHandle(surface),
            )
            scheme = () if is_european else (library.QdFpAmericanEngine.fastScheme(),)
            option.setPricingEngine(getattr(library, engine)(process, *scheme))
            yield option
