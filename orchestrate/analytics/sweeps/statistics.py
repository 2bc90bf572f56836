"""All figures that say whether to believe the trial that a sweep picked, computed once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.analytics.metrics.metric import NOISE, NoFigureError
from orchestrate.analytics.sweeps.columns import Returns, chunks, columns_of
from orchestrate.analytics.sweeps.cross_validation import cross_validate
from orchestrate.analytics.sweeps.landscape import Landscape
from orchestrate.analytics.sweeps.neighbours import Edge, Neighbourhoods, edges
from orchestrate.analytics.sweeps.sharpe_ratios import (
    SharpeSample,
    deflated_sharpe,
    expected_maximum,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)
from orchestrate.domain.market.timeline import Floats

BLOCKS: Final = 16


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a sweep left of its trials, and which one it picked.

    `returns` has a row a day, and a column for each trial that has returns; `pick` is the column of the one picked.
    `trials` counts all that were evaluated, those without returns, too. `point` is the pick's place in `landscape`.
    """

    returns: Returns
    pick: int
    trials: int
    landscape: Landscape
    point: int
    blocks: int = BLOCKS

    def sample(self) -> SharpeSample:
        """Return what the pick's returns say about its Sharpe ratio."""
        columns = columns_of(self.returns)
        if not columns.shape[1]:
            raise NoFigureError("no trial has returns")
        return sharpe_sample(columns.some(self.pick, self.pick + 1)[:, 0])

    @cached_property
    def variance(self) -> float:
        """The variance (ddof 1) of the trials' Sharpe ratios, of those that have one; NaN for fewer than two."""
        ratios = sharpe_ratios(self.returns)
        known = ratios[np.isfinite(ratios)]
        return float(known.var(ddof=1)) if len(known) > 1 else math.nan


@dataclass(frozen=True, slots=True)
class SweepFigures:
    """The figures of a sweep by name, None where one is undefined; `reasons` say why.

    `edges` are the axes at whose ends the pick lies, `modes` the local modes as places in the landscape.
    """

    values: dict[str, float | None]
    reasons: dict[str, str] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    modes: tuple[int, ...] = ()


def sweep_figures(evidence: Evidence, neighbourhoods: Neighbourhoods | None = None) -> SweepFigures:
    """Return every figure of `evidence`."""
    around = neighbourhoods or Neighbourhoods(evidence.landscape)
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, figure in _FIGURES.items():
        try:
            values[name] = figure(evidence, around)
        except NoFigureError as reason:
            values[name] = None
            reasons[name] = str(reason)
    return SweepFigures(
        values,
        reasons,
        edges(evidence.landscape, evidence.point),
        tuple(int(mode) for mode in around.modes()),
    )


def sharpe_ratios(returns: Returns) -> Floats:
    """Return the Sharpe ratio of a day of each column, NaN for one whose returns never change."""
    columns = columns_of(returns)
    ratios = np.full(columns.shape[1], math.nan)
    if columns.shape[0] < 2:
        return ratios
    for start, some in chunks(columns):
        deviations = some.std(axis=0, ddof=1)
        moving = deviations > NOISE * np.abs(some).max(axis=0)
        np.divide(some.mean(axis=0), deviations, out=ratios[start : start + some.shape[1]], where=moving)
    return ratios


def _probabilistic(evidence: Evidence, _: Neighbourhoods) -> float:
    one = evidence.sample()
    return probabilistic_sharpe(one.sharpe, one.periods, one.skew, one.kurtosis)


def _deflated(evidence: Evidence, _: Neighbourhoods) -> float:
    one = evidence.sample()
    return deflated_sharpe(one.sharpe, one.periods, one.skew, one.kurtosis, evidence.trials, evidence.variance)


def _least_days(evidence: Evidence, _: Neighbourhoods) -> float:
    one = evidence.sample()
    return minimum_track_record(one.sharpe, one.skew, one.kurtosis)


#: Each may raise NoFigureError.
_FIGURES: Final[dict[str, Callable[[Evidence, Neighbourhoods], float]]] = {
    "daily_sharpe": lambda evidence, _: evidence.sample().sharpe,
    "expected_maximum_sharpe": lambda evidence, _: expected_maximum(evidence.trials, evidence.variance),
    "probabilistic_sharpe": _probabilistic,
    "deflated_sharpe": _deflated,
    "minimum_track_record": _least_days,
    "pbo": lambda evidence, _: cross_validate(evidence.returns, evidence.blocks).overfitting,
    "stability": lambda evidence, around: around.stability(evidence.point),
}
