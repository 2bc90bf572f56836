"""How the worth of an option moves with what it depends on."""

from __future__ import annotations

from math import nan

from orchestrate.domain.values import value


@value
class Greeks:
    """Change of a price with its underlying, of delta with it, a calendar day and a point of volatility.

    NaN where it is not known.
    """

    delta: float = nan
    gamma: float = nan
    theta: float = nan
    vega: float = nan


#: A share moves with itself, and with nothing else.
SHARE = Greeks(1.0, 0.0, 0.0, 0.0)
