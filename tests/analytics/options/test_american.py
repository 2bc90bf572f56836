"""American prices: a published figure, QuantLib's, bounds, early exercise for dividends, implied volatilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestrate.analytics.options import american, european
from orchestrate.analytics.options.columns import Dividends, Options
from orchestrate.domain.market.timeline import Flags, Floats
from tests.analytics.options.contracts import QuantLib, random_contracts


def test_a_published_put():
    assert american.prices(Options.of(90.0, 100.0, 0.1, False, 0.1, 0.1), 0.15)[0] == pytest.approx(10.0006, abs=5e-4)


def test_greeks_are_quantlibs_to_a_hundredth():
    options, volatility = random_contracts(1000)
    greeks = american.greeks(options, volatility)
    library, step, bump = QuantLib(), 0.1, 1e-3
    price = library.american(options, volatility)
    smooth = ~nearly_exercised(options, volatility)
    assert smooth.sum() > 950
    up, down = (library.american(replace(options, spot=options.spot + each), volatility) for each in (step, -step))
    vega = (library.american(options, volatility + bump) - library.american(options, volatility - bump)) / (200 * bump)
    assert np.abs(greeks.price - price).max() < 1e-2
    assert np.abs(greeks.delta - (up - down) / (2 * step)).max() < 1e-2
    assert np.abs(greeks.gamma - (up - 2 * price + down) / step**2)[smooth].max() < 1e-2
    assert np.abs(greeks.vega - vega)[smooth].max() < 1e-2


def test_theta_is_what_a_day_takes():
    options, volatility = random_contracts(200, seed=5)
    options, volatility = options[options.years > 0.1], volatility[options.years > 0.1]
    half = 0.5 / 365.0
    before, after = (
        american.prices(replace(options, years=options.years + each), volatility) for each in (half, -half)
    )
    smooth = ~nearly_exercised(options, volatility)
    theta = american.greeks(options, volatility).theta
    assert np.abs(theta - (after - before))[smooth].max() < 2e-3
    assert theta[smooth].min() < -0.03
    assert (theta == 0.0).any()


def nearly_exercised(options: Options, volatility: Floats) -> Flags:
    """Return where two percent of the spot decide on exercise: there, gamma jumps."""
    here, there = (
        american.prices(moved, volatility) < moved.exercised + 1e-3
        for moved in (replace(options, spot=options.spot * each) for each in (0.98, 1.02))
    )
    return here != there


def test_it_is_worth_its_exercise_and_the_european_at_least():
    options, volatility = random_contracts(300, seed=4)
    price = american.prices(options, volatility)
    assert (price >= options.exercised).all()
    assert (price >= european.prices(options, volatility) - 2e-3).all()
    assert (price > european.prices(options, volatility) + 0.1).sum() > 30


def test_what_is_never_exercised_early_is_priced_by_the_formula():
    options = Options.of(100.0, [90.0, 110.0, 90.0, 110.0], 0.5, [1, 1, 0, 0], [0.05, 0.05, 0.0, 0.0])
    assert american.is_early(options).tolist() == [False] * 4
    assert american.prices(options, 0.2).tolist() == european.prices(options, 0.2).tolist()


def test_a_call_is_exercised_on_the_eve_of_a_large_dividend():
    call, dividends = Options.of(100.0, 80.0, 0.5, True, 0.02), Dividends.of((0.1, 15.0))
    price = american.prices(call, 0.15, dividends)[0]
    assert european.prices(call, 0.15, dividends)[0] < 7.5
    assert price == pytest.approx(20.0 + 80.0 * 0.02 * 0.1, abs=0.03)  # the interest on the strike until the eve
    assert american.prices(call, 0.15, Dividends.of((0.6, 15.0))).tolist() == european.prices(call, 0.15).tolist()


def test_implied_volatility_gives_back_the_price():
    options, volatility = random_contracts(200, seed=6)
    dividends = Dividends.of((0.2, 1.0))
    price = american.prices(options, volatility, dividends)
    implied = american.implied_volatility(options, price, dividends)
    has_one = implied.reason == 0
    assert has_one.mean() > 0.9
    assert american.prices(options[has_one], implied.volatility[has_one], dividends) == pytest.approx(
        price[has_one], abs=1e-4
    )
    at_exercise = np.abs(price - options.exercised) < 1e-5
    assert {implied.why(row) for row in np.flatnonzero(~has_one & at_exercise)} == {"worth no more than its exercise"}
    assert not (~has_one & ~at_exercise).any()


@pytest.mark.parametrize("volatility", [0.0, 1e-6, 0.01, 8.0])
def test_extreme_volatilities_have_prices(volatility):
    options = Options.of(
        100.0, [1.0, 80.0, 100.0, 120.0, 1e4], [0.001, 0.5, 3.0, 1.0, 0.01], [1, 0, 1, 0, 0], 0.05, 0.08
    )
    greeks = american.greeks(options, volatility)
    for column in (greeks.price, greeks.delta, greeks.gamma, greeks.theta, greeks.vega):
        assert np.isfinite(column).all()
    assert (greeks.price >= options.exercised).all()
    assert (greeks.price <= np.where(options.is_call, options.spot, options.strike)).all()


def test_what_is_missing_is_missing_in_its_row_alone():
    options = Options.of([100.0, np.nan, 100.0], 100.0, 1.0, False, [0.05, 0.05, np.nan])
    assert np.isnan(american.greeks(options, 0.2).vega).tolist() == [False, True, True]
