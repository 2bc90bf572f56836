"""The trials that compete with each other: all of a sweep, or those of one strategy, and the one that was picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrate.analytics.sweeps.landscape import landscape, score
from orchestrate.analytics.sweeps.neighbours import Neighbourhoods
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.sweeps import PLACED, Axis, Objective, Trial, TrialStatus

#: What was run to its end.
EVALUATED: Final = (TrialStatus.DONE, TrialStatus.NO_TRADES)


def _keep() -> None:
    """Release nothing: returns are in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepPart:
    """The trials of `strategy`, or of the whole portfolio for "", over the parameters `axes`.

    `eligible` has the numbers of trials that meet what the sweep requires; `pick` is that of the chosen one. `release`
    is called when returns of some trials were read, which may be on the disk. `around`: the neighbourhoods of those
    that have a place, where they are known.
    """

    axes: tuple[Axis, ...]
    trials: tuple[Trial, ...]
    eligible: Collection[int]
    pick: int | None
    strategy: str = ""
    release: Callable[[], None] = _keep
    around: Neighbourhoods | None = None

    @property
    def evaluated(self) -> int:
        """The number of trials that were evaluated."""
        return sum(trial.measured.status in EVALUATED for trial in self.trials)

    @property
    def placed(self) -> tuple[Trial, ...]:
        """The trials that have a place in the landscape: no relation forbids them."""
        return tuple(trial for trial in self.trials if trial.measured.status in PLACED)

    @property
    def done(self) -> tuple[Trial, ...]:
        """The trials that have returns."""
        return tuple(
            trial
            for trial in self.trials
            if trial.measured.status is TrialStatus.DONE and trial.measured.returns is not None
        )

    def neighbourhoods(self, objective: Objective, *, grid: bool) -> Neighbourhoods:
        """Return the neighbourhoods of the trials that have a place, in their order."""
        if self.around is not None:
            return self.around
        placed = self.placed
        scores = [_score(trial, objective) for trial in placed]
        return Neighbourhoods(landscape(self.axes, [trial.point for trial in placed], scores, grid=grid))


def statuses(trials: Iterable[Trial]) -> dict[str, int]:
    """Return how many trials have each status, those that none has included."""
    counted = Counter(trial.measured.status for trial in trials)
    return {status.value: counted[status] for status in TrialStatus}


class TrialReturns:
    """The returns of some trials as columns over the days of all; 0 on days that one lacks."""

    def __init__(self, trials: Sequence[Trial], release: Callable[[], None] = _keep) -> None:
        self._trials, self._release = trials, release
        days = {id(one): one for one in map(_days, trials)}
        self._same = len(days) == 1 or all(np.array_equal(one, days[next(iter(days))]) for one in days.values())
        self.days: Stamps = _union(list(days.values()), same=self._same)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of days, and of trials."""
        return len(self.days), len(self._trials)

    def some(self, start: int, stop: int) -> Floats:
        """Return the columns from `start` to before `stop`."""
        some = self._trials[start:stop]
        returns = np.zeros((len(some), len(self.days)))
        for row, trial in enumerate(some):
            places = slice(None) if self._same else np.searchsorted(self.days, _days(trial))
            returns[row, places] = trial.measured.returns
        self._release()
        return np.ascontiguousarray(returns.T)


def _union(days: Sequence[Stamps], *, same: bool) -> Stamps:
    if not days:
        return np.zeros(0, dtype=np.int64)
    return days[0] if same else np.unique(np.concatenate(days))


def _days(trial: Trial) -> Stamps:
    days = trial.measured.days
    if days is None:
        raise ValueError(f"trial {trial.number} has returns and no days")
    return days


def _score(trial: Trial, objective: Objective) -> float:
    measured = trial.measured
    figures = measured.metrics if measured.status is TrialStatus.DONE else {}
    return score(figures, objective.metric, maximize=objective.maximize)
