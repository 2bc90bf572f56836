"""What the tests of a walk-forward are run on, and what comes of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.analytics.metrics import figures
from orchestrate.analytics.tracks.track import CapitalUse, RoundTrips, Track
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.sweeps import Point
from orchestrate.runs.sweeps.windows import WindowRow
from orchestrate.sweep.walk_forward import Window
from orchestrate.usecases.sweeping.trials import Trials
from orchestrate.usecases.sweeping.walk_forward.spans import Ends
from orchestrate.usecases.sweeping.workbench import Workbench

WHERE: Final = "sweep.walk_forward"


@dataclass(frozen=True)
class Training:
    """A window, where its parts begin and end, and the trials on its training, which are done.

    `unusable`: why the data of its training can't be run.
    """

    window: Window
    train: Ends
    test: Ends
    trials: Trials
    unusable: str = ""

    @property
    def why_none(self) -> str:
        """The reason why there is no pick."""
        return f"no trial of its training can be chosen{self.unusable and f' ({self.unusable})'}"

    @cached_property
    def point(self) -> Point:
        """The best value of each parameter; nothing where none could be picked."""
        return {name: value for one in self.trials.sets() for name, value in one.picked.items()}

    @property
    def picked(self) -> int | None:
        """The number of the trial that was picked; None where there is none, or one for each strategy."""
        sets = self.trials.sets()
        return sets[0].choice.pick if len(sets) == 1 else None

    @property
    def plan(self) -> RunPlan:
        """The plan of the pick on the training."""
        return self.trials.worker.plans.plan(self.point)


@dataclass(frozen=True, slots=True)
class Tested:
    """The windows with their tests, and the account that went through them."""

    rows: tuple[WindowRow, ...]
    account: Track
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Ground:
    """The plan that is varied, and the market of all data."""

    base: RunPlan
    market: Market
    workbench: Workbench
    cache: ColumnCache | None

    def row(self, training: Training, point: Point, status: str, track: Track) -> WindowRow:
        """Return a window whose test gave this track; `point` is nothing where it did not trade."""
        timeline = self.market.timeline
        return WindowRow(
            train=(training.train.first, training.train.last),
            test=(training.test.first, training.test.last),
            trial=training.picked if point else None,
            point=point,
            status=status,
            metrics=figures(track, "")[0],
            labels=timeline.labels[np.searchsorted(timeline.stamps, track.stamps)],
            equity=track.equity,
        )

    def idle(self, window: Window, capital: Decimal) -> Track:
        """Return the track of a test in which nothing is traded."""
        timeline = self.market.timeline
        symbols = {symbol for strategy in self.base.strategies for symbol in strategy.symbols}
        there = np.logical_or.reduce([timeline.rows[symbol] >= 0 for symbol in sorted(symbols)])
        steps = slice(window.test.start, window.test.stop)
        stamps = timeline.stamps[steps][there[steps]]
        equity = np.full(len(stamps), float(capital))
        exposed = np.zeros(len(stamps), dtype=np.bool_)
        periods = self.market.periods_per_year.get("")
        use = CapitalUse(equity=float(capital), idle=1.0 if capital > 0 else None)
        return Track(float(capital), equity, stamps, exposed, RoundTrips.of(()), 0.0, periods, use)
