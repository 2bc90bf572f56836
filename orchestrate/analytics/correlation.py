"""How the strategies of a run move together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Final

import numpy as np

from orchestrate.analytics.series import Places, period_ends
from orchestrate.analytics.sums import mean, product_sum
from orchestrate.analytics.tracks.track import from_capital, moved
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.results import Finding
from orchestrate.orchestration.strategies.compatibility_rules import CORRELATED, DIVERSIFYING

_NOISE: Final = 1e-12

Matrix = dict[str, dict[str, float | None]]


def daily_marks(stamps: Stamps) -> Places:
    """Return the places of the last stamp of every UTC day: all of them for daily bars."""
    return period_ends(stamps, "day")


def correlation(
    stamps: Stamps, equity: Mapping[str, Floats], initial: Mapping[str, float]
) -> tuple[Matrix, list[Finding]]:
    """Return Pearson's correlation of daily returns for every pair of strategies.

    Null with a finding where one never moves.

    Equity stands still before, between and after a strategy's own bars, hence the return there is 0. The first day has
    a return, from the initial capital on, if the equity of any strategy moved in it.
    """
    marks = daily_marks(stamps)
    curves = {name: curve[marks] for name, curve in equity.items()}
    if any(moved(initial[name], curve) for name, curve in curves.items()):
        curves = {name: from_capital(initial[name], curve) for name, curve in curves.items()}
    directions: dict[str, Floats | None] = {}
    findings: list[Finding] = []
    for name, curve in curves.items():
        directions[name], cause = _direction(curve)
        if cause:
            findings.append(Finding("info", f"strategies.{name}", f"no value for correlation: {cause}"))
    matrix: Matrix = {name: dict.fromkeys(equity) for name in equity}
    for name, mine in directions.items():
        for other, theirs in directions.items():
            if mine is not None and theirs is not None:
                product = 1.0 if name == other else product_sum(mine, theirs)
                matrix[name][other] = min(1.0, max(-1.0, product))
    return matrix, findings


def correlated(matrix: Matrix) -> dict[str, list[dict[str, object]]]:
    """Return the pairs that diversify, least correlated first, and those that are alike, most correlated first."""
    known = [
        (value, first, second)
        for first, second in combinations(matrix, 2)
        if (value := matrix[first][second]) is not None
    ]
    known.sort(key=lambda pair: pair[0])
    pairs = [{"strategies": [first, second], "correlation": value} for value, first, second in known]
    low = sum(value < DIVERSIFYING for value, *_ in known)
    high = sum(value <= CORRELATED for value, *_ in known)
    return {"diversifiers": pairs[:low], "alike": pairs[high:][::-1]}


def _direction(curve: Floats) -> tuple[Floats | None, str]:
    """Return the returns of `curve` about their mean, of length 1; or None and why there is no such thing."""
    if len(curve) < 3:
        return None, "it takes two daily returns"
    if not curve.any():
        return None, "there was no capital"
    if float(curve.min()) <= 0.0:
        return None, "equity fell to zero or below"
    returns = curve[1:] / curve[:-1] - 1.0
    about_mean = returns - mean(returns)
    length = math.sqrt(product_sum(about_mean, about_mean))
    if length <= _NOISE * float(np.abs(returns).max()) * np.sqrt(len(returns)):
        return None, "returns never change"
    return about_mean / length, ""
