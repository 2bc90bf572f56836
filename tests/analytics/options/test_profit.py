"""Profit by cause: what each greek explains, and that nothing is lost."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import Options, Valuation
from orchestrate.analytics.options.profit import CAUSES, Path, profit_by_cause

DAY = 86_400 * 10**9


def held(spot, volatility, units=100.0, days=None, strike=100.0, is_call=True):
    """Return the path of an option that expires a hundred days after its first mark."""
    days = np.arange(len(spot), dtype=float) if days is None else np.asarray(days, dtype=float)
    options = Options.of(spot, strike, (100.0 - days) / 365.0, is_call, 0.03)
    greeks = european.greeks(options, volatility)
    deviation = np.broadcast_to(np.asarray(volatility, dtype=float), len(spot))
    time = (days * DAY).astype(np.int64)
    return Path(time, np.asarray(spot, dtype=float), deviation, greeks, np.full(len(spot), units))


def parts(by_cause):
    return {name: getattr(by_cause, name) for name in (*CAUSES, "residual")}


def test_the_greeks_explain_nearly_all_of_small_steps():
    draws = np.random.default_rng(2)
    spot = 100.0 + np.cumsum(draws.normal(0.0, 0.5, 60))
    volatility = 0.2 + np.cumsum(draws.normal(0.0, 0.001, 60))
    by_cause = profit_by_cause([held(spot, volatility)])
    assert all(abs(part) > 1.0 for part in parts(by_cause).values() if part != by_cause.residual)
    assert abs(by_cause.residual) < 0.02 * sum(abs(getattr(by_cause, name)) for name in CAUSES)


@pytest.mark.parametrize(
    ("cause", "path"),
    [
        ("theta", held([100.0, 100.0], 0.2)),
        ("vega", held([100.0, 100.0], [0.2, 0.201], days=[0, 0])),
        ("delta", held([100.0, 100.001], 0.2, days=[0, 0])),
    ],
)
def test_one_cause_alone(cause, path):
    by_cause = profit_by_cause([path])
    assert getattr(by_cause, cause) == pytest.approx(by_cause.profit, rel=0.02)
    assert [name for name, part in parts(by_cause).items() if abs(part) > 0.02 * abs(by_cause.profit)] == [cause]


def test_gamma_is_half_its_move_squared():
    path = held([100.0, 102.0], 0.2, days=[0, 0], units=-100.0)
    assert profit_by_cause([path]).gamma == pytest.approx(-100.0 * 0.5 * path.greeks.gamma[0] * 4.0)


def test_legs_add_up_and_shares_are_delta_alone():
    spot = np.array([100.0, 103.0, 99.0])
    call = held(spot, 0.2, units=-100.0)
    none = np.zeros(3)
    shares = Path(call.time, spot, none, Valuation(spot, np.ones(3), none, none, none), np.full(3, 100.0))
    covered, short = profit_by_cause([shares, call]), profit_by_cause([call])
    assert covered.delta == pytest.approx(short.delta - 100.0)
    assert covered.profit == pytest.approx(short.profit - 100.0)
    assert (covered.gamma, covered.theta, covered.vega) == pytest.approx((short.gamma, short.theta, short.vega))


def test_fees_and_what_is_unknown_are_residual():
    path = held([100.0, 101.0, 102.0], 0.2)
    unknown = replace(path, volatility=np.array([0.2, np.nan, 0.2]))
    known, other = profit_by_cause([path]), profit_by_cause([unknown], profit=profit_by_cause([path]).profit - 2.6)
    assert other.vega == 0.0
    assert other.residual == pytest.approx(known.residual + known.vega - 2.6)


figures = st.floats(-1e5, 1e5)


@settings(max_examples=40)
@given(
    arrays(float, (9, 5), elements=figures | st.just(math.nan)), arrays(float, (2, 5), elements=figures), st.booleans()
)
def test_causes_always_add_up_to_profit(columns, known, is_of_the_book):
    spot, volatility, delta, gamma, theta, vega, *_ = columns
    path = Path(np.arange(5) * DAY, spot, volatility, Valuation(known[0], delta, gamma, theta, vega), known[1])
    by_cause = profit_by_cause([path, path], 1234.56 if is_of_the_book else None)
    last_bit = math.ulp(max(map(abs, parts(by_cause).values())))
    assert abs(math.fsum(parts(by_cause).values()) - by_cause.profit) <= last_bit
