"""A walk-forward: each window's parameters are chosen on its training and run on its test, all on one account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrate.analytics.metrics import figures
from orchestrate.config.document.layers import with_value
from orchestrate.config.document.nodes import node_of
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.sweeps import SweepPlan
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.windows import WindowRow
from orchestrate.sweep.walk_forward import Window, windows
from orchestrate.usecases.sweeping.plans import TrialIds, TrialPlans
from orchestrate.usecases.sweeping.trials import Trials, TrialWorker
from orchestrate.usecases.sweeping.walk_forward.carried import carried
from orchestrate.usecases.sweeping.walk_forward.flattened import flattened
from orchestrate.usecases.sweeping.walk_forward.ground import WHERE, Ground, Training
from orchestrate.usecases.sweeping.walk_forward.spans import Ends, ends_of
from orchestrate.usecases.sweeping.workbench import Unusable, Workbench

Metrics = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All windows, the metrics of the account that went through their tests, and what is to be known about them."""

    windows: tuple[WindowRow, ...]
    metrics: Metrics
    findings: tuple[Finding, ...]


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
        workbench = self._workbench_of(plans.base)
        folder = self._folder / f"window-{number:04}"
        folder.mkdir(exist_ok=True)
        journal = open_journals.enter_context(TrialJournal(folder))
        ids = TrialIds(workbench.data_hash, self._versions)
        trials = Trials(self._plan, TrialWorker(plans, workbench), ids, journal)
        unusable = workbench.reason if isinstance(workbench, Unusable) else ""
        return Training(window, train, ends_of(self._plans.base, self._market, window.test), trials, unusable)

    def _workbench_of(self, base: RunPlan) -> Workbench | Unusable:
        """Return what the trials of a training are run on, whose data may lack all bars of a symbol."""
        try:
            return Workbench(base, cache=self._cache)
        except DataError as error:
            return Unusable(str(error).partition("\n")[0])

    def tested(self, trainings: Sequence[Training]) -> WalkForward:
        """Run what each training picks on its test."""
        assert self._plan.walk_forward is not None
        ground = Ground(self._plans.base, self._market, self._workbench, self._cache)
        tests = carried if self._plan.walk_forward.positions == "carry" else flattened
        tested = tests(ground, trainings)
        metrics, _ = figures(tested.account, "")
        return WalkForward(tested.rows, metrics, (*tested.findings, *self._short(trainings[-1].window)))

    def _plans_of(self, train: Ends) -> TrialPlans:
        """Return the plans of trials on a training: the file with its start and its end."""
        tree = self._plans.tree
        for key, text in (("start", train.start), ("end", train.end)):
            tree = with_value(tree, (key,), node_of(text, tree.place), tree.place)
        return TrialPlans(tree, replace(self._plans.base, start=train.start, end=train.end), self._plan.axes)

    def _short(self, last: Window) -> list[Finding]:
        assert self._plan.walk_forward is not None
        if not last.is_short:
            return []
        message = f"the last test has {len(last.test)} bars, less than {self._plan.walk_forward.test}: data end"
        return [Finding("info", WHERE, message)]
