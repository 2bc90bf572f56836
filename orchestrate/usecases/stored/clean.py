"""Remove old runs and abandoned sweeps; those that are being written are never touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from orchestrate.domain.errors import StoreError
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import MOMENT, latest_first
from orchestrate.runs.store import hidden_folder
from orchestrate.runs.sweeps.partial import abandoned, run_id_of

Document = dict[str, Any]


def clean(reports: Path, keep: int, *, dry_run: bool = False) -> Document:
    """Remove all runs but the latest `keep`, and return which; `dry_run` removes none of them.

    An unfinished sweep that no process works on counts as a run of the time when it began. What is stored is renamed
    before it is removed, so that a run is there whole or not at all. An index of the runs is written anew. StoreError
    where one can't be removed.
    """
    everything = [*abandoned(reports), *latest_first(reports)]
    folders = sorted(everything, key=lambda folder: run_id_of(folder)[:MOMENT], reverse=True)
    kept, old = folders[:keep], folders[keep:]
    if old and not dry_run:
        for folder in old:
            _remove(folder)
        _renew_index(reports)
    names = ([run_id_of(folder) for folder in part] for part in (kept, old))
    return {"schema_version": SCHEMA_VERSION, "dry_run": dry_run, **dict(zip(("kept", "removed"), names, strict=True))}


def _remove(folder: Path) -> None:
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        hidden = hidden_folder(folder.parent, run_id_of(folder))
        folder.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise StoreError(f"{folder}: can't be removed: {error.strerror or error}") from None


def _renew_index(reports: Path) -> None:
    from orchestrate.usecases.pages.index import index_text
    from orchestrate.usecases.pages.page import INDEX, write_whole

    if (reports / INDEX).is_file():
        write_whole(reports / INDEX, index_text(reports))
