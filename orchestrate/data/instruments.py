"""What a symbol is: what the configuration says of it, completed by its prices."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from orchestrate.data.cells import BLOCK
from orchestrate.domain.instruments import MAX_PRECISION, Instrument
from orchestrate.domain.market import Floats
from orchestrate.domain.plan import InstrumentPlan


def instrument_of(given: InstrumentPlan, prices: Iterable[Floats], currency: str) -> Instrument:
    """What the configuration says, completed by the data: at least two decimals, and enough for a tick.

    `currency` is the capital's; it holds where the configuration names none.
    """
    precision = decimals(prices) if given.precision is None else given.precision
    tick = given.tick_size or Decimal(0)
    exponent = tick.normalize().as_tuple().exponent
    precision = max(precision, -exponent if tick and isinstance(exponent, int) else 0)
    defaults = Instrument(given.symbol)
    return Instrument(
        given.symbol,
        precision=min(precision, MAX_PRECISION),
        tick_size=float(tick),
        multiplier=float(given.multiplier or defaults.multiplier),
        margin_rate=float(given.margin_rate or defaults.margin_rate),
        currency=given.currency or currency,
        asset_class=given.asset_class or defaults.asset_class,
    )


def decimals(prices: Iterable[Floats]) -> int:
    """The fewest decimals, from 2 on, that show every price of the columns."""
    blocks = [column[start : start + BLOCK] for column in prices for start in range(0, len(column), BLOCK)]
    return next(
        (digits for digits in range(2, MAX_PRECISION) if all(_shown(one, digits) for one in blocks)), MAX_PRECISION
    )


def _shown(prices: Floats, digits: int) -> bool:
    return bool(np.all(np.abs(np.round(prices, digits) - prices) <= 1e-12 * np.maximum(np.abs(prices), 1.0)))
