"""List stored runs: select, sort, and show the figures of each in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import ConfigurationError, Problem, StoreError
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import RUN, Undecoded, kind_of, latest_first, read_summary

if TYPE_CHECKING:  # a list without conditions needs no gates
    from orchestrate.domain.plan import Gate

Document = dict[str, Any]
#: What a row takes from run.json, and what stands beside the metrics of the portfolio.
_OF_THE_RUN: Final = ("run_id", "status", "exit_code", "mode", "started", "duration_seconds")
_OF_THE_PERIOD: Final = ("bars", "start", "end")
_BESIDE: Final = ("initial_capital", "final_equity", "reserve")


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs are requested: all that have what is given, in the order of `sort`, at most `limit` of them.

    `where` are conditions as gates have them; `strategy` is an id or a name, `since` a date or a moment in UTC.
    """

    status: str = ""
    mode: str = ""
    strategy: str = ""
    since: str = ""
    where: Sequence[str] = ()
    sort: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A stored run as far as a list needs it: its run.json and its metrics.json, which may be undecoded."""

    manifest: Document
    figures: Mapping[str, Any]

    def row(self) -> Document:
        """Return what a list shows of the run."""
        portfolio = self.figures["portfolio"]
        facts: Document = {name: self.manifest.get(name) for name in _OF_THE_RUN}
        facts["strategies"] = list(iter(self.figures["strategies"]))  # a list asks for the length, too
        kind = kind_of(self.manifest)
        facts |= {"kind": kind, "parameters": [] if kind == RUN else self.figures.get("parameters", [])}
        facts |= {name: self.figures[name] for name in _OF_THE_PERIOD}
        facts |= {name: portfolio[name] for name in _BESIDE}
        return facts | _plain(portfolio["metrics"])


def _plain(figures: Mapping[str, Any]) -> Document:
    return figures.decoded() if isinstance(figures, Undecoded) else dict(figures)


def runs(reports: Path, query: Query) -> Document:
    """Return the stored runs that the query asks for, the latest first unless it sorts them; `damaged` ones apart.

    ConfigurationError names each part of the query that can't be understood.
    """
    damaged: list[Document] = []
    stored: Iterable[Summary] = _stored(reports, damaged)
    conditions, problems = _conditions(query)
    if conditions or query.sort:
        stored = list(stored)
        problems += _unknown_figures(query, conditions, stored)
    if problems:
        raise ConfigurationError(problems)
    chosen = (one for one in stored if _matches(one, query, conditions))
    ordered = sorted(chosen, key=_order(query.sort)) if query.sort else chosen
    rows = [one.row() for place, one in enumerate(ordered) if query.limit is None or place < query.limit]
    return {"schema_version": SCHEMA_VERSION, "runs": rows, "damaged": damaged}


def _stored(reports: Path, damaged: list[Document]) -> Iterator[Summary]:
    """Yield the runs one by one, so that the memory of one serves the next; add those that are `damaged`."""
    for folder in latest_first(reports):
        try:
            summary = Summary(*read_summary(folder))
        except StoreError as error:
            damaged.append({"run_id": folder.name, "message": str(error)})
        else:
            yield summary


def _conditions(query: Query) -> tuple[list[Gate], list[Problem]]:
    """Return the conditions of a query, and what is wrong with its form."""
    conditions: list[Gate] = []
    problems = []
    for text in query.where:
        try:
            conditions.append(_condition(text))
        except ValueError as error:
            problems.append(Problem("--where", 0, 0, str(error)))
    try:
        _moment(query.since)
    except ValueError:
        message, hint = f"'{query.since}' is not a date", "write it as 2026-01-31 or 2026-01-31T12:00"
        problems.append(Problem("--since", 0, 0, message, hint))
    return conditions, problems


def _condition(text: str) -> Gate:
    """Return a condition; ValueError says why it is none."""
    from orchestrate.domain.gates import parse_gate
    from orchestrate.domain.plan import BaselineGate

    gate = parse_gate(text)
    if isinstance(gate, BaselineGate):
        raise ValueError(f"'{text}' needs a number; a list has no baseline")  # noqa: TRY004 – wrong text, not type
    return gate


def _unknown_figures(query: Query, conditions: Sequence[Gate], stored: Sequence[Summary]) -> list[Problem]:
    """Return a problem for each path at which no run could have a figure."""
    paths = [("--where", gate.metric) for gate in conditions] + ([("--sort", query.sort)] if query.sort else [])
    if not paths:
        return []
    from orchestrate.analytics.gates import path_problem

    strategies = dict.fromkeys(name for one in stored for name in one.figures["strategies"])
    frameworks = dict.fromkeys(name for one in stored for name in one.figures["frameworks"])
    wrong = [
        (option, path_problem(path, strategies, frameworks))
        for option, path in paths
        if option != "--sort" or path not in _OWN_ORDER
    ]
    return [Problem(option, 0, 0, *reason) for option, reason in wrong if reason]


def _matches(one: Summary, query: Query, conditions: Sequence[Gate]) -> bool:
    manifest = one.manifest
    return (
        query.status in ("", manifest["status"])
        and query.mode in ("", manifest["mode"])
        and (not query.strategy or _has_strategy(one.figures["strategies"], query.strategy))
        and str(manifest["started"]) >= _moment(query.since)
        and all(_holds(gate, one.figures) for gate in conditions)
    )


def _has_strategy(strategies: Mapping[str, Document], named: str) -> bool:
    return any(named in (one, facts["name"]) for one, facts in strategies.items())


def _holds(gate: Gate, figures: Mapping[str, Any]) -> bool:
    from orchestrate.analytics.gates import figure
    from orchestrate.domain.gates import passes

    value = figure(gate.metric, figures)
    return value is not None and passes(gate.operator, value, gate.threshold)


def _moment(since: str) -> str:
    """Return a date or a moment as run.json writes one; "" for none. ValueError where it is neither."""
    if not since:
        return ""
    moment = datetime.fromisoformat(since)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


#: What runs are sorted by beside their figures.
_OWN_ORDER: Final = ("duration_seconds",)


def _order(path: str) -> Callable[[Summary], tuple[bool, float]]:
    """Return the key of a descending order, in which runs without the figure come last."""
    from orchestrate.analytics.gates import figure

    def key(one: Summary) -> tuple[bool, float]:
        value = one.manifest[path] if path in _OWN_ORDER else figure(path, one.figures)
        return value is None, -(value or 0.0)

    return key
