"""A walk-forward: each window's parameters are chosen on its training and run on its test, all on one account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.analytics.metrics import figures
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.stitching import since, stitched
from orchestrate.analytics.tracks.track import RoundTrips, Track
from orchestrate.config.document.layers import with_value
from orchestrate.config.document.nodes import node_of
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.results import Finding
from orchestrate.domain.sweeps import SweepPlan
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.windows import WindowRow
from orchestrate.sweep.walk_forward import Window, windows
from orchestrate.usecases.sweeping.plans import TrialIds, TrialPlans
from orchestrate.usecases.sweeping.trials import Trials, TrialWorker
from orchestrate.usecases.sweeping.walk_forward.spans import Ends, ends_of, require_walkable, test_plan
from orchestrate.usecases.sweeping.workbench import Workbench

_WHERE: Final = "sweep.walk_forward"
Metrics = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All windows, the metrics of the account that went through their tests, and what is to be known about them."""

    windows: tuple[WindowRow, ...]
    metrics: Metrics
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Training:
    """A window, where its parts begin and end, and the trials on its training."""

    window: Window
    train: Ends
    test: Ends
    trials: Trials


class Walk:
    """A walk-forward under way: first the trials of every training, then one test after the other.

    What its trainings have done is in folders of `folder`, and is not done again.
    """

    def __init__(
        self,
        plan: SweepPlan,
        plans: TrialPlans,
        workbench: Workbench,
        versions: Mapping[str, str],
        folder: Path,
        cache: ColumnCache | None = None,
    ) -> None:
        self._plan, self._plans, self._workbench = plan, plans, workbench
        self._versions, self._folder, self._cache = versions, folder, cache
        self._market = workbench.market  # that of all data: the workbench goes on to parts of it
        self._findings: list[Finding] = []
        require_walkable(plan, plans.base)

    @contextmanager
    def trainings(self) -> Iterator[list[Training]]:
        """Yield the trainings of all windows, with their trials so far."""
        base, market = self._plans.base, self._market
        assert self._plan.walk_forward is not None
        with ExitStack() as open_journals:
            yield [
                self._training(number, window, ends_of(base, market, window.train), open_journals)
                for number, window in enumerate(windows(self._plan.walk_forward, market.timeline.stamps))
            ]

    def _training(self, number: int, window: Window, train: Ends, open_journals: ExitStack) -> Training:
        plans = self._plans_of(train)
        workbench = Workbench(plans.base, cache=self._cache)
        folder = self._folder / f"window-{number:04}"
        folder.mkdir(exist_ok=True)
        journal = open_journals.enter_context(TrialJournal(folder))
        ids = TrialIds(workbench.market.data_hash, self._versions)
        trials = Trials(self._plan, TrialWorker(plans, workbench), ids, journal)
        return Training(window, train, ends_of(self._plans.base, self._market, window.test), trials)

    def tested(self, trainings: Sequence[Training]) -> WalkForward:
        """Run what each training picks on its test; each begins with what the account has by then."""
        capital = self._plans.base.capital.total
        rows: list[WindowRow] = []
        tracks: list[Track] = []
        for training in trainings:
            row, track = self._tested(training, capital)
            rows.append(row)
            tracks.append(track)
            capital = Decimal(repr(float(track.equity[-1])))
        self._note_short(trainings[-1].window)
        metrics, _ = figures(stitched(tracks), "")
        return WalkForward(tuple(rows), metrics, tuple(self._findings))

    def _plans_of(self, train: Ends) -> TrialPlans:
        """Return the plans of trials on a training: the file with its start and its end."""
        tree = self._plans.tree
        for key, text in (("start", train.start), ("end", train.end)):
            tree = with_value(tree, (key,), node_of(text, tree.place), tree.place)
        return TrialPlans(tree, replace(self._plans.base, start=train.start, end=train.end), self._plan.axes)

    def _tested(self, training: Training, capital: Decimal) -> tuple[WindowRow, Track]:
        """Run what a training picks on its test, with this capital."""
        train, test = training.train, training.test
        sets = training.trials.sets()
        point = {name: value for one in sets for name, value in one.picked.items()}
        why = "" if point else "no trial of its training can be chosen"
        if capital <= 0:
            point, why = {}, "the account has nothing left"
        status, track = "no_trades", self._idle(training.window, capital)
        if why:
            self._findings.append(Finding("warning", _WHERE, f"{why}: the test from {test.start} trades nothing"))
        else:
            result = self._workbench.run(test_plan(training.trials.worker.plans.plan(point), test, capital))
            status, track = str(result.status), since(Tracks(result).portfolio(), int(track.stamps[0]))
            if status != "completed":
                self._findings.append(Finding("warning", _WHERE, f"the test from {test.start} is {status}"))
        picked = sets[0].choice.pick if len(sets) == 1 and point else None
        metrics, _ = figures(track, "")
        places = (train.first, train.last), (test.first, test.last)
        return WindowRow(*places, picked, point, status, metrics, self._labels(track), track.equity), track

    def _labels(self, track: Track) -> Stamps:
        timeline = self._market.timeline
        labels: Stamps = timeline.labels[np.searchsorted(timeline.stamps, track.stamps)]
        return labels

    def _idle(self, window: Window, capital: Decimal) -> Track:
        """Return the track of a test in which nothing is traded."""
        timeline = self._market.timeline
        symbols = {symbol for strategy in self._plans.base.strategies for symbol in strategy.symbols}
        there = np.logical_or.reduce([timeline.rows[symbol] >= 0 for symbol in sorted(symbols)])
        steps = slice(window.test.start, window.test.stop)
        stamps = timeline.stamps[steps][there[steps]]
        equity = np.full(len(stamps), float(capital))
        exposed = np.zeros(len(stamps), dtype=np.bool_)
        periods = self._market.periods_per_year.get("")
        return Track(float(capital), equity, stamps, exposed, RoundTrips.of(()), 0.0, periods)

    def _note_short(self, last: Window) -> None:
        assert self._plan.walk_forward is not None
        if last.is_short:
            message = f"the last test has {len(last.test)} bars, less than {self._plan.walk_forward.test}: data end"
            self._findings.append(Finding("info", _WHERE, message))
