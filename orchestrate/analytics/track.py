"""The curve that metrics are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.analytics.metrics import NoFigureError
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

#: The rounding of a sum of books against the capital that they began with.
_GRAIN: Final = 1e-14


@dataclass(frozen=True, eq=False)
class Track:
    """The data behind metrics. `equity` is valued at each close, `exposed` marks the closes with a position.

    `initial` is the capital before the first close. `profits` are those of the closed round trips, net of fees.
    """

    initial: float
    equity: Floats
    stamps: Stamps
    exposed: Flags
    profits: Floats
    fees: float
    periods_per_year: float | None

    @cached_property
    def curve(self) -> Floats:
        """Return the initial capital, then every close.

        A first close at which nothing has moved is the beginning itself.
        """
        return from_capital(self.initial, self.equity) if moved(self.initial, self.equity) else self.equity

    @cached_property
    def returns(self) -> Floats:
        """Return the return from each value of the curve to the next."""
        if len(self.curve) < 2:
            raise NoFigureError("it takes two bars")
        if not self.curve.any():
            raise NoFigureError("there was no capital")
        if float(self.curve.min()) <= 0.0:
            raise NoFigureError("equity fell to zero or below")
        return np.asarray(self.curve[1:] / self.curve[:-1] - 1.0, dtype=np.float64)

    @cached_property
    def losses(self) -> Floats:
        """Return the returns below 0; 0 where one is not."""
        return np.minimum(self.returns, 0.0)

    @cached_property
    def peaks(self) -> Floats:
        """Return the highest value of the curve so far."""
        return np.asarray(np.maximum.accumulate(self.curve), dtype=np.float64)

    @property
    def annual(self) -> float:
        """Periods per year."""
        if self.periods_per_year is None:
            raise NoFigureError("the bars per year are unknown")
        return self.periods_per_year


def moved(initial: float, equity: Floats) -> bool:
    """Decide whether equity moved up to its first value: by more than what adding up several books rounds off."""
    return bool(len(equity)) and abs(float(equity[0]) - initial) > _GRAIN * abs(initial)


def from_capital(initial: float, equity: Floats) -> Floats:
    """Return the curve that begins with the initial capital, before the first close."""
    return np.concatenate([[initial], equity])
