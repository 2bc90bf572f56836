"""What the page of a sweep is about: a stored sweep, with its trials as a landscape and their returns as an array."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.cross_validation import CrossValidation, cross_validate
from orchestrate.analytics.sweeps.landscape import Landscape, landscape
from orchestrate.analytics.sweeps.neighbours import Neighbourhoods
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.sweeps import PLACED, Axis, Objective, TrialStatus
from orchestrate.reporting.page.subject import CONFIG
from orchestrate.reporting.sweeps.figures import compared_metrics, parts_of, value_text
from orchestrate.runs.arrays import arrays
from orchestrate.runs.reading import Document
from orchestrate.runs.sweeps.reading import BEST, FIRST, OUT_OF_SAMPLE, RETURNS, TRIALS, StoredSweep

#: What `read_sweep` has to bring with it.
FILES: Final = (TRIALS, RETURNS, OUT_OF_SAMPLE, BEST, CONFIG)


@dataclass(frozen=True, slots=True)
class Row:
    """A trial as it is stored: what became of it, its parameters, and the figures by which trials are compared."""

    number: int
    status: str
    eligible: bool
    reason: str
    point: dict[str, object]
    metrics: dict[str, float | None]

    def of(self, strategy: str) -> Row:
        """Return the same trial with the figures of one strategy under their bare names; for "" as it is."""
        start = f"{strategy}."
        own = {name.removeprefix(start): value for name, value in self.metrics.items() if name.startswith(start)}
        return replace(self, metrics=self.metrics | own) if strategy else self


@dataclass(frozen=True, eq=False)
class Competition:
    """The trials that compete with each other; `facts` is what the document says about them.

    `rows` have a place in `landscape`, in the same order.
    """

    strategy: str
    facts: Document
    axes: tuple[Axis, ...]
    rows: tuple[Row, ...]
    objective: Objective
    grid: bool

    @property
    def prefix(self) -> str:
        """What stands before a title: the strategy, where there are several."""
        return f"{self.strategy}: " if self.strategy else ""

    @cached_property
    def landscape(self) -> Landscape:
        """The trials as points with scores; more is better."""
        values = self.values if self.objective.maximize else -self.values
        return landscape(self.axes, [row.point for row in self.rows], values, grid=self.grid)

    @cached_property
    def values(self) -> Floats:
        """The objective of each row; NaN where it has none."""
        known = (
            row.metrics.get(self.objective.metric) if row.status == TrialStatus.DONE else None for row in self.rows
        )
        return np.array([np.nan if value is None else value for value in known], dtype=np.float64)

    @cached_property
    def around(self) -> Neighbourhoods:
        """The neighbours of each row."""
        return Neighbourhoods(self.landscape)

    @cached_property
    def medians(self) -> Floats:
        """The median objective of each row and its neighbours; NaN where that is no figure."""
        medians = self.around.medians if self.objective.maximize else -self.around.medians
        return np.where(np.isfinite(medians), medians, np.nan)

    def place(self, trial: int | None) -> int | None:
        """Return the place of a trial among the rows."""
        return next((at for at, row in enumerate(self.rows) if row.number == trial), None)

    @property
    def pick(self) -> int | None:
        """The place of the trial that was picked."""
        return self.place(self.facts["best"]["trial"]) if self.facts["best"] else None


@dataclass(frozen=True, eq=False)
class SweepSubject:
    """A stored sweep that was read with `FILES`; `detail` says which part of the usual points and rows is shown."""

    run: StoredSweep
    detail: float = 1.0

    def few(self, usual: int) -> int:
        """Return how many are shown, where `usual` ones are."""
        return max(int(usual * self.detail), 10)

    @cached_property
    def document(self) -> Document:
        """The document, from which all figures come."""
        return self.run.document()

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The parameters that were varied."""
        return tuple(_axis(one) for one in self.document["parameters"])

    @cached_property
    def objective(self) -> Objective:
        """What was sought first."""
        first = self.document["objectives"][0]
        return Objective(first["metric"], maximize=first["maximize"])

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All trials."""
        stored = self.run.names(TRIALS)
        metrics = dict.fromkeys([self.objective.metric, *compared_metrics(self.document)])
        owners = [f"{part}." for part, _ in parts_of(self.document) if part]
        known = [name for owner in ("", *owners) for one in metrics if (name := f"{owner}{one}") in stored]
        names = [*FIRST, *(axis.name for axis in self.axes), *known]
        columns = self.run.columns(TRIALS, names)
        facts, points, figures = columns[:5], columns[5 : 5 + len(self.axes)], columns[5 + len(self.axes) :]
        values = [_as_listed(axis, column) for axis, column in zip(self.axes, points, strict=True)]
        return tuple(
            Row(
                *(int(number), str(status), bool(eligible), str(reason or "")),
                {axis.name: value for axis, value in zip(self.axes, point, strict=True) if value is not None},
                dict(zip(known, own, strict=True)),
            )
            for (number, _, status, eligible, reason), point, own in zip(
                zip(*facts, strict=True), zip(*values, strict=True), _rows(figures, len(facts[0])), strict=True
            )
        )

    @cached_property
    def parts(self) -> tuple[Competition, ...]:
        """The trials of each strategy, or of all together."""
        return tuple(self._part(name, facts) for name, facts in parts_of(self.document))

    def _part(self, strategy: str, facts: Document) -> Competition:
        axes = tuple(axis for axis in self.axes if not strategy or axis.path[:2] == ("strategies", strategy))
        names = {axis.name for axis in axes}
        rows = tuple(row.of(strategy) for row in self.rows if row.status in PLACED and set(row.point) == names)
        grid = self.document["method"] == "grid"
        return Competition(strategy, facts, axes, rows, self.objective, grid)

    @cached_property
    def numbers(self) -> list[int]:
        """The trials that have returns."""
        if RETURNS not in self.run.files:
            return []
        return [int(name) for name in self.run.names(RETURNS) if name.isdigit()]

    def validation(self, part: Competition) -> CrossValidation | str:
        """Return the splits of the days of a part's trials, or why there are none."""
        own = {row.number for row in part.rows}
        columns = [str(number) for number in self.numbers if number in own]
        if not columns:
            return "no trial has returns"
        try:
            return cross_validate(StoredReturns(self.run, columns))
        except NoFigureError as reason:
            return str(reason)


