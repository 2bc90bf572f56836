"""The metrics, one definition each, from an equity curve and its closed trades (docs/reference/results.md).

Every function takes a `Track` and returns its figure, or raises `NoFigureError` where the figure has no meaning;
`figures` turns those into None and findings. No figure is ever infinite or not a number. A configuration takes names
and ranges from here, hence nothing imports numpy before a figure is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from orchestrate.domain.results import Finding

if TYPE_CHECKING:
    from orchestrate.analytics.track import Track
    from orchestrate.domain.market.timeline import Floats

_DAY: Final = 86_400 * 1_000_000_000
_YEAR: Final = 365.25
#: A deviation this small against the largest return is the rounding of floats, not a movement.
_NOISE: Final = 1e-12


class NoFigureError(ValueError):
    """A figure has no meaning for this track; the message says why."""


def total_return(track: Track) -> float:
    """Return the final equity against the initial capital."""
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if track.initial <= 0.0:
        raise NoFigureError("there was no capital")
    return float(track.equity[-1]) / track.initial - 1.0


def cagr(track: Track) -> float:
    """Return the growth a year, by calendar days ÷ 365.25 between the first and the last bar."""
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
    """Return the standard deviation of the returns (ddof 1), annualised."""
    return _deviation(track) * math.sqrt(track.annual)


def sharpe(track: Track) -> float:
    """Return the mean over the standard deviation of the returns, annualised; risk-free rate 0."""
    deviation = _deviation(track)
    if deviation <= _NOISE * float(abs(track.returns).max()):
        raise NoFigureError("returns never change")
    return float(track.returns.mean()) / deviation * math.sqrt(track.annual)


def sortino(track: Track) -> float:
    """Return the mean of the returns over the root mean square of those below 0 (over all periods), annualised."""
    downside = math.sqrt(float((track.losses**2).mean()))
    if downside == 0.0:
        raise NoFigureError("no period lost money")
    return float(track.returns.mean()) / downside * math.sqrt(track.annual)


def calmar(track: Track) -> float:
    """Return the CAGR over the depth of the maximum drawdown."""
    depth = max_drawdown(track)
    if depth == 0.0:
        raise NoFigureError("equity never fell")
    return cagr(track) / -depth


def max_drawdown(track: Track) -> float:
    """Return the deepest fall from the highest value so far, the initial capital included, as a negative fraction.

    Below -1 where more than all was lost.
    """
    if not len(track.equity):
        raise NoFigureError("there is no bar")
    if float(track.curve[0]) <= 0.0:
        raise NoFigureError("there was no capital")
    return float((track.curve / track.peaks - 1.0).min())


def win_rate(track: Track) -> float:
    """Return the share of closed trades that made money after fees."""
    return float((_closed(track) > 0.0).mean())


def profit_factor(track: Track) -> float:
    """Return the profit of winning trades for each unit that losing ones lost, after fees."""
    profits = _closed(track)
    lost = -float(profits[profits < 0.0].sum())
    if lost == 0.0:
        raise NoFigureError("no trade lost money")
    return float(profits[profits > 0.0].sum()) / lost


def exposure(track: Track) -> float:
    """Return the share of bars with a position at the close."""
    if not len(track.exposed):
        raise NoFigureError("there is no bar")
    return float(track.exposed.mean())


def trades(track: Track) -> int:
    """Return the number of closed round trips."""
    return len(track.profits)


def fees(track: Track) -> float:
    """Return all fees paid, those of open positions included."""
    return float(track.fees)


Range = tuple[float, float]
ANY: Final = (-math.inf, math.inf)
NOT_NEGATIVE: Final = (0.0, math.inf)
SHARE: Final = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its function, what people call it, how it is shown, the range that its values lie in.

    `column` is its heading where strategies are compared; "" where it is not. `of_curve`: it needs nothing but the
    curve, so that a benchmark has it too.
    """

    figure: Callable[[Track], float]
    label: str
    format: Literal["change", "share", "ratio", "count", "money"]
    range: Range = ANY
    column: str = ""
    of_curve: bool = False


#: In the order in which they are shown. Gates, tables and documents take what they need from here.
METRICS: Final[dict[str, Metric]] = {
    "total_return": Metric(total_return, "return", "change", column="return", of_curve=True),
    "cagr": Metric(cagr, "CAGR", "change", of_curve=True),
    "volatility": Metric(volatility, "volatility", "share", NOT_NEGATIVE, of_curve=True),
    "sharpe": Metric(sharpe, "Sharpe", "ratio", column="Sharpe", of_curve=True),
    "sortino": Metric(sortino, "Sortino", "ratio", of_curve=True),
    "calmar": Metric(calmar, "Calmar", "ratio", of_curve=True),
    "max_drawdown": Metric(max_drawdown, "max drawdown", "share", (-math.inf, 0.0), "drawdown", of_curve=True),
    "win_rate": Metric(win_rate, "win rate", "share", SHARE, "win rate"),
    "profit_factor": Metric(profit_factor, "profit factor", "ratio", NOT_NEGATIVE),
    "exposure": Metric(exposure, "exposure", "share", SHARE),
    "trades": Metric(trades, "trades", "count", NOT_NEGATIVE, "trades"),
    "fees": Metric(fees, "fees", "money", NOT_NEGATIVE),
}

Figures = dict[str, float | None]


def figures(track: Track, where: str) -> tuple[Figures, list[Finding]]:
    """Return every metric of `track`; None with a finding, one a cause, where a metric has no meaning."""
    import numpy as np

    values: Figures = {}
    causes: dict[str, list[str]] = {}
    for name, metric in METRICS.items():
        try:
            with np.errstate(all="ignore"):
                values[name] = _finite(metric.figure(track))
        except NoFigureError as reason:
            values[name] = None
            causes.setdefault(str(reason), []).append(name)
    return values, [_finding(where, names, cause) for cause, names in causes.items()]


def _deviation(track: Track) -> float:
    if len(track.returns) < 2:
        raise NoFigureError("it takes two returns")
    return float(track.returns.std(ddof=1))


def _closed(track: Track) -> Floats:
    if not len(track.profits):
        raise NoFigureError("no trade was closed")
    return track.profits


def _finite(figure: float) -> float:
    if not math.isfinite(figure):
        raise NoFigureError("the figures are too large or too small to be represented")
    return figure


def _finding(where: str, names: list[str], cause: str) -> Finding:
    return Finding("info", where, f"no value for {', '.join(names)}: {cause}", len(names))
