"""Brinson-Fachler attribution of a return above a benchmark, and Carino's linking over several periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.sums import total
from orchestrate.domain.market.timeline import Floats

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class BrinsonEffects:
    """The effects of each segment on the return above the benchmark's; all together are `total`.

    `allocation`: its weight differs from the benchmark's. `selection`: its return does. `interaction`: both do.
    """

    allocation: Floats
    selection: Floats
    interaction: Floats

    @property
    def total(self) -> float:
        """The return above the benchmark's."""
        return float(self.allocation.sum() + self.selection.sum() + self.interaction.sum())


def brinson_fachler(
    weights: npt.ArrayLike,
    benchmark_weights: npt.ArrayLike,
    returns: npt.ArrayLike,
    benchmark_returns: npt.ArrayLike,
) -> BrinsonEffects:
    """Attribute a return above a benchmark's to segments: of one period, or of several (a row each), linked by Carino.

    Weights are those at the beginning of a period and sum to 1. ValueError for arguments of different shapes, weights
    that do not sum to 1, or a total return of -100 % or less.
    """
    own, held = _weights(weights, "weights"), _weights(benchmark_weights, "benchmark_weights")
    gained, of_benchmark = (np.atleast_2d(np.asarray(one, dtype=np.float64)) for one in (returns, benchmark_returns))
    if len({own.shape, held.shape, gained.shape, of_benchmark.shape}) > 1:
        raise ValueError("weights and returns must have the same shape: a value a segment, or a row of them a period")
    portfolio, benchmark = (own * gained).sum(axis=1), (held * of_benchmark).sum(axis=1)
    factors = linking(portfolio, benchmark)[:, np.newaxis]
    overweight, better = own - held, gained - of_benchmark
    allocation = overweight * (of_benchmark - benchmark[:, np.newaxis])
    parts = (allocation, held * better, overweight * better)
    return BrinsonEffects(*((factors * part).sum(axis=0) for part in parts))


def linking(portfolio: Floats, benchmark: Floats) -> Floats:
    """Return Carino's factor of each period: effects times these add up to the difference of the linked returns."""
    if not len(portfolio) or min(float(portfolio.min()), float(benchmark.min())) <= -1.0:
        raise ValueError("linking needs at least one period, and returns above -100 %")
    whole = _carino(_linked(portfolio), _linked(benchmark))
    return np.asarray(_carino(portfolio, benchmark) / whole, dtype=np.float64)


def _linked(returns: Floats) -> Floats:
    """Return the return of all periods together, as an array of one."""
    return np.expm1([total(np.log1p(returns))])


def _carino(returns: Floats, others: Floats) -> Floats:
    """Return (ln(1 + r) − ln(1 + b)) ÷ (r − b), and its limit 1 ÷ (1 + r) where both are the same."""
    apart = (returns - others) / (1.0 + others)
    factors = np.divide(np.log1p(apart), apart, out=np.ones(len(apart)), where=apart != 0.0)
    return np.asarray(factors / (1.0 + others), dtype=np.float64)


def _weights(given: npt.ArrayLike, name: str) -> Floats:
    weights = np.atleast_2d(np.asarray(given, dtype=np.float64))
    if weights.ndim != 2 or not np.allclose(weights.sum(axis=1), 1.0, rtol=0.0, atol=_SUM_TOLERANCE):
        raise ValueError(f"{name} must sum to 1 in each period")
    return weights