@dataclass(frozen=True, slots=True)
class StoredReturns:
    """The stored returns of some trials, read when they are needed; 0 on days that one lacks."""

    run: StoredSweep
    names: Sequence[str]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of days, and of trials."""
        return len(arrays(self.run, RETURNS, ["label"])["label"]), len(self.names)

    def some(self, start: int, stop: int) -> Floats:
        """Return the columns from `start` to before `stop`."""
        read = arrays(self.run, RETURNS, self.names[start:stop])
        return np.column_stack([np.nan_to_num(read[name]) for name in self.names[start:stop]])


def _axis(facts: Document) -> Axis:
    bounds = (float(facts["low"]), float(facts["high"])) if "low" in facts else None
    return Axis(facts["name"], tuple(facts["path"]), tuple(facts.get("values", ())), bounds)


def _as_listed(axis: Axis, column: Sequence[Any]) -> list[object]:
    """Return the values of a column as the axis lists them; a list of several types is stored as text."""
    if axis.bounds is not None:
        return list(column)
    texts = {text: value for value in axis.values for text in (str(value), value_text(value), json.dumps(value))}
    listed = {_form(value): value for value in axis.values}
    return [None if value is None else listed.get(_form(value), texts.get(str(value), value)) for value in column]


def _form(value: object) -> tuple[bool, object]:
    return isinstance(value, bool), value if isinstance(value, int | float | str) else str(value)


def _rows(columns: Sequence[Sequence[Any]], size: int) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * size


def few_places(values: npt.NDArray[Any], most: int, kept: Sequence[int | None]) -> npt.NDArray[np.int64]:
    """Return the places that a chart shows: the best tenth, evenly spread ones of the others, and those to be kept."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= most:
        return known.astype(np.int64)
    ranked = known[np.argsort(-values[known], kind="stable")]
    top = ranked[: most // 10]
    rest = ranked[most // 10 :]
    spread = rest[np.linspace(0, len(rest) - 1, most - len(top)).astype(np.int64)]
    also = [place for place in kept if place is not None and np.isfinite(values[place])]
    return np.unique(np.concatenate([top, spread, np.array(also, dtype=np.int64)])).astype(np.int64)
