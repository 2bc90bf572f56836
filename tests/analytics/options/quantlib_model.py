"""American options by QuantLib's finite differences, one at a time: slower and closer than our trees.

QuantLib counts whole days. Here every option has ten years of them, and what a year of its own brings is spread over
these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import DAYS, NO_DIVIDENDS, Dividends, Options, Valuation
from orchestrate.domain.market.timeline import Floats

_DAYS: Final = 3650
_FIRST_DAY: Final = (1, 1, 2001)
_GRID: Final = (100, 200)
_BUMP: Final = 1e-3


def prices(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Floats:
    """Return the price of each option."""
    return _priced(options, volatility, dividends, vega=False).price


def greeks(options: Options, volatility: npt.ArrayLike, dividends: Dividends = NO_DIVIDENDS) -> Valuation:
    """Return the price of each option and how it changes."""
    return _priced(options, volatility, dividends, vega=True)


def _priced(options: Options, volatility: npt.ArrayLike, dividends: Dividends, *, vega: bool) -> Valuation:
    """Let QuantLib price what has time and volatility left; the rest is as of European options."""
    library = pytest.importorskip("QuantLib", reason="QuantLib is not installed")
    given = np.broadcast_to(np.asarray(volatility, dtype=np.float64), len(options))
    answer = european.greeks(options, given, dividends)
    rows = np.flatnonzero((given > 0.0) & (options.years > 0.0) & np.isfinite(answer.price))
    columns = [
        _Option.of(library, options[row : row + 1], float(given[row]), dividends).greeks(vega=vega)
        for row in rows.tolist()
    ]
    return answer.put(rows, Valuation(*np.array(columns).reshape(-1, 5).T))


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """An option of QuantLib's with its volatility and what a year of its own is in those that QuantLib sees."""

    option: Any
    volatility: Any
    stretch: float

    @classmethod
    def of(cls, library: Any, options: Options, volatility: float, dividends: Dividends) -> _Option:
        """Give the only row of `options` to QuantLib, with its time stretched to ten years."""
        today = library.Date(*_FIRST_DAY)
        library.Settings.instance().evaluationDate = today
        spot, strike, years, rate, dividend = (
            float(column[0]) for column in (options.spot, options.strike, options.years, options.rate, options.dividend)
        )
        stretch = _DAYS / DAYS / years
        quote = library.SimpleQuote(volatility / math.sqrt(stretch))
        process = _process(library, today, spot, rate / stretch, dividend / stretch, quote)
        paid = [
            (today + max(1, round(when / years * _DAYS)), float(amount))
            for when, amount in zip(dividends.years, dividends.amount, strict=True)
            if 0.0 < when <= years
        ]
        right = library.Option.Call if options.is_call[0] else library.Option.Put
        exercise = library.AmericanExercise(today, today + _DAYS)
        option = library.VanillaOption(library.PlainVanillaPayoff(right, strike), exercise)
        dates, amounts = [when for when, _ in paid], [amount for _, amount in paid]
        option.setPricingEngine(_engine(library, process, library.DividendVector(dates, amounts)))
        return cls(option, quote, stretch)

    def greeks(self, *, vega: bool) -> tuple[float, float, float, float, float]:
        """Return price, delta, gamma, theta and vega, the last one 0 unless it is asked for."""
        option = self.option
        first = option.NPV(), option.delta(), option.gamma(), option.theta() * self.stretch / DAYS
        if not vega:
            return *first, 0.0
        middle = self.volatility.value()
        bump = min(_BUMP, 0.5 * middle)
        self.volatility.setValue(middle + bump)
        above = option.NPV()
        self.volatility.setValue(middle - bump)
        return *first, (above - option.NPV()) / (200.0 * bump * math.sqrt(self.stretch))


def _process(library: Any, today: Any, spot: float, rate: float, dividend: float, volatility: Any) -> Any:
    count = library.Actual365Fixed()
    surface = library.BlackConstantVol(today, library.NullCalendar(), library.QuoteHandle(volatility), count)
    return library.BlackScholesMertonProcess(
        library.QuoteHandle(library.SimpleQuote(spot)),
        library.YieldTermStructureHandle(library.FlatForward(today, dividend, count)),
        library.YieldTermStructureHandle(library.FlatForward(today, rate, count)),
        library.BlackVolTermStructureHandle(surface),
    )


def _engine(library: Any, process: Any, paid: Any) -> Any:
    """Return finite differences in which dividends are taken from the underlying, as on our trees."""
    scheme, engine = library.FdmSchemeDesc.Douglas(), library.FdBlackScholesVanillaEngine
    return engine(process, paid, *_GRID, 0, scheme, False, -library.nullDouble(), engine.Escrowed)
