"""Attribute the portfolio's return to its strategies and frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any


@dataclass(frozen=True, slots=True)
class CrossFrameworkAnalytics:
    """The attribution of a run's return to its strategies and frameworks.

    It is computed from the run's document (that of `backtest --format json`, or `summarise`). A contribution is a
    profit over the initial capital of all, so that contributions sum to the portfolio's return; money that was moved
    between strategies is no profit.
    """

    document: Mapping[str, Any]

    def strategy(self, strategy_id: str) -> float:
        """Return what a strategy added to the portfolio's return; KeyError for one that took no part."""
        strategy = self.document["strategies"][strategy_id]
        given: float = strategy["allocated_capital"] + strategy.get("transferred", 0.0)
        gained: float = strategy["final_equity"] - given
        total: float = self.document["portfolio"]["initial_capital"]
        return gained / total

    @property
    def strategies(self) -> dict[str, float]:
        """Every strategy's contribution."""
        return {name: self.strategy(name) for name in self.document["strategies"]}

    @property
    def frameworks(self) -> dict[str, float]:
        """Every framework's contribution: that of its strategies together."""
        added = dict.fromkeys(self.document["frameworks"], 0.0)
        for name, strategy in self.document["strategies"].items():
            added[strategy["framework"]] += self.strategy(name)
        return added

    @property
    def portfolio(self) -> float:
        """All contributions together; the reserve earns nothing."""
        return fsum(self.strategies.values())
