"""Volatilities and greeks of a view, from its mids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from orchestrate.analytics.options import american, european
from orchestrate.analytics.options.columns import Dividends, Options
from orchestrate.analytics.options.views import view_greeks
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

DAY = 86_400 * 10**9
STRIKE = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
VOLATILITY = np.array([0.28, 0.24, 0.2, 0.22, 0.25])


@dataclass
class Quotes:
    """Quotes of one moment."""

    expiry: Stamps
    strike: Floats
    is_call: Flags
    mid: Floats
    now: int = 20_000 * DAY
    spot: float = 100.0


def view_of(style, dividends=()):
    model = {"european": european, "american": american}[style]
    is_call, days = np.array([False, False, True, True, True]), np.array([20.0, 40.0, 40.0, 20.5, 90.0])
    options = Options.of(100.0, STRIKE, days / 365.0, is_call, 0.04)
    mid = model.prices(options, VOLATILITY, Dividends.of(*dividends))
    return Quotes(20_000 * DAY + (days * DAY).astype(np.int64), STRIKE, is_call, mid), options, model


@pytest.mark.parametrize("style", ["european", "american"])
def test_volatilities_and_greeks_are_those_behind_the_mids(style):
    view, options, model = view_of(style, [(10 / 365.0, 1.0)])
    past, coming = (view.now - DAY, 5.0), (view.now + 10 * DAY, 1.0)
    columns = view_greeks(view, style, rate=0.04, dividends=[coming, past])
    expected = model.greeks(options, VOLATILITY, Dividends.of((10 / 365.0, 1.0)))
    assert columns["iv"] == pytest.approx(VOLATILITY, rel=1e-5)
    for name in ("delta", "gamma", "theta", "vega"):
        assert columns[name] == pytest.approx(getattr(expected, name), abs=1e-4), name


def test_a_contract_without_a_mid_has_nothing():
    view, *_ = view_of("european")
    view.mid[1] = np.nan
    view.mid[4] = 200.0
    columns = view_greeks(view, "european", rate=0.04)
    for name, column in columns.items():
        assert np.isnan(column).tolist() == [False, True, False, False, True], name
