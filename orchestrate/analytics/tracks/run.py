"""The tracks of a run: of its portfolio, of each framework and strategy, and of its benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import fsum
from typing import TypeVar

import numpy as np

from orchestrate.analytics.exposure import Extremes, Scope
from orchestrate.analytics.returns import Curve, curve_of
from orchestrate.analytics.sums import mean
from orchestrate.analytics.tracks.excursions import excursions
from orchestrate.analytics.tracks.track import CapitalUse, RoundTrips, Track
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.results import RunResult, StrategyResult

Column = TypeVar("Column", Floats, Flags, Stamps)


class Tracks:
    """The data behind the metrics of a run; what several tracks need is computed once."""

    def __init__(self, result: RunResult) -> None:
        self._result = result
        self.curves = {name: curve_of([one]) for name, one in result.strategies.items()}
        self._trips = {name: self._trips_of(one) for name, one in result.strategies.items()}

    @cached_property
    def extremes(self) -> Extremes:
        """Return the peaks of exposure, and what share of the equity was idle."""
        return Extremes(self._result)

    @cached_property
    def union(self) -> Flags:
        """Return the steps at which a symbol of some strategy has a bar.

        Data that no strategy trades makes steps that don't count.
        """
        there: Flags = np.logical_or.reduce([strategy.has_bar for strategy in self._result.strategies.values()])
        return there

    @property
    def labels(self) -> Stamps:
        """The labels of those steps."""
        return _at(self._result.labels, self.union)

    @property
    def frameworks(self) -> list[str]:
        """Every framework, in the order of the plan."""
        return list(dict.fromkeys(strategy.framework for strategy in self._result.strategies.values()))

    def members(self, framework: str) -> list[StrategyResult]:
        """Return a framework's strategies in the order of their ids: the order in the file changes no digit."""
        return [one for one in self._sorted() if one.framework == framework]

    def labels_of(self, strategy: StrategyResult) -> Stamps:
        """Return the labels of the strategy's own bars."""
        return self._result.labels[strategy.has_bar]

    def portfolio(self) -> Track:
        """Return the sum of all books and the reserve."""
        if self._alone is not None:
            return self._alone
        equity = self._result.portfolio_equity
        curve = Curve(float(self._result.plan.capital.total), equity)
        return self._together(
            self._sorted(), curve, self._use("portfolio", "portfolio", self._sorted(), _at(equity, self.union))
        )

    def framework(self, name: str) -> Track:
        """Return a framework's strategies together."""
        if self._alone is not None:
            return self._alone
        members = self.members(name)
        equity = np.asarray(np.sum([one.equity for one in members], axis=0), dtype=np.float64)
        return self._together(
            members, curve_of(members), self._use("framework", name, members, _at(equity, self.union))
        )

    def strategy(self, strategy: StrategyResult) -> Track:
        """Return a strategy on the bars of its own symbols."""
        return self._of_one(strategy) if self._alone is None else self._alone

    @cached_property
    def _alone(self) -> Track | None:
        """The track of a strategy that has all of the capital: that of the portfolio and of its framework, too."""
        strategies = [*self._result.strategies.values()]
        periods = self._result.periods_per_year
        if len(strategies) > 1 or self._result.reserve or self._result.has_transfers:
            return None
        return self._of_one(strategies[0]) if periods.get(strategies[0].id) == periods.get("") else None

    def _of_one(self, strategy: StrategyResult) -> Track:
        own, curve = strategy.has_bar, self.curves[strategy.id]
        return Track(
            initial=curve.initial,
            equity=_at(curve.equity, own),
            stamps=_at(self._result.stamps, own),
            exposed=_at(strategy.exposed, own),
            trips=self._trips[strategy.id],
            fees=strategy.fees,
            periods_per_year=self._result.periods_per_year.get(strategy.id),
            capital=self._use("strategy", strategy.id, [strategy], _at(strategy.equity, own)),
            benchmark=self._benchmark(own),
        )

    def benchmark(self) -> tuple[Track, Stamps]:
        """Return the benchmark on those of the portfolio's stamps at which it has a close, and their labels."""
        closes = self._result.benchmark
        known = np.zeros(0, dtype=np.bool_) if closes is None else np.isfinite(closes) & self.union
        equity = np.zeros(0) if closes is None else closes[known]
        track = Track(
            initial=float(equity[0]) if len(equity) else 0.0,
            equity=equity,
            stamps=self._result.stamps[known],
            exposed=known[known],
            trips=RoundTrips.of(()),
            fees=0.0,
            periods_per_year=self._result.periods_per_year.get(""),
        )
        return track, self._result.labels[known]

    def _together(self, members: Sequence[StrategyResult], curve: Curve, capital: CapitalUse) -> Track:
        """Return the curve of several strategies together, over the union of all strategies' stamps."""
        exposed = np.zeros(len(self._result.stamps), dtype=np.bool_)
        for strategy in members:
            exposed |= strategy.exposed
        there = self.union
        return Track(
            initial=curve.initial,
            equity=_at(curve.equity, there),
            stamps=_at(self._result.stamps, there),
            exposed=_at(exposed, there),
            trips=RoundTrips.joined([self._trips[strategy.id] for strategy in members]),
            fees=fsum(strategy.fees for strategy in members),
            periods_per_year=self._result.periods_per_year.get(""),
            capital=capital,
            benchmark=self._benchmark(there),
        )

    def _benchmark(self, there: Flags) -> Floats | None:
        return None if self._result.benchmark is None else _at(self._result.benchmark, there)

    def _use(self, scope: Scope, name: str, members: Sequence[StrategyResult], equity: Floats) -> CapitalUse:
        traded, slippage = (fsum(sums[one.id] for one in members) for sums in self._of_fills)
        return CapitalUse(
            traded=traded,
            slippage=slippage,
            equity=mean(equity) if len(equity) else 0.0,
            idle=self.extremes.idle(scope, name),
        )

    @cached_property
    def _of_fills(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the money that changed hands in each strategy's fills, and what slippage took of it."""
        multipliers = {
            symbol: holding.instrument.multiplier
            for strategy in self._result.strategies.values()
            for symbol, holding in strategy.holdings.items()
        }
        ids = {name: place for place, name in enumerate(self._result.strategies)}
        fills = [record.fill for record in self._result.fills]
        notional = [fill.quantity * fill.price * multipliers.get(fill.symbol, 1.0) * fill.rate for fill in fills]
        owners = np.array([ids[fill.strategy_id] for fill in fills], dtype=np.intp)
        traded = np.bincount(owners, np.abs(notional), minlength=len(ids))
        slipped = np.bincount(owners, [record.slippage for record in self._result.fills], minlength=len(ids))
        return dict(zip(ids, traded.tolist(), strict=True)), dict(zip(ids, slipped.tolist(), strict=True))

    def _trips_of(self, strategy: StrategyResult) -> RoundTrips:
        result = self._result
        return RoundTrips.of(strategy.trades, *excursions(strategy.trades, result.series, result.plan.execution.fill))

    def _sorted(self) -> list[StrategyResult]:
        return [one for _, one in sorted(self._result.strategies.items())]


def _at(column: Column, flags: Flags) -> Column:
    """Return the elements of a column whose flag is set; where all are, the column itself, and no copy."""
    return column if flags.all() else column[flags]
