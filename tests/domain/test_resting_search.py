"""Where an order that rests can be reached first: the search in bulk and the rule bar by bar agree."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.resting import RestingOrder
from orchestrate.domain.orders.terms import rounded_level
from tests.engines.builders import DAY, START
from tests.reference import least_ratio, seconds


def walked(seed: int, size: int) -> BarSeries:
    """Bars in whole cents, with gaps."""
    dice = np.random.default_rng(seed)
    opens = 10_000 + np.cumsum(dice.integers(-6, 7, size))
    closes = opens + dice.integers(-5, 6, size)
    high, low = (
        np.maximum(opens, closes) + dice.integers(0, 4, size),
        np.minimum(opens, closes) - dice.integers(0, 4, size),
    )
    label = START + DAY * np.arange(size)
    return BarSeries("A", label, opens / 100, high / 100, low / 100, closes / 100, np.ones(size), label, DAY)


def by_bars(order: RestingOrder, series: BarSeries, start: int) -> int:
    """The first row that fills or triggers it."""
    for row in range(start, len(series)):
        bar = series.bar(row)
        after = order.after(bar)
        if order.reached(bar) is not None or (order.trigger is not None and after.trigger is None):
            return row
        order = after
    return len(series)


@pytest.mark.parametrize("buys", [True, False])
@pytest.mark.parametrize("away", [0.05, 0.31, 1.7, 40.0])
def test_limits_stops_and_stop_limits_are_found_exactly(buys: bool, away: float) -> None:
    for seed in range(20):
        series = walked(seed, 300)
        at, side = float(series.close[2]), 1 if buys else -1
        better, worse = round(at - side * away, 2), round(at + side * away, 2)
        for order in (
            RestingOrder(buys, 2, better),
            RestingOrder(buys, 2, None, worse),
            RestingOrder(buys, 2, round(worse + side * 0.03, 2), worse),
            RestingOrder(buys, 2),
        ):
            assert order.first_reach(series, 3, len(series)) == by_bars(order, series, 3)


@pytest.mark.parametrize("buys", [True, False])
@pytest.mark.parametrize("trail", [0.04, 0.255, 0.9, 3.111, 50.0])
def test_a_trailing_stop_is_found_never_too_late_and_follows_what_was_skipped(buys: bool, trail: float) -> None:
    for seed in range(20):
        series = walked(seed, 300)
        order = RestingOrder(buys, 2, None, float(series.close[2]) + (trail if buys else -trail), trail)
        reached, row = by_bars(order, series, 3), 3
        while row < len(series):
            found = order.first_reach(series, row, len(series))
            assert found <= reached
            order = order.after_all(series, row, found)
            if found == reached:
                break
            order, row = order.after(series.bar(found)), found + 1
        assert found == reached
        if found < len(series):
            assert order.reached(series.bar(found)) is not None


def test_ten_thousand_bars_are_searched_in_the_time_of_a_few_orders() -> None:
    """Beside 10,000 bars of a plain loop: a hundred times as fast at least."""
    series = walked(1, 10_000)
    for order in (
        RestingOrder(True, 2, 1.0),
        RestingOrder(False, 2, None, 1.0),
        RestingOrder(False, 2, None, 1.0, 400.0),
    ):
        assert order.first_reach(series, 0, 10_000) == 10_000

        def search(order: RestingOrder = order) -> None:
            for _ in range(20):
                order.first_reach(series, 0, 10_000)

        def look(order: RestingOrder = order) -> None:
            for row in range(0, 10_000, 10):
                order.reached(series.bar(row))

        assert least_ratio(lambda run=search: seconds(run), lambda run=look: seconds(run), enough=1.0) < 1.0


def test_a_search_ends_where_it_is_bidden() -> None:
    series = walked(1, 600)
    order = RestingOrder(True, 2, float(series.low[590]))
    found = order.first_reach(series, 0, 600)
    assert found <= 590
    assert order.first_reach(series, 0, found) == found
    assert order.first_reach(series, 0, found - 1) == found - 1


@given(level=st.decimals(-1_000, 10**7, places=4) | st.decimals(0, 100, places=3), precision=st.integers(0, 4))
def test_a_level_is_rounded_as_its_text_is(level: Decimal, precision: int) -> None:
    """Ties go to even, by the decimals as they are written: 0.125 and 2.675 are ties, whatever their floats."""
    assert rounded_level(float(level), precision) == float(round(Decimal(str(float(level))), precision))
