"""Read a stored run or sweep again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from orchestrate.domain.errors import StoreError
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.runs.sweeps.reading import StoredSweep, is_sweep, read_sweep
from orchestrate.supervision.settings import JOURNAL_WAIT, seconds

Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True)
class Surface(Generic[Stored]):
    """What shows a stored run or sweep, and which of its files it needs."""

    show: Callable[[Stored], None]
    files: Iterable[str] = ()


def report(named: str, reports: Path, of_run: Surface[StoredRun], of_sweep: Surface[StoredSweep]) -> None:
    """Show the run or sweep called `named`, and write to its journal how long it took."""
    began = time.monotonic()
    stored: StoredRun
    if is_sweep(reports, named):
        stored = sweep = read_sweep(reports, named, of_sweep.files)
        of_sweep.show(sweep)
    else:
        stored = read_run(reports, named, of_run.files)
        of_run.show(stored)
    patience = seconds(JOURNAL_WAIT, os.environ)
    with Journal(_logging(stored), stored.folder.name, patience=patience) as journal:
        journal.write("report_generated", "info", {"duration_seconds": time.monotonic() - began})


def _logging(stored: StoredRun) -> LoggingPlan:
    """Return where the run kept its journal."""
    facts = stored.plan.get("logging")
    if not isinstance(facts, dict) or not all(isinstance(fact, str) for fact in facts.values()):
        raise StoreError(f"{stored.folder / 'plan.json'}: damaged: logging is missing or of a wrong type")
    return LoggingPlan(**facts)
