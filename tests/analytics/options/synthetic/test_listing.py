"""Which contracts a synthetic chain lists."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from orchestrate.analytics.options.synthetic.listing import strike_step
from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from tests.analytics.options.synthetic.chains import DAY, chain, evenings, walk


def days_of(quotes, row):
    return np.unique(quotes.day[quotes.row == row]).astype("M8[D]").astype(str).tolist()


def test_a_count_lists_the_next_fridays():
    quotes = chain(walk(5), expiries=3)
    assert days_of(quotes, 0) == ["2024-01-05", "2024-01-12", "2024-01-19"]
    assert days_of(quotes, 3) == ["2024-01-05", "2024-01-12", "2024-01-19"]
    assert days_of(quotes, 4) == ["2024-01-12", "2024-01-19", "2024-01-26"]


def test_days_list_fridays_and_further_out_third_fridays_and_both_stay():
    quotes = chain(walk(5), expiries=[14, 90])
    assert days_of(quotes, 0) == ["2024-01-19", "2024-04-19"]
    assert days_of(quotes, 4) == ["2024-01-19", "2024-01-26", "2024-04-19"]


def test_an_expiry_begins_with_its_strikes_about_the_price_and_keeps_them():
    closes = np.array([100.0, 120.0, 100.0, 80.0])
    quotes = chain(closes, strikes=10, expiries=[14])
    first = quotes.day == quotes.day.min()
    strikes = [quotes.strike[first & quotes.is_call & (quotes.row == row)] for row in range(4)]
    assert len(strikes[0]) == 10
    step = strikes[0][1] - strikes[0][0]
    assert abs(strikes[0].mean() - 100.0) <= step
    assert strikes[0].min() < 100.0 * (1.0 - 2.5 * 0.2 * (17 / 365) ** 0.5)
    for before, after in pairwise(strikes):
        assert np.isin(before, after).all()
    assert strikes[1].max() > 120.0 >= strikes[0].max()
    assert np.array_equal(strikes[1], strikes[2])


def test_an_expiry_ends_with_its_instant():
    quotes = chain(walk(8), expiries=2)
    assert (quotes.expiry >= evenings(8)[quotes.row]).all()
    first = quotes.day.min()
    assert quotes.row[quotes.day == first].max() == 3
    assert quotes.expiry[quotes.day == first][0] == first * DAY + 21 * DAY // 24


def test_rows_are_in_the_order_of_a_chain():
    quotes = chain(walk(10), expiries=3)
    keys = np.lexsort((~quotes.is_call, quotes.strike, quotes.day, quotes.row))
    assert np.array_equal(keys, np.arange(len(quotes)))


@pytest.mark.parametrize(
    ("wanted", "step", "decimals"),
    [(1.0, 1.0, 1), (1.01, 2.0, 1), (2.2, 2.5, 1), (3.0, 5.0, 1), (51.0, 100.0, 0), (0.0013, 0.002, 4)],
)
def test_steps_of_strikes_are_round(wanted, step, decimals):
    assert strike_step(wanted) == (pytest.approx(step), decimals)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strike": 5}, "there is no key strike: choose from underlying, seed"),
        ({"surface": {"vol": 0.2}}, "there is no key surface.vol: choose from level, skew, term"),
        ({"surface": {"level": 0}}, "surface.level must lie in"),
        ({"surface": {"skew": -1}}, "surface.skew must lie in"),
        ({"surface": {"term": 3}}, "surface.term must lie in"),
        ({"underlying": ""}, "underlying must name a symbol"),
        ({"seed": -1}, "seed must not be negative"),
        ({"rate": 2}, "rate must lie in"),
        ({"dividend": float("nan")}, "dividend must lie in"),
        ({"strikes": 1}, "strikes must lie in"),
        ({"spread": 1}, "spread must lie in"),
        ({"expiries": 0}, "expiries must lie in"),
        ({"expiries": []}, "expiries must be a count, or days"),
        ({"expiries": [7, -1]}, "expiries must be a count, or days"),
    ],
)
def test_what_can_not_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SyntheticChain.of({"underlying": "ABC", **settings})


def test_a_mapping_says_all_there_is():
    spec = SyntheticChain.of({"underlying": "ABC", "surface": {"level": 0.3}, "expiries": [7, 30]})
    assert (spec.surface.level, spec.surface.skew, spec.expiries, spec.seed) == (0.3, -0.5, (7, 30), None)
