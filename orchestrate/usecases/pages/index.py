"""Gather what the index of all runs shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrate.domain.errors import StoreError
from orchestrate.reporting.page.index import Entry, Growth, index
from orchestrate.runs.arrays import arrays
from orchestrate.runs.reading import StoredRun, read_file, read_summary
from orchestrate.usecases.stored.runs import Query, runs

#: So many runs, the latest, have a curve.
CURVES: Final = 60
_EQUITY: Final = "equity.parquet"


def index_text(reports: Path, *, served: bool = False) -> str:
    """Return the page that lists all stored runs; where it is `served`, each of them has a page."""
    listed = runs(reports, Query())
    return index(list(_entries(reports, listed["runs"], served=served)), [one["run_id"] for one in listed["damaged"]])


def _entries(reports: Path, rows: list[dict[str, object]], *, served: bool) -> Iterator[Entry]:
    for place, row in enumerate(rows):
        folder = reports / str(row["run_id"])
        has_page = served or (folder / "report.html").is_file()
        yield Entry(row, has_page, _growth(folder) if place < CURVES else None)


def _growth(folder: Path) -> Growth | None:
    """Return the portfolio's curve; None where it can't be read."""
    try:
        manifest, figures = read_summary(folder)
        run = StoredRun(folder, manifest, {}, {}, {_EQUITY: read_file(folder, manifest, _EQUITY)})
        columns = arrays(run, _EQUITY, ("label", "portfolio"))
    except StoreError:
        return None
    return Growth(columns["label"], columns["portfolio"] / float(figures["portfolio"]["initial_capital"]))
