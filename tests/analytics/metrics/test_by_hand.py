"""Metrics that no library has, or has otherwise, against figures worked out by hand."""

from __future__ import annotations

import math

import pytest

from orchestrate.analytics.metrics import METRICS, figures
from orchestrate.analytics.tracks.track import CapitalUse
from tests.analytics.tracks import DAY, track_of, trips_of

HALF_YEAR = int(365.25 / 2 * DAY)


def value(name, track):
    return METRICS[name].figure(track)


def test_days_and_months_are_those_of_the_calendar():
    # 31 December at 12:00 and 18:00, 1 January at 0:00, 6:00 and so on: the curve begins on 1 January 2020
    quarters = track_of([101.0, 102.0, 103.0, 104.0, 100.0, 110.0, 52.0, 78.0], initial=100.0, step=DAY // 4)
    assert value("best_day", quarters) == pytest.approx(0.04)
    assert value("worst_day", quarters) == pytest.approx(78.0 / 104.0 - 1.0)
    months = track_of([100.0, 90.0, 99.0, 110.0], step=31 * DAY)  # 1 January, 1 February, 3 March, 3 April
    assert value("best_month", months) == pytest.approx(110.0 / 99.0 - 1.0)
    assert value("worst_month", months) == pytest.approx(-0.1)


def test_a_first_day_on_which_nothing_moved_is_no_worst_day():
    assert value("worst_day", track_of([100.0, 110.0, 121.0])) == pytest.approx(0.1)
    assert value("worst_day", track_of([100.0, 110.0, 121.0], initial=110.0)) == pytest.approx(100.0 / 110.0 - 1.0)


def test_time_under_water():
    # below the peak of 110 for two closes, at it again on day 4; below 120 from day 6 to the end
    track = track_of([100.0, 110.0, 99.0, 105.0, 110.0, 120.0, 119.0, 118.0, 117.0, 116.0])
    assert value("time_under_water", track) == pytest.approx(6 / 10)
    assert value("longest_drawdown", track) == 4.0
    assert value("longest_drawdown", track_of([100.0, 101.0])) == 0.0
    below_from_the_start = track_of([90.0, 95.0], initial=100.0)
    assert value("time_under_water", below_from_the_start) == 1.0
    assert value("longest_drawdown", below_from_the_start) == 1.0


def test_trades():
    trips = trips_of([30.0, -10.0, 50.0, -20.0, -5.0, 0.0], days=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    track = track_of([100.0, 145.0], trips=trips)
    assert value("average_win", track) == 40.0
    assert value("average_loss", track) == pytest.approx(-35.0 / 3.0)
    assert value("payoff", track) == pytest.approx(40.0 * 3.0 / 35.0)
    assert value("expectancy", track) == 7.5
    assert (value("best_trade", track), value("worst_trade", track)) == (50.0, -20.0)
    assert value("longest_losing_run", track) == 2
    assert value("holding_days", track) == 3.5


def test_a_losing_run_is_in_the_order_of_exits():
    track = track_of([100.0, 99.0], trips=trips_of([-1.0, 2.0, -1.0, -1.0], exits=[1, 4, 2, 3]))
    assert value("longest_losing_run", track) == 3


def test_excursions_are_means_over_the_trades():
    trips = trips_of([1.0, -1.0], adverse=[-0.02, -0.1], favourable=[0.04, 0.0])
    track = track_of([100.0, 100.0], trips=trips)
    assert value("mae", track) == pytest.approx(-0.06)
    assert value("mfe", track) == pytest.approx(0.02)
    unknown = track_of([100.0, 100.0], trips=trips_of([1.0], adverse=[math.nan], favourable=[math.nan]))
    values, findings = figures(unknown, "portfolio")
    assert values["mae"] is values["mfe"] is None
    assert "no value for mae, mfe: the bars of a trade are unknown" in [one.message for one in findings]


def test_costs_against_the_gross_profit():
    trips = trips_of([18.0, -6.0, -1.0], fees=[2.0, 1.0, 2.0])  # before fees 20, −5 and 1
    track = track_of([100.0, 111.0], trips=trips, fees=6.3, capital=CapitalUse(slippage=4.2))
    assert value("fees_share", track) == pytest.approx(0.3)
    assert value("slippage", track) == 4.2
    assert value("slippage_share", track) == pytest.approx(0.2)


def test_turnover_is_of_a_year():
    track = track_of([100.0, 100.0], step=HALF_YEAR, capital=CapitalUse(traded=300.0, equity=100.0, idle=0.25))
    assert value("turnover", track) == pytest.approx(6.0)
    assert value("idle_cash", track) == 0.25


def test_captures_are_ratios_of_geometric_means():
    # the benchmark: +10 %, −10 %, +20 %, −20 %; ours: +5 %, −20 %, +10 %, −10 %
    held, own = [100.0], [100.0]
    for theirs, ours in ((0.1, 0.05), (-0.1, -0.2), (0.2, 0.1), (-0.2, -0.1)):
        held.append(held[-1] * (1.0 + theirs))
        own.append(own[-1] * (1.0 + ours))
    track = track_of(own, benchmark=held)
    assert value("capture_up", track) == pytest.approx((math.sqrt(1.05 * 1.1) - 1.0) / (math.sqrt(1.1 * 1.2) - 1.0))
    assert value("capture_down", track) == pytest.approx((math.sqrt(0.8 * 0.9) - 1.0) / (math.sqrt(0.9 * 0.8) - 1.0))


def test_a_benchmark_that_begins_later_counts_from_there():
    later = track_of([100.0, 50.0, 55.0, 44.0], benchmark=[math.nan, 10.0, 11.0, 8.8])
    assert value("beta", later) == pytest.approx(1.0)
    bought_at_once = track_of([101.0, 111.1, 99.99], initial=100.0, benchmark=[10.0, 11.0, 9.9])
    assert value("beta", bought_at_once) == pytest.approx(1.0)
    assert value("tracking_error", bought_at_once) == pytest.approx(0.0, abs=1e-12)
