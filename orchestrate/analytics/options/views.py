"""Volatilities and greeks of what a chain shows at a moment, for quotes whose vendor gives none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy.typing as npt

from orchestrate.analytics.options import american, european
from orchestrate.analytics.options.columns import Dividends, Options, Valuation, years_between
from orchestrate.analytics.options.implied import ImpliedVolatility
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.options.contract import Style


class View(Protocol):
    """Quotes of one moment: `now` and `expiry` are nanoseconds, `mid` is NaN where one side is missing."""

    now: int
    spot: float

    @property
    def expiry(self) -> Stamps:
        """The instant of each expiry."""

    @property
    def strike(self) -> Floats:
        """The strikes."""

    @property
    def is_call(self) -> Flags:
        """Which are calls."""

    @property
    def mid(self) -> Floats:
        """The middle of both sides."""


class Model(Protocol):
    """A module that prices options."""

    def implied_volatility(
        self, options: Options, price: npt.ArrayLike, dividends: Dividends = ...
    ) -> ImpliedVolatility:
        """Return the volatility of each option at its price."""

    def greeks(self, options: Options, volatility: npt.ArrayLike, dividends: Dividends = ...) -> Valuation:
        """Return the price of each option and how it changes."""


#: The model of each style, and what its values are called.
MODELS: Final[dict[Style, tuple[str, Model]]] = {"european": ("formula", european), "american": ("tree", american)}


def view_greeks(
    view: View,
    style: Style,
    rate: float = 0.0,
    dividend: float = 0.0,
    dividends: Sequence[tuple[int, float]] = (),
) -> dict[str, Floats]:
    """Return iv, delta, gamma, theta and vega at the mids; NaN where a mid has no volatility.

    `rate` and `dividend` are continuous, a year; `dividends` are instants of ex-dates with amounts, of which those
    until `now` count no more.
    """
    years = years_between(view.now, view.expiry)
    options = Options.of(view.spot, view.strike, years, view.is_call, rate, dividend)
    ahead = Dividends.of(*((float(years_between(view.now, when)), amount) for when, amount in dividends))
    _, model = MODELS[style]
    volatility = model.implied_volatility(options, view.mid, ahead).volatility
    worth = model.greeks(options, volatility, ahead)
    return {"iv": volatility} | {name: getattr(worth, name) for name in ("delta", "gamma", "theta", "vega")}
