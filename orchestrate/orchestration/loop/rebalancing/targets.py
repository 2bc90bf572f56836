"""The weights that a portfolio goes back to: as planned, estimated anew, and scaled to a volatility."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.portfolio import Period, VolatilityTarget
from orchestrate.orchestration.loop.rebalancing.growth import GrowthRecord
from orchestrate.orchestration.risk.rebalancing import scaled

#: Ids, stamps and simple returns (a row a stamp, a column an id) → weights of sum 1 at most.
WeightEstimator = Callable[[Sequence[str], Stamps, Floats], Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Estimation:
    """The estimation of new weights, its number of bars, and the period `every` of its own; `estimate` None: never.

    `periods_per_year` are the bars a year that a yearly volatility is made with.
    """

    estimate: WeightEstimator | None = None
    lookback: int = 252
    every: Period | None = None
    periods_per_year: float = 252.0

    @property
    def bars(self) -> int:
        """The number of bars of the strategies that it needs."""
        return 0 if self.estimate is None else self.lookback


class Targets:
    """The weights in force, by strategy id. Their sum is at most `most`; the reserve has the rest of 1."""

    def __init__(
        self,
        weights: Mapping[str, float],
        most: float,
        growth: GrowthRecord | None,
        stamps: Stamps,
        estimation: Estimation,
        volatility: VolatilityTarget | None,
    ) -> None:
        self._weights, self._most, self._growth, self._stamps = dict(weights), most, growth, stamps
        self._estimation, self._volatility = estimation, volatility
        self._scale = 1.0

    @property
    def weights(self) -> dict[str, float]:
        """The weights in force."""
        return {name: weight * self._scale for name, weight in self._weights.items()}

    def change(self, weights: Mapping[str, Decimal]) -> None:
        """Set the weights of these strategies; all others keep theirs."""
        self._weights |= {name: float(weight) for name, weight in weights.items()}
        self._scale = min(self._scale, self._largest_scale())

    def renew(self, names: Sequence[str]) -> None:
        """Estimate the weights of `names` anew, as a period begins, and scale all to the target volatility."""
        if self._growth is None:
            return
        if self._estimation.estimate is not None:
            self._estimate(self._estimation.estimate, self._growth, names)
        returns = self._growth.portfolio_returns()
        if self._volatility is not None and returns is not None:
            most = min(float(self._volatility.max_leverage), self._largest_scale())
            self._scale = scaled(self._scale, self._volatility, returns, self._estimation.periods_per_year, most)

    def _estimate(self, estimate: WeightEstimator, growth: GrowthRecord, names: Sequence[str]) -> None:
        """Share out what these strategies have among them; the weights of all others stay."""
        known = growth.strategy_returns(names) if names else None
        if known is None:
            return
        steps, returns = known
        estimated = estimate(list(names), self._stamps[steps], returns)
        left = 1.0 - fsum(weight for name, weight in self._weights.items() if name not in names)
        self.change({name: weight * Decimal(left) for name, weight in estimated.items()})

    def _largest_scale(self) -> float:
        total = fsum(self._weights.values())
        return self._most / total if total > 0 else self._most
