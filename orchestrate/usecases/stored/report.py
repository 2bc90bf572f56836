"""Read a stored run again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from orchestrate.domain.errors import StoreError
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.supervision.settings import JOURNAL_WAIT, seconds


def report(named: str, reports: Path, show: Callable[[StoredRun], None], also: Iterable[str] = ()) -> None:
    """Hand the run called `named` to `show`, and write to the run's journal how long it took.

    The run has its files that are named `also`.
    """
    began = time.monotonic()
    stored = read_run(reports, named, also)
    show(stored)
    patience = seconds(JOURNAL_WAIT, os.environ)
    with Journal(_logging(stored), stored.folder.name, patience=patience) as journal:
        journal.write("report_generated", "info", {"duration_seconds": time.monotonic() - began})


def _logging(stored: StoredRun) -> LoggingPlan:
    """Return where the run kept its journal."""
    facts = stored.plan.get("logging")
    if not isinstance(facts, dict) or not all(isinstance(fact, str) for fact in facts.values()):
        raise StoreError(f"{stored.folder / 'plan.json'}: damaged: logging is missing or of a wrong type")
    return LoggingPlan(**facts)
