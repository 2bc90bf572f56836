"""Synthetic quotes: parity, no arbitrage, no future, any scale of prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import Options, years_between
from orchestrate.analytics.options.synthetic.spec import Surface
from orchestrate.analytics.options.synthetic.surface import volatilities
from tests.analytics.options.synthetic.chains import chain, evenings, walk

CLOSES = walk(25)
SETTINGS = {"rate": 0.03, "dividend": 0.01, "surface": {"level": 0.25, "skew": -0.6, "term": 0.3}}


@pytest.fixture(scope="module")
def quotes():
    return chain(CLOSES, **SETTINGS)


def mid_of(quotes):
    bid, ask = quotes.quoted["bid"], quotes.quoted["ask"]
    return np.where(bid > 0.0, 0.5 * (bid + ask), np.nan)


def test_mids_are_at_parity(quotes):
    call, put = mid_of(quotes).reshape(-1, 2).T
    row, strike = quotes.row[::2], quotes.strike[::2]
    years = years_between(evenings(25)[row], quotes.expiry[::2])
    forward = CLOSES[row] * np.exp(-0.01 * years) - strike * np.exp(-0.03 * years)
    both = np.isfinite(call - put)
    assert both.mean() > 0.5
    assert np.abs(call - put - forward)[both].max() <= 1e-8 * CLOSES.max()


def test_the_spread_is_a_share_of_the_middle(quotes):
    mid = mid_of(quotes)
    assert np.abs((quotes.quoted["ask"] - quotes.quoted["bid"]) / mid - 0.02)[mid > 1.0].max() < 1e-5
    no_buyer = quotes.quoted["bid"] == 0.0
    assert no_buyer.any()
    assert np.abs(quotes.quoted["ask"] / CLOSES[quotes.row] - 1e-6)[no_buyer].max() < 1e-8
    assert (quotes.quoted["ask"] > quotes.quoted["bid"]).all()


def test_volatilities_and_greeks_are_those_of_the_mids(quotes):
    years = years_between(evenings(25)[quotes.row], quotes.expiry)
    options = Options.of(CLOSES[quotes.row], quotes.strike, years, quotes.is_call, 0.03, 0.01)
    greeks = european.greeks(options, quotes.quoted["iv"])
    alive = years > 0.0
    for name in ("delta", "gamma", "theta", "vega"):
        assert np.abs(quotes.quoted[name] - getattr(greeks, name))[alive].max() < 1e-12, name
    implied = european.implied_volatility(options, mid_of(quotes)).volatility
    sure = alive & (quotes.quoted["vega"] > 1e-3)
    assert sure.mean() > 0.5
    assert np.abs(implied / quotes.quoted["iv"] - 1.0)[sure].max() < 1e-4
    assert np.isnan(quotes.quoted["iv"][~alive]).all()


skews, terms = st.floats(-0.95, 0.95), st.floats(-0.5, 2.0)


@settings(max_examples=40)
@given(st.floats(0.01, 3.0), skews, terms, st.floats(-0.05, 0.1))
def test_no_strike_or_expiry_offers_a_riskless_profit(level, skew, term, rate):
    surface = {"level": level, "skew": skew, "term": term}
    quotes = chain(np.array([100.0]), rate=rate, surface=surface, spread=0.0, expiries=[5, 30, 200, 800])
    mid = 0.5 * (quotes.quoted["bid"] + quotes.quoted["ask"])
    dust = 3e-6 * 100.0
    for day in np.unique(quotes.day):
        calls = (quotes.day == day) & quotes.is_call
        steps = np.diff(quotes.strike[calls])
        slope = np.diff(mid[calls]) / steps
        discount = np.exp(-rate * years_between(evenings(1)[0], quotes.expiry[calls][0]))
        assert slope.max() <= dust / steps.min()
        assert slope.min() >= -discount - dust / steps.min()
        assert np.diff(slope).min() >= -2.0 * dust / steps.min()


@settings(max_examples=40)
@given(st.floats(0.01, 3.0), skews, terms)
def test_a_later_expiry_is_worth_no_less(level, skew, term):
    years, moneyness = np.meshgrid(np.linspace(0.003, 3.0, 200), np.linspace(-2.0, 2.0, 41), indexing="ij")
    surface = Surface(level, skew, term)
    variance = volatilities(surface, np.full(years.shape, level), moneyness, years) ** 2 * years
    assert np.diff(variance, axis=0).min() >= -1e-15


def test_a_quote_depends_on_nothing_later(quotes):
    until = chain(CLOSES[:10], evenings(25)[:10], **SETTINGS)
    rows = quotes.row < 10
    for name in ("row", "day", "expiry", "strike", "is_call"):
        assert np.array_equal(getattr(until, name), getattr(quotes, name)[rows]), name
    for name, column in until.quoted.items():
        assert np.array_equal(column, quotes.quoted[name][rows], equal_nan=True), name


def test_the_seed_moves_the_level_by_the_day():
    closes = np.full(300, 100.0)
    at_the_money = {}
    for seed in (1, 2):
        quotes = chain(closes, seed=seed, expiries=1, strikes=3)
        at_the_money[seed] = quotes.quoted["iv"][(quotes.strike == 100.0) & quotes.is_call]
    assert np.nanstd(at_the_money[1]) == pytest.approx(0.02, rel=0.5)
    assert not np.allclose(at_the_money[1], at_the_money[2], equal_nan=True)
    late = chain(closes[100:], evenings(300)[100:], seed=1, expiries=1, strikes=3)
    again = late.quoted["iv"][(late.strike == 100.0) & late.is_call]
    assert np.array_equal(again, at_the_money[1][-len(again) :], equal_nan=True)


@pytest.mark.parametrize("scale", [1e-6, 0.01, 1000.0])
def test_prices_of_any_scale_have_the_same_chain(quotes, scale):
    scaled = chain(CLOSES * scale, **SETTINGS)
    assert np.abs(scaled.strike / scale - quotes.strike).max() < 1e-9
    assert np.abs(scaled.quoted["delta"] - quotes.quoted["delta"]).max() < 1e-9
    assert np.abs(scaled.quoted["ask"] / scale - quotes.quoted["ask"]).max() < 1e-5


def test_minutes_of_a_day_see_one_level():
    moments = evenings(1)[0] + np.arange(-390, 1) * 60 * 10**9
    quotes = chain(np.full(391, 100.0), moments, strikes=4, expiries=2)
    iv = quotes.quoted["iv"][(quotes.strike == 100.0) & quotes.is_call & (quotes.day == quotes.day.max())]
    assert len(iv) == 391
    assert np.ptp(iv) < 1e-9


@pytest.mark.parametrize("price", [1e-8, 1e8])
@pytest.mark.parametrize("settings", [{"strikes": 2, "spread": 0}, {"expiries": [0], "surface": {"level": 3.0}}])
def test_a_jump_of_an_odd_price_leaves_quotes_in_order(price, settings):
    quotes = chain(np.array([1.0, 100.0, 1.0, 0.01]) * price, **settings)
    bid, ask = quotes.quoted["bid"], quotes.quoted["ask"]
    assert (ask >= bid).all()
    assert (quotes.strike > 0.0).all()
    assert ((bid > 0.0) | (ask > 0.0)).all()


def test_after_the_last_expiry_nothing_is_quoted():
    moments = evenings(4)[3:] + 3600 * 10**9  # on a Friday, after its options
    assert len(chain(np.array([100.0]), moments, expiries=1)) == 0
