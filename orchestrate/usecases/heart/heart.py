"""Measure HEART over the last days, from the journal and the stored runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrate.domain.errors import StoreError
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import run_ids, verify_folder
from orchestrate.runs.store import under_way
from orchestrate.usecases.heart.journal_reading import journal_files, read_journal
from orchestrate.usecases.heart.rows import ROWS, Facts

Document = dict[str, Any]


def heart(journal: Path, reports: Path, days: int, now: datetime | None = None) -> Document:
    """Return each row with value, target and verdict, and the same of its guardrail.

    A run that goes on right now counts as none; one that never ended has failed.
    """
    since = (now or datetime.now(UTC)) - timedelta(days=days)
    logged = read_journal(journal_files(journal))
    going_on = under_way(reports)
    runs = [run for run in logged.runs.values() if run.began >= since and (run.end or run.run_id not in going_on)]
    seconds = [duration for moment, _, duration in logged.reports if moment >= since]
    known = run_ids(reports)
    damaged = [{"run_id": run_id, "message": why} for run_id in known if (why := _damage(reports / run_id))]
    facts = Facts(runs, seconds, len(damaged) if known else None)
    rows = [
        {"row": name, **measure.document(facts), "guardrail": guardrail.document(facts)}
        for name, (measure, guardrail) in ROWS.items()
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "days": days,
        "runs": len(runs),
        "damaged_lines": logged.damaged,
        "damaged": damaged,
        "rows": rows,
    }


def _damage(folder: Path) -> str:
    """Return which file of a stored run is not what it was; "" where all are."""
    try:
        verify_folder(folder)
    except StoreError as error:
        return str(error)
    return ""
