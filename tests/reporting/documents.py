"""Documents of results made by hand, as a run that was stored has them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestrate.analytics.gates import judge
from orchestrate.analytics.summary import summarise
from orchestrate.runs.manifest import manifest
from orchestrate.runs.reading import document


def document_of(result, *, exit_code=1, folder="reports/20260101T000000Z-abcdef"):
    figures = summarise(result)
    figures["gates"] = judge(result.plan.gates, figures)
    facts = manifest(
        result,
        run_id=Path(folder).name,
        version="1.2.3",
        exit_code=exit_code,
        started=datetime.now(UTC),
        duration_seconds=1.234,
        journal="logs/backtest/orchestrate.jsonl",
        overrides={},
        files={},
        distributions={"nautilus": "nautilus_trader"},
    )
    return document(facts, figures, Path(folder))
