"""Implied volatility gives back what a price was made with, or says why there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import Dividends, Options

rates = st.floats(-0.05, 0.15)


@given(
    st.floats(1e-4, 1e5), st.floats(0.2, 5.0), st.floats(1e-4, 3.0), st.floats(0.01, 3.0), st.booleans(), rates, rates
)
def test_a_price_gives_back_its_volatility(spot, moneyness, years, volatility, is_call, rate, dividend):
    options = Options.of(spot, spot * moneyness, years, is_call, rate, dividend)
    greeks = european.greeks(options, volatility)
    implied = european.implied_volatility(options, greeks.price)
    rounding = 50.0 * np.finfo(float).eps * (spot + spot * moneyness)
    if implied.reason[0]:
        assert greeks.vega[0] * 100.0 * volatility < 1e4 * rounding or greeks.price[0] == 0.0
    else:
        off = abs(implied.volatility[0] - volatility)
        assert off <= 1e-10 * volatility + rounding / (100.0 * greeks.vega[0])


def test_a_whole_chain_comes_back():
    strike, years = np.meshgrid(np.arange(50.0, 200.0, 0.5), [0.01, 0.1, 0.5, 2.0])
    options = Options.of(100.0, strike.ravel(), years.ravel(), strike.ravel() > 100.0, 0.04, 0.01)
    volatility = 0.15 + 0.002 * np.abs(strike.ravel() - 100.0)
    implied = european.implied_volatility(options, european.prices(options, volatility))
    has_price = european.prices(options, volatility) > 1e-10
    assert has_price.sum() > 900
    assert implied.volatility[has_price] == pytest.approx(volatility[has_price], rel=1e-6)


@pytest.mark.parametrize(
    ("option", "price", "reason"),
    [
        ((100.0, 100.0, 1.0, True), 0.0, "price, spot, strike or rate is missing"),
        ((100.0, 100.0, 1.0, True), np.nan, "price, spot, strike or rate is missing"),
        ((np.nan, 100.0, 1.0, True), 5.0, "price, spot, strike or rate is missing"),
        ((100.0, 0.0, 1.0, True), 5.0, "price, spot, strike or rate is missing"),
        ((100.0, 90.0, 0.0, True), 10.0, "expired"),
        ((100.0, 90.0, 1.0, True), 10.0, "worth no more than its exercise"),
        ((100.0, 110.0, 1.0, False), 9.0, "worth no more than its exercise"),
        ((100.0, 90.0, 1.0, True), 100.0, "worth as much as what it gives a right to"),
        ((100.0, 90.0, 1.0, False), 90.0, "worth as much as what it gives a right to"),
        ((100.0, 90.0, 1.0, True), 12.0, ""),
    ],
)
def test_where_there_is_none_it_says_why(option, price, reason):
    implied = european.implied_volatility(Options.of(*option), price)
    assert implied.why(0) == reason
    assert np.isnan(implied.volatility[0]) == bool(reason)


def test_cash_dividends_count():
    options, dividends = Options.of(100.0, [95.0, 105.0], 0.5, [False, True], 0.03), Dividends.of((0.1, 3.0))
    price = european.prices(options, [0.25, 0.2], dividends)
    assert european.implied_volatility(options, price, dividends).volatility == pytest.approx([0.25, 0.2])
    assert abs(european.implied_volatility(options, price).volatility - [0.25, 0.2]).min() > 0.01
