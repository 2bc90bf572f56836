"""Points near good ones, by Optuna's tree-structured Parzen estimator, held in memory.

Points come in batches: a batch depends on the scores of the batches before it, and not on the order in which its own
trials end. A sweep that is resumed proposes the same points again, and learns the same scores.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from orchestrate.domain.errors import ConfigurationError, Problem
from orchestrate.domain.sweeps import Axis, Point
from orchestrate.sweep.samplers.registry import Batches, Score
from orchestrate.sweep.space import Space

if TYPE_CHECKING:
    import optuna


def tpe(space: Space, first: int) -> Batches:
    """Yield batches of points; each is sent the scores of its trials before the next."""
    study = _study(space, first)
    distributions = {axis.name: _distribution(axis) for axis in space.axes}
    left = space.trials
    while left > 0:
        asked = [study.ask(distributions) for _ in range(min(space.batch, left))]
        left -= len(asked)
        scores = yield [_point(space, trial.params) for trial in asked]
        for trial, score in zip(asked, scores, strict=True):
            _tell(study, trial, score)


def _study(space: Space, first: int) -> optuna.Study:
    try:
        import optuna
    except ImportError:
        hint = "pip install 'orchestrate-portfolio[tpe]'"
        raise ConfigurationError([Problem("sweep.method", 0, 0, "tpe needs optuna", hint)]) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=(space.seed + first) % 2**32, multivariate=True, constant_liar=True)
    return optuna.create_study(sampler=sampler, directions=["maximize"] * len(space.objectives))


def _distribution(axis: Axis) -> Any:
    """Return what a parameter may be: a number of a range, the place of a number in a list, or one of some values."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.bounds is not None:
        return FloatDistribution(*axis.bounds)
    if _is_ordered(axis):
        return IntDistribution(0, len(axis.values) - 1)
    return CategoricalDistribution(range(len(axis.values)))


def _is_ordered(axis: Axis) -> bool:
    numbers = [value for value in axis.values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(numbers) == len(axis.values) and sorted(numbers) == numbers


def _point(space: Space, drawn: dict[str, Any]) -> Point:
    return {
        axis.name: float(drawn[axis.name]) if axis.bounds is not None else axis.values[int(drawn[axis.name])]
        for axis in space.axes
    }


def _tell(study: optuna.Study, trial: optuna.Trial, score: Score) -> None:
    from optuna.trial import TrialState

    if score is not None:
        study.tell(trial, list(score))
    elif len(study.directions) == 1:
        study.tell(trial, state=TrialState.PRUNED)  # worse than any that has a score
    else:
        study.tell(trial, state=TrialState.FAIL)
