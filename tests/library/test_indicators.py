"""Indicators against hand-made figures, against slow loops, and against their own cut history."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.market.timeline import Floats
from orchestrate.library.indicators import (
    crossed_above,
    moving_average,
    rolling_deviation,
    rolling_sum,
    wilder_rsi,
    z_score,
)

NAN = math.nan
TICKS = st.lists(st.integers(1, 20_000), max_size=60)


def prices(ticks: list[int]) -> Floats:
    return np.array(ticks, dtype=np.float64) / 100


def test_moving_average_by_hand():
    np.testing.assert_array_equal(moving_average(np.array([1.0, 2, 3, 4, 8]), 3), [NAN, NAN, 2, 3, 5])
    np.testing.assert_array_equal(moving_average(np.array([1.0, 2, 3]), 1), [1, 2, 3])
    np.testing.assert_array_equal(moving_average(np.array([1.0, 2]), 3), [NAN, NAN])
    assert len(moving_average(np.array([]), 3)) == 0


def test_deviation_and_score_by_hand():
    # 2, 4, 6: mean 4, squares 4 + 0 + 4, divided by 2
    np.testing.assert_allclose(rolling_deviation(np.array([2.0, 4, 6]), 3), [NAN, NAN, 2])
    np.testing.assert_allclose(z_score(np.array([2.0, 4, 6, 4]), 3), [NAN, NAN, 1, (4 - 14 / 3) / math.sqrt(4 / 3)])


def test_a_price_that_has_not_moved_has_no_score():
    assert np.isnan(z_score(np.full(10, 0.1), 4)).all()


def test_rsi_by_hand():
    # changes +1, +1, -1 | seed over 2: gain 1, loss 0 | then gain 0.5, loss 0.5 | then +3: gain 1.75, loss 0.25
    rsi = wilder_rsi(np.array([10.0, 11, 12, 11, 14]), 2)
    np.testing.assert_allclose(rsi, [NAN, NAN, 100, 50, 87.5], rtol=1e-15)


def test_rsi_at_its_ends():
    np.testing.assert_array_equal(wilder_rsi(np.full(6, 5.0), 3), [NAN, NAN, NAN, 50, 50, 50])
    np.testing.assert_array_equal(wilder_rsi(np.arange(1.0, 7), 3)[3:], [100, 100, 100])
    np.testing.assert_array_equal(wilder_rsi(np.arange(6.0, 0, -1), 3)[3:], [0, 0, 0])
    assert np.isnan(wilder_rsi(np.arange(3.0), 3)).all()
    assert len(wilder_rsi(np.array([]), 3)) == 0


def test_rsi_survives_a_loss_that_fades_to_nothing():
    rising = np.concatenate([[10.0, 9.999999], np.arange(10.0, 16_000)])
    assert wilder_rsi(rising, 14)[-1] == 100.0


@given(TICKS, st.integers(1, 20))
def test_moving_average_is_within_a_hair_of_exact_arithmetic(ticks: list[int], window: int):
    got = moving_average(prices(ticks), window)
    for i in range(len(ticks)):
        if i < window - 1:
            assert math.isnan(got[i])
        else:
            exact = Fraction(sum(ticks[i - window + 1 : i + 1]), 100 * window)
            # half a unit of the last place for each price, for at most nine additions and for the division
            assert abs(Fraction(float(got[i])) - exact) <= exact * 11 * Fraction(1, 2**53)


@given(TICKS, st.integers(2, 20))
def test_scores_equal_a_slow_loop(ticks: list[int], window: int):
    close = prices(ticks)
    got = z_score(close, window)
    for i in range(len(close)):
        seen = close[max(0, i - window + 1) : i + 1]
        if len(seen) < window or len(set(ticks[i - window + 1 : i + 1])) == 1:
            assert math.isnan(got[i])
        else:
            mean = sum(seen) / window
            deviation = math.sqrt(sum((value - mean) ** 2 for value in seen) / (window - 1))
            assert got[i] == pytest.approx((close[i] - mean) / deviation, rel=1e-6, abs=1e-9)


@given(TICKS, st.integers(1, 15))
def test_rsi_equals_a_slow_loop(ticks: list[int], period: int):
    close = prices(ticks)
    got = wilder_rsi(close, period)
    gain = loss = 0.0
    for i in range(len(close)):
        change = close[i] - close[i - 1] if i else 0.0
        if i <= period:
            gain += max(change, 0.0) / period
            loss += max(-change, 0.0) / period
        else:
            gain = (gain * (period - 1) + max(change, 0.0)) / period
            loss = (loss * (period - 1) + max(-change, 0.0)) / period
        if i < period:
            assert math.isnan(got[i])
        else:
            flat = 50.0 if gain == 0 else 100.0
            assert got[i] == pytest.approx(flat if loss == 0 else 100 - 100 / (1 + gain / loss), rel=1e-9, abs=1e-9)


@settings(max_examples=60)
@given(TICKS, st.integers(2, 20), st.data())
@pytest.mark.parametrize("figure", [rolling_sum, moving_average, rolling_deviation, z_score, wilder_rsi])
def test_the_past_is_the_same_to_the_last_bit_whatever_comes_later(
    figure: Callable[[Floats, int], Floats], ticks: list[int], window: int, data: st.DataObject
):
    close = prices(ticks)
    cut = data.draw(st.integers(0, len(close)))
    assert figure(close, window)[:cut].tobytes() == figure(close[:cut].copy(), window).tobytes()


def test_no_drift_over_half_a_million_expensive_bars():
    """Where a running sum would be off by a thousand times the distance at which averages count as equal."""
    rng = np.random.default_rng(3)
    close = np.round(60_000 + rng.normal(size=500_000).cumsum(), 2)
    got = moving_average(close, 50)
    exact = [math.fsum(close[i - 49 : i + 1]) / 50 for i in range(49, len(close), 997)]
    assert np.abs(got[49::997] - exact).max() < 2e-11


def test_crossing_needs_to_have_been_on_the_other_side():
    one = np.array([NAN, 1.0, 3, 3, 2, 2, 2.0000000005, 2.1])
    other = np.array([NAN, 2.0, 2, 2, 2, 2, 2, 2])
    np.testing.assert_array_equal(crossed_above(one, other), [False, False, True, False, False, False, False, True])
    np.testing.assert_array_equal(crossed_above(np.array([5.0, 6]), np.array([NAN, 1])), [False, False])
