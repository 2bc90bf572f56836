"""What a short costs: interest on its value, actual/365."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrate.domain.instruments.rates import Prices, rate_at

if TYPE_CHECKING:
    from orchestrate.domain.books import Position
    from orchestrate.domain.market.timeline import BarSeries

_DAY: Final = 86_400 * 10**9
_YEAR: Final = 365.0


def borrow_cost(position: Position, series: BarSeries, row: int, prices: Prices) -> float:
    """Return what a short costs for the days between the bar before `row`, which is not the first, and that bar."""
    known = series.available_at
    days = int(known[row] - known[row - 1]) / _DAY
    value = position.notional(prices[position.symbol], rate_at(prices, position.instrument))
    return abs(value) * position.instrument.borrow * days / _YEAR
