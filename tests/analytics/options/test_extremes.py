"""Whatever the numbers, no model warns, and a volatility is either there or has a reason."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.options import american, european
from orchestrate.analytics.options.columns import NO_DIVIDENDS, Dividends, Options

SPOTS = [1e-8, 1e-3, 1.0, 50.0, 100.0, 1e5, 1e8, np.nan, 0.0, -5.0, np.inf]
YEARS = [0.0, 1e-12, 1e-6, 1 / 365, 0.1, 1.0, 10.0, 50.0, -1.0, np.nan]
RATES = [0.0, 0.05, -0.05, 0.5, -0.5, np.nan]
VOLATILITIES = [0.0, 1e-12, 1e-3, 0.2, 1.0, 10.0, np.nan, -1.0]


@pytest.mark.parametrize("dividends", [NO_DIVIDENDS, Dividends.of((0.05, 1.0), (0.5, 0.3))], ids=["none", "two"])
@pytest.mark.parametrize("model", [european, american], ids=["european", "american"])
def test_odd_numbers_have_prices_and_reasons(model, dividends):
    draws = np.random.default_rng(7)
    spot, strike, years, rate, dividend, volatility = (
        draws.choice(values, 800) for values in (SPOTS, SPOTS, YEARS, RATES, RATES, VOLATILITIES)
    )
    options = Options.of(spot, strike, years, draws.random(800) < 0.5, rate, dividend)
    price = model.greeks(options, volatility, dividends).price
    known = np.isfinite(options.spot + options.strike + options.years + rate + dividend) & (volatility >= 0.0)
    priced = np.isfinite(price)
    assert not priced[~known].any()
    assert priced[known & (spot > 2.0)].all()
    for given in (price, draws.choice([0.0, 1e-9, 1.0, 50.0, 1e9, np.nan, -1.0, np.inf], 800)):
        implied = model.implied_volatility(options, given, dividends)
        assert np.isfinite(implied.volatility[implied.reason == 0]).all()
        assert np.isnan(implied.volatility[implied.reason != 0]).all()
        assert {implied.why(row) for row in np.flatnonzero(implied.reason)} >= {"expired"}
