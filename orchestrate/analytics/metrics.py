"""The metrics, one definition each (contracts, section 4), from a marked equity curve and its closed trades.

Every function takes a `Track` and returns its figure, or raises `NoFigureError` where the figure has no meaning;
`figures` turns those into None and findings. No figure is ever infinite or not a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.domain.market import Flags, Floats, Stamps
from orchestrate.domain.results import Finding

_DAY: Final = 86_400 * 1_000_000_000
_YEAR: Final = 365.25
#: A deviation this small against the largest return is the rounding of floats, not a movement.
_NOISE: Final = 1e-12
#: The same of a sum of books against the capital that they began with.
_GRAIN: Final = 1e-14


class NoFigureError(ValueError):
    """A figure has no meaning for this track; the message says why."""


@dataclass(frozen=True, eq=False)
class Track:
    """What metrics are made of. `equity` is marked at each close, `exposed` tells the closes with a position.

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
        """The initial capital, then every close; a first close at which nothing has moved is the beginning itself."""
        return from_capital(self.initial, self.equity) if moved(self.initial, self.equity) else self.equity

    @cached_property
    def returns(self) -> Floats:
        """From each value of the curve to the next."""
        if len(self.curve) < 2:
            raise NoFigureError("it takes two bars")
        if float(self.curve.min()) <= 0.0:
            raise NoFigureError("equity fell to zero or below")
        return np.asarray(self.curve[1:] / self.curve[:-1] - 1.0, dtype=np.float64)

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
    """The curve that begins with the initial capital, before the first close."""
    return np.concatenate([[initial], equity])


def total_return(track: Track) -> float:
    """Final equity against the initial capital."""
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if track.initial <= 0.0:
        raise NoFigureError("there was no capital")
    return float(track.equity[-1]) / track.initial - 1.0


def cagr(track: Track) -> float:
    """Growth a year, by calendar days ÷ 365.25 between the first and the last bar."""
    growth = total_return(track) + 1.0
    days = (float(track.stamps[-1]) - float(track.stamps[0])) / _DAY
    if days <= 0.0:
        raise NoFigureError("it takes two bars")
    if growth <= 0.0:
        raise NoFigureError("equity fell to zero or below")
    try:
        return math.exp(math.log(growth) * _YEAR / days) - 1.0
    except OverflowError:
        raise NoFigureError("the run is too short to be annualised") from None


def volatility(track: Track) -> float:
    """Standard deviation of the returns (ddof 1), annualised."""
    return _deviation(track) * math.sqrt(track.annual)


def sharpe(track: Track) -> float:
    """Mean over standard deviation of the returns, annualised; risk-free rate 0."""
    deviation = _deviation(track)
    if deviation <= _NOISE * float(np.abs(track.returns).max()):
        raise NoFigureError("returns never change")
    return float(track.returns.mean()) / deviation * math.sqrt(track.annual)


def sortino(track: Track) -> float:
    """Mean of the returns over the root mean square of those below 0 (over all periods), annualised."""
    downside = math.sqrt(float(np.mean(np.minimum(track.returns, 0.0) ** 2)))
    if downside == 0.0:
        raise NoFigureError("no period lost money")
    return float(track.returns.mean()) / downside * math.sqrt(track.annual)


def calmar(track: Track) -> float:
    """CAGR over the depth of the maximum drawdown."""
    depth = max_drawdown(track)
    if depth == 0.0:
        raise NoFigureError("equity never fell")
    return cagr(track) / -depth


def max_drawdown(track: Track) -> float:
    """The deepest fall from the highest value so far, the initial capital included, as a negative fraction.

    Below -1 where more than all was lost.
    """
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if float(track.curve[0]) <= 0.0:
        raise NoFigureError("there was no capital")
    peaks = np.maximum.accumulate(track.curve)
    return float(np.min(track.curve / peaks - 1.0))


def win_rate(track: Track) -> float:
    """The share of closed trades that made money after fees."""
    return float(np.mean(_closed(track) > 0.0))


def profit_factor(track: Track) -> float:
    """What winning trades made for each unit that losing ones lost, after fees."""
    profits = _closed(track)
    lost = -float(profits[profits < 0.0].sum())
    if lost == 0.0:
        raise NoFigureError("no trade lost money")
    return float(profits[profits > 0.0].sum()) / lost


def exposure(track: Track) -> float:
    """The share of bars with a position at the close."""
    if not len(track.exposed):
        raise NoFigureError("there is no bar")
    return float(np.mean(track.exposed))


def trades(track: Track) -> int:
    """Closed round trips."""
    return len(track.profits)


def fees(track: Track) -> float:
    """All fees paid, those of open positions included."""
    return float(track.fees)


METRICS: Final[dict[str, Callable[[Track], float]]] = {
    "total_return": total_return,
    "cagr": cagr,
    "volatility": volatility,
    "sharpe": sharpe,
    "sortino": sortino,
    "calmar": calmar,
    "max_drawdown": max_drawdown,
    "win_rate": win_rate,
    "profit_factor": profit_factor,
    "exposure": exposure,
    "trades": trades,
    "fees": fees,
}

#: Those that need nothing but the curve.
CURVE_METRICS: Final = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown")

Figures = dict[str, float | None]


def figures(track: Track, where: str) -> tuple[Figures, list[Finding]]:
    """Every metric of `track`; None with a finding, one a cause, where a metric has no meaning."""
    found: Figures = {}
    causes: dict[str, list[str]] = {}
    for name, metric in METRICS.items():
        try:
            with np.errstate(all="ignore"):
                found[name] = _finite(metric(track))
        except NoFigureError as reason:
            found[name] = None
            causes.setdefault(str(reason), []).append(name)
    return found, [_finding(where, names, cause) for cause, names in causes.items()]


def _deviation(track: Track) -> float:
    if len(track.returns) < 2:
        raise NoFigureError("it takes two returns")
    return float(np.std(track.returns, ddof=1))


def _closed(track: Track) -> Floats:
    if not len(track.profits):
        raise NoFigureError("no trade was closed")
    return track.profits


def _finite(figure: float) -> float:
    if not math.isfinite(figure):
        raise NoFigureError("the figures are too large or too small to be told")
    return figure


def _finding(where: str, names: list[str], cause: str) -> Finding:
    return Finding("info", where, f"no value for {', '.join(names)}: {cause}", len(names))
