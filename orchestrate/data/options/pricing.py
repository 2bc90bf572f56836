"""Volatilities and greeks for what a vendor leaves out, from the middle of each quote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.options.chain import Payment
from orchestrate.domain.options.contract import Style
from orchestrate.domain.options.view import ChainView, Pricing

_YEAR: Final = 365 * 86_400 * 10**9


def pricing_of(style: Style, rate: float = 0.0, dividend: float = 0.0, payments: Sequence[Payment] = ()) -> Pricing:
    """Return how contracts of a style are priced; `rate` and `dividend` are continuous, a year."""
    return Pricing(style, partial(_columns, style, rate, dividend, tuple(payments)))


def _columns(
    style: Style, rate: float, dividend: float, payments: Sequence[Payment], view: ChainView
) -> Mapping[str, Floats]:
    """Return volatility and greeks of each quote; a volatility of the vendor's is that of the greeks, too."""
    from orchestrate.analytics.options import american, european
    from orchestrate.analytics.options.columns import Dividends, Options

    model = american if style == "american" else european
    options = Options.of(view.spot, view.strike, view.dte / 365.0, view.is_call, rate, dividend)
    paid = Dividends.of(*(((moment - view.now) / _YEAR, amount) for moment, amount in payments if moment > view.now))
    given = view.quoted.get("iv", np.full(len(view), np.nan))
    implied = model.implied_volatility(options, np.where(np.isnan(given), view.mid, np.nan), paid).volatility
    volatility = np.where(np.isnan(given), implied, given)
    greeks = model.greeks(options, volatility, paid)
    return {
        "iv": volatility,
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
    }
