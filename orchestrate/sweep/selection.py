"""Which trial of a sweep is picked: the best one, the one on the best plateau, or among those that none dominates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.landscape import WORST, Flags, landscape, score
from orchestrate.analytics.sweeps.neighbours import Neighbourhoods, best
from orchestrate.domain.gates import passes
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.sweeps import PLACED, Axis, SweepPlan, Trial, TrialStatus

#: What takes a place among the others: neither forbidden by a relation nor given up.


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen among some trials, by their numbers: the `pick`, None where no trial is eligible.

    `front`, where there are several objectives, are the eligible ones that none of them dominates. `around` has the
    neighbours of all trials that have a place.
    """

    pick: int | None
    eligible: frozenset[int]
    around: Neighbourhoods
    front: tuple[int, ...] = ()


def choose(plan: SweepPlan, axes: Sequence[Axis], trials: Sequence[Trial]) -> Choice:
    """Choose among trials that vary these parameters."""
    placed = [trial for trial in trials if trial.measured.status in PLACED]
    scores = np.array([scores_of(plan, trial) for trial in placed]).reshape(len(placed), len(plan.objectives))
    allowed = np.array([is_eligible(plan, trial) for trial in placed], dtype=np.bool_)
    several = len(plan.objectives) > 1
    candidates = _front(scores, allowed) if several else allowed
    found = landscape(axes, [trial.point for trial in placed], scores[:, 0], grid=plan.method == "grid")
    around = Neighbourhoods(found)
    try:
        plateau = plan.select == "plateau"
        pick = placed[around.plateau(candidates) if plateau else best(found, candidates)].number
    except NoFigureError:
        pick = None
    numbers = [trial.number for trial in placed]
    eligible = frozenset(number for number, able in zip(numbers, allowed, strict=True) if able)
    front = tuple(number for number, able in zip(numbers, candidates, strict=True) if able) if several else ()
    return Choice(pick, eligible, around, front)


def scores_of(plan: SweepPlan, trial: Trial) -> tuple[float, ...]:
    """Return the objectives of a trial such that more is better; `WORST` where it has no figure."""
    if trial.measured.status is not TrialStatus.DONE:
        return (WORST,) * len(plan.objectives)
    return tuple(score(trial.measured.metrics, one.metric, maximize=one.maximize) for one in plan.objectives)


def is_eligible(plan: SweepPlan, trial: Trial) -> bool:
    """Return whether a trial is done, has a score in every objective, and meets what is required."""
    if WORST in scores_of(plan, trial):
        return False
    figures = ((gate, trial.measured.metrics.get(gate.metric)) for gate in plan.require)
    return all(value is not None and passes(gate.operator, value, gate.threshold) for gate, value in figures)


def _front(scores: Floats, allowed: Flags) -> Flags:
    """Return which of the allowed trials no other is better than: as good in all objectives, and better in one."""
    front, others = allowed.copy(), scores[allowed]
    for place in np.flatnonzero(allowed):
        no_worse, better = (others >= scores[place]).all(axis=1), (others > scores[place]).any(axis=1)
        front[place] = not (no_worse & better).any()
    return front
