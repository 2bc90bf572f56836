"""`limits:` of a strategy or of the portfolio: each one a name of the registry, with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from orchestrate.config.document.nodes import Node, Scalar, Table, find
from orchestrate.config.reading import Reading
from orchestrate.config.validation import build
from orchestrate.domain.text.spelling import did_you_mean


def strategy_limits(reading: Reading, name: str) -> dict[str, object]:
    """Return the limits of one strategy."""
    return _limits(reading, ("strategies", name, "limits"), reading.choices.strategy_limits)


def portfolio_limits(reading: Reading) -> dict[str, object]:
    """Return the limits of the whole portfolio."""
    return _limits(reading, ("portfolio", "limits"), reading.choices.portfolio_limits)


def _limits(reading: Reading, path: tuple[str, ...], known: Mapping[str, type]) -> dict[str, object]:
    """Return each limit that is written, as its dataclass; a name without a value is left out."""
    table = find(reading.shaped.table, path)[0]
    if not isinstance(table, Table) or table is find(reading.shaped.table, path[:-1])[0]:
        return {}
    limits: dict[str, object] = {}
    where = ".".join(path)
    for name, node in table:
        if name not in known:
            hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
            reading.problems.append(reading.key(*path, name).problem(f"unknown key '{name}' in {where}", hint))
        elif not (isinstance(node, Scalar) and node.value is None):
            limit = _limit(reading, known[name], node, f"{where}.{name}")
            if limit is not None:
                limits[name] = limit
    return limits


def _limit(reading: Reading, settings: type, node: Node, where: str) -> object | None:
    """Return a limit written as a mapping, or as its first figure alone."""
    first = fields(settings)[0].name
    long = Table(node.place, {first: node}, {first: node.place}) if isinstance(node, Scalar) else node
    limit: object | None
    limit, problems = build(settings, long, where)
    for problem in problems:
        message = problem.message
        if isinstance(node, Scalar):
            message = message.replace(f"{where}.{first}", where).replace(f"{where}: {first} ", f"{where} ")
        reading.problems.append(node.place.problem(message, problem.hint) if isinstance(node, Scalar) else problem)
    return limit
