"""The page of a run that was not stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestrate import __version__, wiring
from orchestrate.domain.results import RunResult
from orchestrate.reporting.page.page import page
from orchestrate.reporting.page.subject import CONFIG, Subject
from orchestrate.runs.manifest import manifest
from orchestrate.runs.parquet import parquet_files
from orchestrate.runs.reading import StoredRun
from orchestrate.usecases.explain import explain_run
from orchestrate.usecases.pages.page import write_whole
from orchestrate.usecases.pages.prices import prices_of

_NAME: Final = "in memory"


def write_page(result: RunResult, figures: Mapping[str, Any], path: Path) -> Path:
    """Write a run as one page of HTML to `path`, which is returned."""
    run = _as_stored(result, figures)
    write_whole(path, page(Subject(run, explain_run(run), prices_of(run))))
    return path


def _as_stored(result: RunResult, figures: Mapping[str, Any]) -> StoredRun:
    """Return the run as it would be read from its folder."""
    facts = manifest(
        result,
        run_id=_NAME,
        version=__version__,
        exit_code=0,
        started=datetime.now(UTC),
        duration_seconds=0.0,
        journal="",
        overrides={},
        files={},
        distributions=wiring.distributions(),
    )
    plain = json.loads(json.dumps({"gates": [], **figures}))
    return StoredRun(Path(_NAME), facts, plain, result.plan.to_dict(), {CONFIG: b"", **parquet_files(result)})
