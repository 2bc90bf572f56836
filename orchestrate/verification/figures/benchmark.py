"""Figures of returns against those of the benchmark."""

from __future__ import annotations

import math

import numpy as np

from orchestrate.verification.facts import Flags, Floats
from orchestrate.verification.figures.lines import Line

NAMES = ("alpha", "beta", "information_ratio", "tracking_error", "capture_up", "capture_down")


def against_benchmark(line: Line) -> dict[str, float | None]:
    """Return them from the first two closes of the benchmark on; None where one has no meaning."""
    figures: dict[str, float | None] = dict.fromkeys(NAMES)
    if line.closes is None or not len(line.returns):
        return figures
    first = int(np.argmax(np.isfinite(line.closes)))
    closes = line.closes[first:]
    if len(closes) < 3 or not closes.min() > 0:
        return figures
    held = closes[1:] / closes[:-1] - 1.0
    own = line.returns[-len(held) :]
    figures |= _regression(own, held, line.periods) | _above(own, held, line.periods)
    return figures | {"capture_up": _capture(own, held, held > 0), "capture_down": _capture(own, held, held < 0)}


def _regression(own: Floats, held: Floats, periods: float) -> dict[str, float]:
    covariance = np.cov(own, held)
    if covariance[1, 1] <= (1e-12 * float(np.abs(held).max())) ** 2:
        return {}
    beta = float(covariance[0, 1] / covariance[1, 1])
    return {"beta": beta, "alpha": float(own.mean() - beta * held.mean()) * periods}


def _above(own: Floats, held: Floats, periods: float) -> dict[str, float]:
    above = own - held
    deviation = float(above.std(ddof=1))
    figures = {"tracking_error": deviation * math.sqrt(periods)}
    if deviation > 1e-12 * max(float(np.abs(own).max()), float(np.abs(held).max())):
        figures["information_ratio"] = float(above.mean()) / deviation * math.sqrt(periods)
    return figures


def _capture(own: Floats, held: Floats, chosen: Flags) -> float | None:
    if not chosen.any():
        return None
    mine, theirs = (math.expm1(float(np.log1p(one[chosen]).mean())) for one in (own, held))
    return mine / theirs
