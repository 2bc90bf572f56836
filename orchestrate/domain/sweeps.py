"""The nouns of a sweep: its plan, its points, its trials. Frozen; two equal plans are one sweep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from orchestrate.domain.plan import Gate
from orchestrate.domain.strategies.relations import Relation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A sweep has no more points than that.
MAX_POINTS: Final = 10_000_000
#: The figures of a whole sweep that gates may name, `sweep.pbo`, and what precedes those of the out-of-sample account.
FIGURES: Final = ("deflated_sharpe", "probabilistic_sharpe", "pbo")
OUT_OF_SAMPLE: Final = "out_of_sample."
#: The columns of a table of trials that are neither parameters nor metrics.
COLUMNS: Final = ("trial", "id", "status", "eligible", "reason", "final_equity")
#: One value of each parameter, by the parameter as written.
Point: TypeAlias = Mapping[str, object]


class TrialStatus(StrEnum):
    """What became of a trial; each equals its text."""

    DONE = "done"
    NO_TRADES = "no_trades"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


#: Of trials that were run, which have a place among the others; one that failed or did not trade has the last.
PLACED: Final = (TrialStatus.DONE, TrialStatus.NO_TRADES, TrialStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter that varies: `name` as written, `path` in the configuration, and its values, or its range.

    Exactly one of `values` and `bounds` is set.
    """

    name: str
    path: tuple[str, ...]
    values: tuple[object, ...] = ()
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric, named as gates name it, and whether more of it is better."""

    metric: str
    maximize: bool = True


_SPAN: Final = re.compile(r"(\d+) ?(y|m|w|d|bar)s?")
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: months, then days, then bars."""

    months: int = 0
    days: int = 0
    bars: int = 0

    @classmethod
    def of(cls, text: str) -> Span:
        """Return the span that a configuration writes as `3y`, `6m`, `2w`, `90d` or `250 bars`; "" is none."""
        match = _SPAN.fullmatch(text)
        return _UNITS[match[2]].times(int(match[1])) if match else cls()

    def __add__(self, other: Span) -> Span:
        return Span(self.months + other.months, self.days + other.days, self.bars + other.bars)

    def times(self, number: int) -> Span:
        """Return so many of these spans; fewer than none goes backwards."""
        return Span(self.months * number, self.days * number, self.bars * number)

    def is_shorter(self, other: Span) -> bool:
        """Return whether this is the shorter one whatever the data are; of bars and dates, neither is."""
        if self.bars or other.bars:
            return 0 < self.bars < other.bars
        if self.months and other.months:
            return self.months < other.months
        return self.months * _LONGEST_MONTH + self.days < other.months * _SHORTEST_MONTH + other.days


_UNITS: Final = {"y": Span(12), "m": Span(1), "w": Span(days=7), "d": Span(days=1), "bar": Span(bars=1)}


@dataclass(frozen=True, slots=True)
class WalkForwardPlan:
    """The windows of a walk-forward: spans such as `3y` or `250 bars`; `positions` at a test's end."""

    train: str
    test: str
    step: str
    anchored: bool = False
    embargo: str = ""
    positions: Literal["flatten", "carry"] = "flatten"


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The plan of a sweep, beside the plan of the run that it varies.

    `require` is what a trial must meet, `gates` what the sweep must, such as `sweep.pbo <= 0.2`. `batch`: how many
    points a sampler that learns proposes at once. `workers` is a number of processes, 0 for as many
    as there are cores; `address` of a Ray cluster. Neither says anything about the result.
    """

    axes: tuple[Axis, ...]
    where: tuple[Relation, ...] = ()
    method: str = "grid"
    trials: int = 100
    seed: int = 0
    objectives: tuple[Objective, ...] = (Objective("sharpe"),)
    require: tuple[Gate, ...] = ()
    gates: tuple[Gate, ...] = ()
    each: Literal["portfolio", "strategy"] = "portfolio"
    select: Literal["plateau", "best"] = "plateau"
    walk_forward: WalkForwardPlan | None = None
    batch: int = 16
    executor: str = "local"
    workers: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of the run of one plan.

    `metrics` by the names of gates: of the portfolio bare, of a strategy `ID.metric`; `returns` of the portfolio, one
    for each day of `days` (nanoseconds since 1970); `reasons` counts refused and cut orders by reason.
    """

    status: TrialStatus
    reason: str = ""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    final_equity: float | None = None
    days: NDArray[np.int64] | None = None
    returns: NDArray[np.float64] | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a sweep, numbered from 0, and what was measured; `id` is the hash of plan, data and versions."""

    number: int
    point: Point
    measured: Measured
    id: str = ""
