"""The five rows of HEART: a measure, its target, and a guardrail that must not suffer from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

from orchestrate.domain.gates import passes
from orchestrate.domain.plan import GateOperator
from orchestrate.usecases.heart.journal_reading import LoggedRun

_AGAIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is measured: runs and seconds of reports of the period, and how many stored runs are damaged, if any is."""

    runs: Sequence[LoggedRun]
    report_seconds: Sequence[float]
    damaged: int | None


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured and what it should be; a `figure` of None is not measured."""

    name: str
    unit: Literal["share", "count", "seconds"]
    figure: Callable[[Facts], float | None]
    operator: GateOperator = "=="
    target: float | None = None

    def document(self, facts: Facts) -> dict[str, object]:
        """Return the measure with its value, as JSON has it."""
        value = self.figure(facts)
        target = None if self.target is None else f"{self.operator} {self.target:g}"
        verdict = self._verdict(value)
        return {"measure": self.name, "unit": self.unit, "value": value, "target": target, "verdict": verdict}

    def _verdict(self, value: float | None) -> str:
        if value is None or self.target is None:
            return "not measured"
        return "pass" if passes(self.operator, value, self.target) else "fail"


def failed_share(facts: Facts) -> float | None:
    """Return the share of runs that failed or never ended."""
    return _share(facts.runs, lambda run: run.end in ("failed", ""))


def completed_share(facts: Facts) -> float | None:
    """Return the share of runs that completed."""
    return _share(facts.runs, lambda run: run.end == "completed")


def several_share(facts: Facts) -> float | None:
    """Return the share of runs with two strategies or more."""
    return _share(facts.runs, lambda run: run.several)


def users(facts: Facts) -> float | None:
    """Return how many people ran something."""
    return len(_by_user(facts.runs)) if facts.runs else None


def retention(facts: Facts) -> float | None:
    """Return the share of users with two runs at most seven days apart."""
    moments = _by_user(facts.runs)
    returned = [user for user, own in moments.items() if any(b - a <= _AGAIN for a, b in pairwise(sorted(own)))]
    return len(returned) / len(moments) if moments else None


def run_seconds(facts: Facts) -> float | None:
    """Return the 95th percentile of the time that runs took."""
    return p95(run.seconds for run in facts.runs if run.seconds is not None)


def report_seconds(facts: Facts) -> float | None:
    """Return the 95th percentile of the time that reports took."""
    return p95(facts.report_seconds)


def p95(values: Iterable[float]) -> float | None:
    """Return of n values in order the one at place n × 0.95, rounded down, as the users' own query does."""
    ordered = sorted(values)
    return ordered[max(int(len(ordered) * 0.95), 1) - 1] if ordered else None


def _share(runs: Sequence[LoggedRun], counts: Callable[[LoggedRun], bool]) -> float | None:
    return sum(map(counts, runs)) / len(runs) if runs else None


def _by_user(runs: Iterable[LoggedRun]) -> dict[str, list[datetime]]:
    moments: dict[str, list[datetime]] = {}
    for run in runs:
        moments.setdefault(run.user, []).append(run.began)
    return moments


def _not_measured(_facts: Facts) -> None:
    return None


#: Each row with its measure and its guardrail.
ROWS: Final[dict[str, tuple[Measure, Measure]]] = {
    "Happiness": (
        Measure("failed runs", "share", failed_share, "<", 0.01),
        Measure("no data corruption: damaged runs", "count", lambda facts: facts.damaged, "==", 0),
    ),
    "Engagement": (
        Measure("runs with several strategies", "share", several_share, ">=", 0.4),
        Measure("P95 run time", "seconds", run_seconds, "<", 300),
    ),
    "Adoption": (
        Measure("distinct users", "count", users, ">=", 5),
        Measure("complete documentation", "share", _not_measured),
    ),
    "Retention": (
        Measure("users who run again within 7 days", "share", retention, ">=", 0.6),
        Measure("support requests", "count", _not_measured),
    ),
    "Task success": (
        Measure("runs that completed", "share", completed_share, ">=", 0.95),
        Measure("P95 report time", "seconds", report_seconds, "<", 30),
    ),
}
