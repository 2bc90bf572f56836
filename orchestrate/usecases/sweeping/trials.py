"""Every trial of a sweep, in the order of its numbers, done by an executor and written down as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from orchestrate.analytics.sweeps.landscape import WORST
from orchestrate.domain.errors import StoreError
from orchestrate.domain.sweeps import Measured, Point, SweepPlan, Trial, TrialStatus
from orchestrate.runs.sweeps.journal import TrialJournal, without_returns
from orchestrate.runs.sweeps.rows import Row
from orchestrate.sweep.executors.registry import executor
from orchestrate.sweep.points import Part, parts, relations_of, trials
from orchestrate.sweep.samplers.registry import SAMPLERS, Batches, Score
from orchestrate.sweep.selection import Choice, choose, scores_of
from orchestrate.sweep.space import Space, broken
from orchestrate.usecases.sweeping.plans import InfeasibleError, TrialIds, TrialPlans
from orchestrate.usecases.sweeping.workbench import Unusable, Workbench


@dataclass(frozen=True, slots=True)
class TrialWorker:
    """Makes the function that runs a point, in the process where it is called."""

    plans: TrialPlans
    workbench: Workbench | Unusable

    def __call__(self) -> Callable[[Point], Measured]:
        """Return a function that runs a point."""
        return self.run

    def run(self, point: Point) -> Measured:
        """Run a point."""
        return self.workbench.trial(self.plans.plan(point))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is: trials done and in all, the best score so far, trials a second, seconds left."""

    done: int
    total: int
    best: float | None = None
    rate: float | None = None
    left: float | None = None


@dataclass(frozen=True, slots=True)
class Competition:
    """The trials of a part, and what was chosen among them."""

    part: Part
    trials: tuple[Trial, ...]
    choice: Choice

    @property
    def picked(self) -> Point:
        """The best value of each parameter; nothing where none could be picked."""
        pick = next((trial for trial in self.trials if trial.number == self.choice.pick), None)
        return {} if pick is None else dict(pick.point)


