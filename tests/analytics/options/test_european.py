"""European prices and greeks: published figures, parity, QuantLib's, and the edges of the formula."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import Dividends, Options, Valuation, years_between
from tests.analytics.options.contracts import QuantLib, random_contracts


def test_a_published_call():
    assert european.prices(Options.of(60.0, 65.0, 0.25, True, 0.08), 0.30)[0] == pytest.approx(2.1334, abs=5e-5)


def test_greeks_are_quantlibs():
    options, volatility = random_contracts(1000)
    greeks = european.greeks(options, volatility)
    columns = np.column_stack([greeks.price, greeks.delta, greeks.gamma, greeks.theta, greeks.vega])
    assert np.abs(columns - QuantLib().european(options, volatility)).max() < 1e-8


def test_greeks_are_what_prices_change_by():
    options, volatility = random_contracts(50)
    dividends = Dividends.of((0.02, 1.5), (0.5, 2.0))
    greeks = european.greeks(options, volatility, dividends)

    def price(spot: float = 0.0, days: float = 0.0, points: float = 0.0):
        later = Dividends(dividends.years - days / 365.0, dividends.amount)
        moved = replace(options, spot=options.spot + spot, years=options.years - days / 365.0)
        return european.prices(moved, volatility + points / 100.0, later)

    step = 1e-3
    assert greeks.price == pytest.approx(price(), abs=1e-12)
    assert greeks.delta == pytest.approx((price(spot=step) - price(spot=-step)) / (2 * step), abs=1e-7)
    assert greeks.gamma == pytest.approx((price(step) - 2 * price() + price(-step)) / step**2, abs=1e-6)
    assert greeks.theta == pytest.approx((price(days=step) - price(days=-step)) / (2 * step), abs=1e-6)
    assert greeks.vega == pytest.approx((price(points=step) - price(points=-step)) / (2 * step), abs=1e-7)


rates = st.floats(-0.05, 0.2)


@given(st.floats(1e-4, 1e5), st.floats(0.3, 3.0), st.floats(0.0, 5.0), st.floats(0.0, 4.0), rates, rates)
def test_puts_and_calls_are_at_parity(spot, moneyness, years, volatility, rate, dividend):
    strike = spot * moneyness
    call, put = (
        european.prices(Options.of(spot, strike, years, right, rate, dividend), volatility)[0] for right in (1, 0)
    )
    forward = spot * np.exp(-dividend * years) - strike * np.exp(-rate * years)
    assert call - put == pytest.approx(forward, abs=1e-13 * (spot + strike))


@pytest.mark.parametrize(("years", "volatility"), [(0.0, 0.2), (-1.0, 0.2), (1.0, 0.0)])
def test_without_time_or_volatility_it_is_worth_its_exercise(years, volatility):
    options = Options.of(100.0, [90.0, 110.0, 90.0, 110.0, 100.0], years, [1, 1, 0, 0, 1])
    greeks = european.greeks(options, volatility)
    assert greeks.price.tolist() == [10.0, 0.0, 0.0, 10.0, 0.0]
    assert greeks.delta.tolist() == [1.0, 0.0, 0.0, -1.0, 0.5]
    assert greeks.gamma.tolist() == greeks.theta.tolist() == [0.0] * 5


def test_what_is_missing_is_missing_in_its_row_alone():
    options = Options.of([100.0, np.nan, -1.0, 100.0], 100.0, 1.0, True)
    greeks = european.greeks(options, [0.2, 0.2, 0.2, np.nan])
    for field in fields(Valuation):
        assert np.isnan(getattr(greeks, field.name)).tolist() == [False, True, True, True], field.name


def test_cash_dividends_until_the_expiry_are_taken_from_the_underlying():
    dividends = Dividends.of((0.5, 2.0), (0.25, 1.0), (0.75, 4.0))
    options = Options.of(100.0, 100.0, [0.25, 0.6, 0.2], True, 0.05)
    value = dividends.value(options)
    assert value == pytest.approx([np.exp(-0.0125), np.exp(-0.0125) + 2.0 * np.exp(-0.025), 0.0])
    plain = replace(options, spot=options.spot - value)
    assert european.prices(options, 0.3, dividends).tolist() == european.prices(plain, 0.3).tolist()


def test_time_runs_to_the_instant_of_expiry():
    day = 86_400 * 10**9
    assert years_between(np.array([0, 364 * day, 365 * day - day // 2]), 365 * day) * 365.0 == pytest.approx(
        [365, 1, 0.5]
    )
