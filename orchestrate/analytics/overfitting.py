"""Statistics that say how much of a backtest's success is luck. None where a figure is undefined."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps import cross_validation, predictive_ability, sharpe_ratios
from orchestrate.analytics.sweeps.cross_validation import CombinatorialSplits, combinatorial_splits

__all__ = [
    "CombinatorialSplits",
    "backtest_overfitting",
    "combinatorial_splits",
    "deflated_sharpe",
    "minimum_track_record",
    "probabilistic_sharpe",
    "superior_predictive_ability",
]

_Arguments = ParamSpec("_Arguments")


def _optional(figure: Callable[_Arguments, float]) -> Callable[_Arguments, float | None]:
    """Return None where `figure` is undefined."""

    @wraps(figure)
    def value(*given: _Arguments.args, **named: _Arguments.kwargs) -> float | None:
        try:
            return figure(*given, **named)
        except NoFigureError:
            return None

    return value


probabilistic_sharpe = _optional(sharpe_ratios.probabilistic_sharpe)
deflated_sharpe = _optional(sharpe_ratios.deflated_sharpe)
minimum_track_record = _optional(sharpe_ratios.minimum_track_record)
backtest_overfitting = _optional(cross_validation.backtest_overfitting)
superior_predictive_ability = _optional(predictive_ability.superior_predictive_ability)
