"""Who can buy and sell at a quote, and what is marked at it."""

from __future__ import annotations

import math

import pytest

from orchestrate.domain.options.quotes import Mark, Quote, QuoteHistory, marked

NONE = math.nan


@pytest.mark.parametrize(
    ("bid", "ask", "cross", "buys", "sells"),
    [
        (1.0, 2.0, 1.0, 2.0, 1.0),
        (1.0, 2.0, 0.5, 1.5, 1.5),
        (1.0, 2.0, 0.25, 1.25, 1.75),
        (NONE, 2.0, 1.0, 2.0, None),
        (NONE, 2.0, 0.5, None, None),
        (1.0, NONE, 1.0, None, 1.0),
        (1.0, NONE, 0.5, None, None),
        (0.0, 0.05, 1.0, 0.05, None),
        (0.0, 0.05, 0.5, None, None),
        (NONE, NONE, 1.0, None, None),
        (0.0, 0.0, 1.0, None, None),
    ],
)
def test_what_a_quote_lets_buyers_and_sellers_do(bid, ask, cross, buys, sells):
    quote = Quote(bid, ask)
    assert (quote.buy(cross), quote.sell(cross)) == (buys, sells)


@pytest.mark.parametrize(("bid", "ask", "abandoned"), [(0.0, 0.05, True), (NONE, 0.05, True), (0.05, 0.1, False)])
def test_what_has_an_ask_and_no_bid_is_given_up(bid, ask, abandoned):
    assert Quote(bid, ask).is_abandoned is abandoned
    assert not Quote(NONE, NONE).is_abandoned


def test_a_mid_needs_both_sides():
    assert Quote(1.0, 1.5).mid == 1.25
    assert all(math.isnan(quote.mid) for quote in (Quote(0.0, 1.5), Quote(1.0, NONE), Quote(NONE, NONE)))


def test_a_quote_is_stale_beyond_its_age():
    assert not Quote(1.0, 2.0, age=60).is_stale(60)
    assert Quote(1.0, 2.0, age=61).is_stale(60)


@pytest.mark.parametrize(
    ("moment", "max_age", "mark"),
    [
        (10, 0, Mark(1.5, "fresh")),
        (20, 10, Mark(1.5, "last")),
        (20, 9, Mark(7.0, "intrinsic")),
        (30, 10, Mark(7.0, "intrinsic")),
        (35, 100, Mark(1.5, "last")),
        (9, 100, Mark(7.0, "intrinsic")),
        (40, 0, Mark(5.0, "fresh")),
    ],
)
def test_a_mark_is_a_mid_of_now_or_of_lately_or_the_intrinsic(moment, max_age, mark):
    history = QuoteHistory(*(memoryview(column) for column in columns()))
    assert marked(history.two_sided(moment, max_age), 7.0) == mark


def columns():
    from array import array

    return array("q", [10, 20, 30, 40]), array("d", [1.0, 0.0, NONE, 4.0]), array("d", [2.0, 2.0, 3.0, 6.0])


def test_the_newest_quote_counts_from_its_own_moment_on():
    history = QuoteHistory(*(memoryview(column) for column in columns()))
    assert history.newest(9) is None
    assert history.newest(25) == Quote(0.0, 2.0, 5)
