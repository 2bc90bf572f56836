"""Measure HEART over the last days, from the journal and the stored runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrate.domain.errors import StoreError
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import read_run, run_ids
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
    facts = Facts(runs, seconds, _damaged(reports))
    rows = [
        {"row": name, **measure.document(facts), "guardrail": guardrail.document(facts)}
        for name, (measure, guardrail) in ROWS.items()
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "days": days,
        "runs": len(runs),
        "damaged_lines": logged.damaged,
        "rows": rows,
    }


def _damaged(reports: Path) -> int | None:
    """Return of how many stored runs a file is not what it was; None where no run is stored."""
    known = run_ids(reports)
    return sum(_is_damaged(reports, run_id) for run_id in known) if known else None


def _is_damaged(reports: Path, run_id: str) -> bool:
    try:
        read_run(reports, run_id)
    except StoreError:
        return True
    return False
