"""What moved the worth of options that were held: the underlying, its speed, time, volatility, and the rest.

From one mark to the next, each cause is what a greek at its beginning explains; what none explains, and what happens
while a greek is unknown, is the residual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrate.analytics.contributions.exact import adding_up
from orchestrate.analytics.options.columns import Valuation
from orchestrate.analytics.sums import total
from orchestrate.domain.market.timeline import Floats, Stamps

#: The greeks that explain profit.
CAUSES: Final = ("delta", "gamma", "theta", "vega")
_DAY: Final = 86_400e9


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A contract while it was held, a row a mark: times in nanoseconds, the underlying, volatility, price and greeks.

    `units` are what is held from each mark to the next, quantity × multiplier, below 0 for a short; the last one counts
    for nothing. A path that begins or ends with a fill has its price there. Of shares, delta is 1, the rest 0.
    """

    time: Stamps
    spot: Floats
    volatility: Floats
    greeks: Valuation
    units: Floats

    def gain(self) -> float:
        """Return what the price has brought."""
        return total(self.units[:-1] * np.diff(self.greeks.price))

    def causes(self) -> dict[str, float]:
        """Return what each greek explains; it explains nothing of a step in which something is unknown."""
        greeks, move = self.greeks, np.diff(self.spot)
        explained = {
            "delta": greeks.delta[:-1] * move,
            "gamma": 0.5 * greeks.gamma[:-1] * move**2,
            "theta": greeks.theta[:-1] * np.diff(self.time) / _DAY,
            "vega": greeks.vega[:-1] * np.diff(self.volatility) * 100.0,
        }
        parts = {name: self.units[:-1] * each for name, each in explained.items()}
        return {name: total(np.where(np.isfinite(part), part, 0.0)) for name, part in parts.items()}


@dataclass(frozen=True, slots=True)
class ProfitByCause:
    """Profit, and the causes that add up to it, to the last bit of the largest."""

    profit: float
    delta: float
    gamma: float
    theta: float
    vega: float
    residual: float


def profit_by_cause(paths: Sequence[Path], profit: float | None = None) -> ProfitByCause:
    """Return the profit of contracts that were held together, such as the legs of a structure, by cause.

    `profit` is that of the book, after fees; what their prices don't show of it is residual, too. NoFigureError where
    a price is missing.
    """
    parts = [path.causes() for path in paths]
    causes = {name: math.fsum(part[name] for part in parts) for name in CAUSES}
    gain = math.fsum(path.gain() for path in paths) if profit is None else profit
    residual = gain - math.fsum(causes.values())
    return ProfitByCause(gain, **adding_up(causes | {"residual": residual}, gain))
