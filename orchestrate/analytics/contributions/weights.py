"""A run against a portfolio that gives each strategy the same weight at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from orchestrate.analytics.contributions.brinson import linking
from orchestrate.analytics.metrics import NoFigureError
from orchestrate.analytics.series import returns_of
from orchestrate.analytics.sums import product_sum, total
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.market.timeline import Flags, Floats
from orchestrate.domain.portfolio import UNMANAGED
from orchestrate.domain.results import RunResult, StrategyResult


class Paths:
    """Capital and gains of a run's strategies along the curve of its portfolio, made anew each time: they are long.

    The rest of the portfolio is its reserve, which gains nothing.
    """

    def __init__(self, result: RunResult, track: Track, there: Flags) -> None:
        self.portfolio = track.curve
        self._result, self._there = result, there
        self._is_ahead = len(track.curve) > len(track.equity)

    @property
    def names(self) -> list[str]:
        """The ids of all strategies, sorted: the order in the file changes no digit."""
        return sorted(self._result.strategies)

    def gains(self, name: str) -> Floats:
        """Return what a strategy gained in each period, in money."""
        strategy = self._result.strategies[name]
        return np.diff(self._along(strategy, strategy.earned))

    def weight(self, name: str) -> Floats:
        """Return a strategy's share of the portfolio at the beginning of each period."""
        return np.asarray(self._capital(name) / self.portfolio[:-1], dtype=np.float64)

    def returns(self, name: str) -> Floats:
        """Return a strategy's returns; 0 where nothing was gained."""
        before, gains = self._capital(name), self.gains(name)
        gained = gains != 0.0
        if (before[gained] <= 0.0).any():
            raise NoFigureError(f"{name} gained or lost without capital of its own")
        return np.divide(gains, before, out=np.zeros(len(gains)), where=gained)

    def _capital(self, name: str) -> Floats:
        """Return a strategy's capital at the beginning of each period."""
        strategy = self._result.strategies[name]
        return self._along(strategy, strategy.equity)[:-1]

    def _along(self, strategy: StrategyResult, values: Floats) -> Floats:
        own = values[self._there]
        return np.concatenate([[float(strategy.allocated)], own]) if self._is_ahead else own


@dataclass(frozen=True, slots=True)
class EqualWeights:
    """The return of equal weights, and the effects of each strategy's weight and of the reserve, by name."""

    total: float
    strategies: Mapping[str, dict[str, float]]
    reserve: dict[str, float]


def against_equal_weights(paths: Paths) -> EqualWeights:
    """Return the effects, Brinson-Fachler at each step, linked by Carino.

    Both portfolios hold the same strategies, hence only weights differ: selection and interaction are 0. A book that
    nobody manages is in the portfolio alone.
    """
    shares = {name: 0.0 if name.startswith(UNMANAGED) else 1.0 for name in paths.names}
    shares = {name: share / fsum(shares.values()) for name, share in shares.items()}
    benchmark = np.zeros(len(paths.portfolio) - 1)
    for name, share in shares.items():
        if share:
            benchmark += share * paths.returns(name)
    if float(benchmark.min()) <= -1.0:
        raise NoFigureError("equal weights lost everything")
    factors = linking(returns_of(paths.portfolio), benchmark)
    reserve = np.ones(len(benchmark))
    found = {}
    for name, share in shares.items():
        weight = paths.weight(name)
        reserve -= weight
        effect = paths.gains(name) / paths.portfolio[:-1] - weight * benchmark
        if share:
            effect -= share * (paths.returns(name) - benchmark)
        found[name] = _linked(factors, effect)
    whole = float(np.expm1(total(np.log1p(benchmark))))
    return EqualWeights(whole, found, _linked(factors, -reserve * benchmark))


def _linked(factors: Floats, allocation: Floats) -> dict[str, float]:
    """Return the effects; (weight - share) × (return - benchmark) needs no return where the benchmark has no share."""
    return {"allocation": product_sum(factors, allocation), "selection": 0.0, "interaction": 0.0}
