"""Hansen's test for superior predictive ability, by arch, which only this file knows."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.domain.errors import ConfigurationError

_INSTALL: Final = "the test for superior predictive ability needs arch: pip install 'orchestrate-portfolio[spa]'"
_LEAST: Final = 4


def superior_predictive_ability(
    returns: npt.ArrayLike, benchmark: npt.ArrayLike = 0.0, repetitions: int = 1000, seed: int = 0
) -> float:
    """Return how likely the best mean return above `benchmark` is where no trial is better than it: a p-value.

    `returns`: a row a day, a column a trial; `benchmark`: a return a day, or one for all. The stationary bootstrap
    draws from `seed`; the p-value is the consistent one. ConfigurationError where arch is not installed.
    """
    try:
        from arch.bootstrap import SPA
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
    days = np.asarray(returns, dtype=np.float64)
    if days.ndim != 2:
        raise ValueError(f"returns have a row a day and a column a trial, not the shape {days.shape}")
    if len(days) < _LEAST:
        raise NoFigureError(f"it takes {_LEAST} daily returns")
    against = np.broadcast_to(np.asarray(benchmark, dtype=np.float64), len(days))
    if not (np.isfinite(days).all() and np.isfinite(against).all()):
        raise NoFigureError("a return is not a number")
    apart = days[:, np.ptp(days - against[:, np.newaxis], axis=0) > 0.0]
    if not apart.shape[1]:
        raise NoFigureError("no trial's returns differ from the benchmark's")
    test = SPA(-against, -apart, reps=repetitions, seed=seed)
    test.compute()
    return float(test.pvalues["consistent"])
