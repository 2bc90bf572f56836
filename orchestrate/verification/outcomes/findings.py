"""Findings that follow from what is stored: those of missing figures, and of what was closed or charged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import fsum
from typing import Any, Final

from orchestrate.verification.facts import Difference, Run
from orchestrate.verification.figures.periods import text_of
from orchestrate.verification.outcomes.trails import decided

_MISSING: Final = "no value for "
_SHORTS: Final = "its shorts cost "
_CALLS: Final = "margin calls closed "
_SETTLED: Final = "positions ended at its settlement on "
#: Where a finding stands, how it begins, how many it counts.
Due = tuple[str, str, int]


def check_findings(run: Run) -> Iterator[Difference]:
    """Yield findings that are missing, and those that nothing in the tables led to."""
    yield from _check_reasons(run)
    due = [*_of_shorts(run), *_of_margin(run), *_of_settlements(run)]
    stored = [one for one in run.figures["findings"] if one["message"].startswith((_SHORTS, _CALLS, _SETTLED))]
    for where, beginning, count in due:
        alike = [one for one in stored if (one["where"], one["count"]) == (where, count)]
        if not any(one["message"].startswith(beginning) for one in alike):
            yield Difference("findings", f"metrics.json: findings: {where}", None, f"{beginning} ({count})")
    if len(stored) > len(due):
        extra = [one["message"] for one in stored if one["where"] not in {where for where, _, _ in due}]
        yield Difference("findings", "metrics.json: findings", extra or len(stored), len(due))


# ---- figures that have no value


def _check_reasons(run: Run) -> Iterator[Difference]:
    """Yield figures that are null without a reason, and reasons for figures that are not null."""
    named = _named(run.figures["findings"])
    for where, section in _sections(run.figures):
        missing = {name for name, value in section["metrics"].items() if value is None}
        given = (named.get(where, set()) | named.get("", set())) & {*section["metrics"]}
        if missing != given:
            yield Difference("findings", f"metrics.json: {where}: no value for", sorted(given), sorted(missing))


def _sections(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what has metrics; a framework of one strategy repeats those of the strategy, and no reasons."""
    yield "portfolio", figures["portfolio"]
    for name, strategy in figures["strategies"].items():
        yield f"strategies.{name}", strategy
    for name, framework in figures["frameworks"].items():
        if sum(strategy["framework"] == name for strategy in figures["strategies"].values()) > 1:
            yield f"frameworks.{name}", framework


def _named(findings: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return the figures of which findings say that they have no value, by where; "" is everywhere."""
    named: dict[str, set[str]] = {}
    for finding in findings:
        if finding["message"].startswith(_MISSING):
            names, _, _ = finding["message"].removeprefix(_MISSING).partition(":")
            for where in finding["where"].split(", "):
                named.setdefault(where, set()).update(names.split(", "))
    return named


# ---- what was charged and closed


def _of_shorts(run: Run) -> Iterator[Due]:
    costs: dict[str, list[float]] = {}
    for row in run.rows("flows"):
        if row["kind"] == "borrow":
            costs.setdefault(row["strategy_id"], []).append(-row["amount"])
    for name, each in costs.items():
        yield f"strategies.{name}", f"{_SHORTS}{fsum(each):.2f}, ", len(each)


def _of_margin(run: Run) -> Iterator[Due]:
    calls: dict[str, list[int]] = {}
    for row in run.rows("decisions"):
        if (row["reason"], row["outcome"]) == ("margin_call", "approved"):
            calls.setdefault(row["strategy_id"], []).append(int(run.labels[run.step(row["t"])]))
    for name, each in calls.items():
        yield f"strategies.{name}", f"{_CALLS}{len(each)} of its positions, first at {text_of(each[0])}", len(each)


def _of_settlements(run: Run) -> Iterator[Due]:
    ended: dict[str, int] = {}
    for row in (one.row for one in decided(run)):
        if (row["reason"], row["outcome"]) == ("settlement", "approved"):
            ended[row["symbol"]] = ended.get(row["symbol"], 0) + 1
    for symbol, count in ended.items():
        yield f"instruments.{symbol}", _SETTLED, count
