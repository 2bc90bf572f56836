"""An unfinished sweep on disk: `.<id>.partial` beside the runs, which becomes the folder of a run when it is done.

It is locked while the process lives that works on it. Whatever ends that process, what is there can be resumed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from orchestrate.domain.errors import NotFoundError, StoreError
from orchestrate.runs.reading import LATEST
from orchestrate.runs.store import RUN_ID_PATTERN, claim_id, flush, hold

_SUFFIX: Final = ".partial"
_NAME: Final = re.compile(rf"\.({RUN_ID_PATTERN}){re.escape(_SUFFIX)}")
_FACTS: Final = "sweep.json"
_DONE: Final = "done"


class Partial:
    """A sweep under way. Leaving it keeps what is there, unless it was finished."""

    def __init__(self, reports: Path, run_id: str, lock: int) -> None:
        self.run_id = run_id
        self.folder = _folder(reports, run_id)
        self._reports = reports
        self._lock = lock

    def note(self, facts: Mapping[str, object]) -> None:
        """Write down what the sweep is of, before its first trial."""
        (self.folder / _FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="ascii")

    def facts(self) -> dict[str, Any]:
        """Return what was noted; StoreError where it can't be read."""
        try:
            facts: dict[str, Any] = json.loads((self.folder / _FACTS).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.folder / _FACTS}: can't be resumed: {error}") from None
        return facts

    @property
    def done(self) -> Path:
        """The folder for the files of the finished sweep; it is made empty."""
        folder = self.folder / _DONE
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def finish(self) -> Path:
        """Make the files in `done` the folder of a run, which is returned, and forget the rest."""
        done, folder = self.folder / _DONE, self._reports / self.run_id
        flush(done, *sorted(done.iterdir()))
        done.rename(folder)
        flush(self._reports)
        self.discard()
        return folder

    def discard(self) -> None:
        """Remove all that is there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Let others work on it, and keep what is there."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def begin(reports: Path, moment: datetime) -> Partial:
    """Return a new sweep that began at `moment`, with an id that no run has; StoreError if nothing can be written."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        return Partial(reports, *claim_id(reports, moment, _SUFFIX))
    except OSError as error:
        raise StoreError(f"{reports}: sweeps can't be stored here: {error.strerror or error}") from None


def resume(reports: Path, named: str) -> Partial:
    """Return an unfinished sweep: its id, a unique beginning of it, or `latest`; NotFoundError where there is none."""
    ids = unfinished(reports)
    meant = ids[-1:] if named == LATEST else [run_id for run_id in ids if named and run_id.startswith(named)]
    if len(meant) != 1:
        if (reports / named).is_dir() and re.fullmatch(RUN_ID_PATTERN, named):
            raise NotFoundError(f"sweep {named} is finished")
        known = f"unfinished are {', '.join(ids[-3:])}" if ids else "none is unfinished"
        raise NotFoundError(f"there is no unfinished sweep '{named}' in {reports}\n    hint: {known}")
    held = hold(_folder(reports, meant[0]), sure=False)
    if held < 0:
        raise StoreError(f"sweep {meant[0]} is under way in another process")
    return Partial(reports, meant[0], held)


def unfinished(reports: Path) -> list[str]:
    """Return the ids of unfinished sweeps, oldest first."""
    try:
        names = sorted(path.name for path in reports.iterdir())
    except OSError:
        return []
    return [match[1] for name in names if (match := _NAME.fullmatch(name))]


def abandoned(reports: Path) -> list[Path]:
    """Return the folder of every unfinished sweep that no process works on, the latest first."""
    found = []
    for run_id in reversed(unfinished(reports)):
        try:
            held = hold(_folder(reports, run_id), sure=True)
        except OSError:  # a file, or another user's folder
            continue
        if held >= 0:
            os.close(held)
            found.append(_folder(reports, run_id))
    return found


def run_id_of(folder: Path) -> str:
    """Return the id of a stored run, or of an unfinished sweep, by its folder."""
    match = _NAME.fullmatch(folder.name)
    return match[1] if match else folder.name


def _folder(reports: Path, run_id: str) -> Path:
    return reports / f".{run_id}{_SUFFIX}"
