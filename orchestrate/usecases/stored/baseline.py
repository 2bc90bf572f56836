"""The figures of a run that later runs are compared with: written to a file, and found for the gates of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrate.analytics.gates import figure, gate_figures
from orchestrate.domain.errors import ConfigurationError, NotFoundError, Problem, StoreError
from orchestrate.domain.plan import BaselineGate, Gate
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import find, read_run, read_summary

Document = dict[str, Any]
_OPTION: Final = "--baseline"


def baseline(named: str, reports: Path) -> Document:
    """Return what a run offers to gates of other runs, as a document to commit."""
    stored = read_run(reports, named)
    facts: Document = {"schema_version": SCHEMA_VERSION}
    facts |= {name: stored.manifest[name] for name in ("run_id", "started", "plan_hash", "data_hash")}
    return facts | gate_figures(stored.figures)


def compared(gates: Sequence[Gate], named: str, reports: Path) -> tuple[Gate, ...]:
    """Return the gates, each that compares with a baseline with its figure in the run or file called `named`.

    ConfigurationError where one is needed and none is given, it can't be read, or it lacks a figure.
    """
    relative = [gate for gate in gates if isinstance(gate, BaselineGate)]
    if not relative and not named:
        return tuple(gates)
    if not named:
        hint = "give --baseline RUN or FILE; 'orchestrate baseline RUN > baseline.json' writes one"
        raise ConfigurationError(
            [Problem("", 0, 0, f"gate '{gate}' needs a baseline, and none is given", hint) for gate in relative]
        )
    figures = _figures(named, reports)
    values = {gate.metric: _finite(figure(gate.metric, figures)) for gate in relative}
    missing = [metric for metric, value in values.items() if value is None]
    if missing:
        raise ConfigurationError([Problem(_OPTION, 0, 0, f"{named} has no figure '{metric}'") for metric in missing])
    return tuple(
        replace(gate, baseline=values[gate.metric]) if isinstance(gate, BaselineGate) else gate for gate in gates
    )


def _finite(value: float | None) -> float | None:
    """Return a figure that a float can hold; None for any other that stands in a file."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _figures(named: str, reports: Path) -> Mapping[str, Any]:
    """Return the figures of a file, or else of a run."""
    path = Path(named)
    try:
        if path.is_file():
            return _of_a_file(path)
        return read_summary(find(reports, named))[1]
    except NotFoundError as error:
        message, _, hint = str(error).partition("\n    hint: ")
        raise ConfigurationError([Problem(_OPTION, 0, 0, f"no such file: {named}, and {message}", hint)]) from None
    except (StoreError, OSError, ValueError, RecursionError) as error:
        text = str(error) if isinstance(error, StoreError) else f"{named}: can't be read: {error}"
        raise ConfigurationError([Problem(_OPTION, 0, 0, text)]) from None


def _of_a_file(path: Path) -> Document:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict) or not isinstance(document.get("portfolio"), dict):
        raise ValueError("not the figures of a run")  # noqa: TRY004 – the caller knows one kind of bad content
    return document