class Trials:
    """The trials of a sweep. Those that the journal has already are not run again."""

    def __init__(self, plan: SweepPlan, worker: TrialWorker, ids: TrialIds, journal: TrialJournal) -> None:
        self.plan, self.worker, self._ids, self._journal = plan, worker, ids, journal
        self._sampler = SAMPLERS[plan.method]
        self._under_way: dict[int, tuple[str, Point]] = {}
        self._best = WORST
        self.parts = parts(plan)
        self._spans: list[range] = []
        self.total = sum(trials(plan.method, Space.of(plan, part.axes)) for part in self.parts) + (len(self.parts) > 1)

    def take(self, number: int, measured: Measured) -> None:
        """Write down the result of one of the tasks."""
        trial_id, point = self._under_way.pop(number)
        self._note(self._journal.add(number, trial_id, point, measured))

    @property
    def done(self) -> int:
        """How many trials are there."""
        return len(self._journal.rows)

    @property
    def finished(self) -> bool:
        """Whether every trial is there."""
        return len(self._journal.rows) >= self.total

    @property
    def why_none(self) -> str | None:
        """The reason why no trial was run; None where one was."""
        rows = list(self._journal.rows)
        return rows[0].reason if all(row.status is TrialStatus.INFEASIBLE for row in rows) else None

    def sets(self) -> list[Competition]:
        """Return the trials that compete with each other, and what was chosen among them."""
        return [self._competition(part, span) for part, span in zip(self.parts, self._spans, strict=True)]

    @property
    def together(self) -> Row | None:
        """The trial of what was picked for each strategy alone; None where all vary together."""
        return self._journal.rows.by_number.get(self.total - 1) if len(self.parts) > 1 else None

    def _competition(self, part: Part, span: range) -> Competition:
        journal = self._journal
        trials = tuple(journal.trial(journal.rows.by_number[number], part.strategy) for number in span)
        return Competition(part, trials, choose(self.plan, part.axes, trials))

    def tasks(self) -> Iterator[tuple[int, Point] | None]:
        """Yield the trials to run; None where what follows depends on the results of all before."""
        first, self._spans = 0, []
        for part in self.parts:
            last = yield from self._of_part(part, first)
            self._spans.append(range(first, last))
            first = last
        if len(self.parts) > 1:
            yield None
            yield from self._together(first)

    def _of_part(self, part: Part, first: int) -> Generator[tuple[int, Point] | None, None, int]:
        """Yield the trials of a part, whose first one has the number `first`; return the number after its last."""
        batches = self._sampler.batches(Space.of(self.plan, part.axes), first)
        where, number = relations_of(self.plan, part), first
        batch: Sequence[Point] | None = next(batches, None)
        while batch is not None:
            for offset, point in enumerate(batch):
                reason = broken(where, point)
                yield from self._task(number + offset, point, reason)
            scores: list[Score] = []
            if self._sampler.learns:
                yield None
                scores = [self._scores(number + offset, part) for offset in range(len(batch))]
            number += len(batch)
            batch = _next(batches, scores)
        return number

    def _task(self, number: int, point: Point, reason: str = "") -> Iterator[tuple[int, Point]]:
        """Yield a trial to run, unless it is known or can't be."""
        known = self._journal.rows.by_number.get(number)
        if known is not None:
            if known.point != point:
                raise StoreError(f"trial {number} of the unfinished sweep is another one: it can't be resumed")
            self._note(known)
            return
        trial_id = ""
        if not reason:
            try:
                trial_id = self._ids.of(self.worker.plans.plan(point))
            except InfeasibleError as error:
                reason = str(error)
        if reason:
            self._journal.add(number, trial_id, point, Measured(TrialStatus.INFEASIBLE, reason))
            return
        self._under_way[number] = trial_id, point
        yield number, point

    def _together(self, number: int) -> Iterator[tuple[int, Point]]:
        """Yield the trial of what was picked for each strategy alone."""
        point: dict[str, object] = {}
        for one in self.sets():
            point.update(one.picked)
        yield from self._task(number, point)

    def _scores(self, number: int, part: Part) -> Score:
        scores = scores_of(self.plan, without_returns(self._journal.rows.by_number[number], part.strategy))
        return None if WORST in scores else scores

    def _note(self, row: Row) -> None:
        """Remember the best score so far, for the eye alone."""
        part = next((part for part in self.parts if {axis.name for axis in part.axes} == {*row.point}), self.parts[0])
        score = scores_of(self.plan, without_returns(row, part.strategy))[0]
        self._best = max(self._best, score)

    @property
    def best(self) -> float | None:
        """The best score so far."""
        objective = self.plan.objectives[0]
        return None if self._best == WORST else self._best if objective.maximize else -self._best


@dataclass(frozen=True, slots=True)
class Workers:
    """Makes the function that runs a point with one of several workers, named by its place."""

    workers: tuple[TrialWorker, ...]

    def __call__(self) -> Callable[[tuple[int, Point]], Measured]:
        """Return a function that runs a point."""
        return self.run

    def run(self, task: tuple[int, Point]) -> Measured:
        """Run a point."""
        place, point = task
        return self.workers[place].run(point)


def run_all(every: Sequence[Trials], stop: Callable[[], bool], progress: Callable[[Progress], None]) -> None:
    """Run what is missing of all trials, on the same processes, until all is done or `stop` says so.

    The best score that `progress` shows is that of the first ones.
    """
    plan = every[0].plan
    known, total, began = sum(one.done for one in every), sum(one.total for one in every), time.monotonic()
    results = executor(plan.executor)(
        _tasks(every),
        Workers(tuple(one.worker for one in every)),
        plan.workers,
        lost=_lost,
        address=plan.address,
        stop=stop,
    )
    for number, measured in results:
        every[number % len(every)].take(number // len(every), measured)
        done, seconds = sum(one.done for one in every), time.monotonic() - began
        rate = (done - known) / seconds if seconds > 0 else None
        progress(Progress(done, total, every[0].best, rate, (total - done) / rate if rate else None))


def _tasks(every: Sequence[Trials]) -> Iterator[tuple[int, tuple[int, Point]] | None]:
    """Yield the tasks of all trials, numbered across them."""
    for place, one in enumerate(every):
        for task in one.tasks():
            yield None if task is None else (task[0] * len(every) + place, (place, task[1]))


def _next(batches: Batches, scores: Sequence[Score]) -> Sequence[Point] | None:
    try:
        return batches.send(scores)
    except StopIteration:
        return None


def _lost(reason: str) -> Measured:
    return Measured(TrialStatus.FAILED, reason)
