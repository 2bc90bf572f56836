"""A changed figure of `metrics.json` is named, wherever it stands."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrate.verification.curves import Curve
from orchestrate.verification.facts import Run
from orchestrate.verification.figures.lines import Lines
from orchestrate.verification.ledger import ledgers_of
from orchestrate.verification.verify import FIGURES

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

SECTIONS = (
    *("portfolio", "strategies", "frameworks", "benchmark", "correlation", "correlated", "attribution", "peaks"),
    *("open_positions", "equity_sketch"),
)
#: Bars that are named.
LABELS = ("label", "peak", "trough", "recovery", "opened")
#: Counts of what was decided; what is taken as given, and makes equity differ where it is wrong.
FREE = ("blocked", "resized", "transferred", "allocated_capital")
#: A seed with transfers, one with a handover, one with a common account.
SEEDS = (0, 2, 17)
Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The places of all figures and of the bars that are named."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from places(one, (*path, name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, one in enumerate(value):
            yield from places(one, (*path, place))
    elif path[-1] in LABELS or (isinstance(value, (int, float)) and path[-1] not in FREE):
        yield path


def with_others(figures: Mapping[str, Any], paths: Sequence[Path]) -> Mapping[str, Any]:
    """The document with another figure, or another bar, at each place."""
    document = copy.deepcopy(dict(figures))
    for path in paths:
        section: Any = document
        for part in path[:-1]:
            section = section[part]
        stored = section[path[-1]]
        section[path[-1]] = "2001-02-03" if path[-1] in LABELS else stored + max(0.02, abs(stored) * 0.01)
    return document


def differences(run: Run, curves: Mapping[str, Curve]) -> list[str]:
    return [one.where.removeprefix("metrics.json: ") for check in FIGURES.values() for one in check(Lines(run, curves))]


def name(path: Path) -> str:
    """What a difference calls a place; a list of pairs is one."""
    parts = [str(part) for part in path if part != "metrics"]
    return ".".join(parts[:2] if path[0] == "correlated" else parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_changed_figure_is_named(facts_of_portfolio: Callable[[int], Run], seed: int) -> None:
    run = facts_of_portfolio(seed)
    curves = {name: Curve(run, ledger) for name, ledger in ledgers_of(run).items()}
    assert differences(run, curves) == []
    every = list(places({section: run.figures[section] for section in SECTIONS}))
    numbers, labels = ([path for path in every if (path[-1] in LABELS) is named] for named in (False, True))
    assert len(numbers) > 400
    assert len(labels) > 50
    for paths in (numbers, labels):
        found = differences(replace(run, figures=with_others(run.figures, paths)), curves)
        missed = [path for path in paths if name(path) not in found]
        assert not missed, [name(path) for path in missed]


def test_a_figure_that_has_a_value_is_not_missing(facts_of_portfolio: Callable[[int], Run]) -> None:
    run = facts_of_portfolio(SEEDS[0])
    curves = {name: Curve(run, ledger) for name, ledger in ledgers_of(run).items()}
    metrics = run.figures["portfolio"]["metrics"]
    portfolio = {**run.figures["portfolio"], "metrics": {name: None if one else one for name, one in metrics.items()}}
    found = differences(replace(run, figures={**run.figures, "portfolio": portfolio}), curves)
    assert {f"portfolio.{name}" for name, one in metrics.items() if one} - {*found} == set()
