"""Series made of an equity curve, for pictures and tables: drawdowns, returns by month and year, rolling figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orchestrate.domain.market.timeline import Floats, Stamps


@dataclass(frozen=True, slots=True)
class Drawdown:
    """A fall from a high: places of its high, its lowest value and its recovery (None where it lasts), its depth."""

    peak: int
    trough: int
    recovery: int | None
    depth: float


def drawdown(curve: Floats) -> Floats:
    """Return the fall from the highest value so far, as a negative fraction."""
    highs = np.maximum.accumulate(curve)
    with np.errstate(all="ignore"):
        return np.nan_to_num(curve / highs - 1.0, nan=0.0, posinf=0.0, neginf=0.0)


def deepest(curve: Floats, most: int = 5) -> list[Drawdown]:
    """Return the deepest falls, the deepest first."""
    fall = drawdown(curve)
    under = np.flatnonzero(np.diff(np.concatenate([[0], (fall < 0.0).astype(np.int8), [0]])))
    falls = []
    for first, after in zip(under[::2], under[1::2], strict=True):
        trough = int(first + np.argmin(fall[first:after]))
        end = int(after) if after < len(fall) else None
        falls.append(Drawdown(max(int(first) - 1, 0), trough, end, float(fall[trough])))
    return sorted(falls, key=lambda one: one.depth)[:most]


def by_period(labels: Stamps, curve: Floats, initial: float, unit: Literal["M", "Y"]) -> dict[str, float]:
    """Return the return of each calendar month (`2020-01`) or year, from the last value before it to its last."""
    if not len(labels):
        return {}
    periods = labels.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    ends = np.flatnonzero(np.append(periods[1:] != periods[:-1], True))
    values = np.concatenate([[initial], curve[ends]])
    with np.errstate(all="ignore"):
        returns = values[1:] / values[:-1] - 1.0
    return {str(period): float(one) for period, one in zip(periods[ends], returns, strict=True) if math.isfinite(one)}


def returns_of(curve: Floats) -> Floats:
    """Return the return from each value to the next; 0 where there is none."""
    with np.errstate(all="ignore"):
        returns = curve[1:] / curve[:-1] - 1.0
    return np.where(np.isfinite(returns), returns, 0.0)


def rolling_volatility(returns: Floats, window: int, periods: float) -> Floats:
    """Return the annualised deviation (ddof 1) of the last `window` returns; NaN before there are so many."""
    _, variance = _moments(returns, window)
    return np.sqrt(variance * periods)


def rolling_sharpe(returns: Floats, window: int, periods: float) -> Floats:
    """Return the annualised mean over the deviation of the last `window` returns; NaN where they don't move."""
    mean, variance = _moments(returns, window)
    with np.errstate(all="ignore"):
        ratio = mean / np.sqrt(variance) * math.sqrt(periods)
    return np.where(variance > 1e-18, ratio, np.nan)


def rolling_beta(returns: Floats, benchmark: Floats, window: int) -> Floats:
    """Return the slope of the last `window` returns on those of the benchmark."""
    mine, _ = _moments(returns, window)
    theirs, variance = _moments(benchmark, window)
    together, _ = _moments(returns * benchmark, window)
    covariance = (together - mine * theirs) * window / (window - 1)
    with np.errstate(all="ignore"):
        return np.where(variance > 1e-18, covariance / variance, np.nan)


def histogram(values: Floats, most: int = 41) -> tuple[Floats, Stamps]:
    """Return the edges of equal bins around 0, and how many values lie in each; the outermost hold what is beyond."""
    if not len(values):
        return np.zeros(1), np.zeros(0, dtype=np.int64)
    reach = float(np.quantile(np.abs(values), 0.995)) or 1e-6
    edges = np.linspace(-reach, reach, most + 1)
    counts, _ = np.histogram(np.clip(values, -reach, reach), edges)
    return edges, counts.astype(np.int64)


def _moments(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Return mean and variance (ddof 1) of the last `window` values."""
    blank = np.full(min(window - 1, len(values)), np.nan)
    if len(values) < window:
        return blank, blank
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    return np.concatenate([blank, views.mean(axis=1)]), np.concatenate([blank, views.var(axis=1, ddof=1)])
