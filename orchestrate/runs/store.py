"""Runs on disk: a folder `reports/<run id>/` that is there whole or not at all.

A run claims its id with a hidden folder beside the runs, writes into it, and renames it when everything is on the
disk. Whatever a killed run leaves behind stays hidden, is never taken for a run, and is swept up by a later one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Final, Self

from orchestrate.domain.errors import StoreError

#: `YYYYMMDDTHHMMSSZ-xxxxxx`
RUN_ID_PATTERN: Final = r"\d{8}T\d{6}Z-[0-9a-f]{6}"
_UNFINISHED: Final = ".unfinished"
_CLAIMS: Final = 100


class Claim:
    """A claimed run id and its hidden folder. Leaving it without `keep` leaves nothing behind.

    The folder is locked for as long as this process lives, so that others can tell a run under way from a dead one.
    """

    def __init__(self, reports: Path, run_id: str, hidden: Path, lock: int) -> None:
        self.run_id = run_id
        self.folder = reports / run_id
        self._hidden = hidden
        self._lock = lock

    def keep(self, files: Mapping[str, bytes]) -> Path:
        """Write all `files` to the disk and make them the run's folder, which is returned. StoreError undoes it all."""
        try:
            for name, content in files.items():
                with (self._hidden / name).open("xb") as file:
                    file.write(content)
            flush(self._hidden, *(self._hidden / name for name in files))
            self._hidden.rename(self.folder)
            flush(self.folder.parent)
        except OSError as error:
            self.give_up()
            raise StoreError(f"{self.folder}: the run can't be stored: {_told(error)}") from None
        self._unlock()
        return self.folder

    def give_up(self) -> None:
        """Free the id and remove what was written. Legal at any time, also after `keep`."""
        if self._lock >= 0:
            shutil.rmtree(self._hidden, ignore_errors=True)
            self._unlock()

    def _unlock(self) -> None:
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.give_up()


def claim(reports: Path, moment: datetime) -> Claim:
    """Return a new id for a run that began at `moment`, which no other run has; StoreError if nothing can be written.

    `reports` is made when absent.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
        sweep(reports)
        run_id, lock = claim_id(reports, moment, _UNFINISHED)
    except OSError as error:
        raise StoreError(f"{reports}: runs can't be stored here: {_told(error)}") from None
    return Claim(reports, run_id, hidden_folder(reports, run_id), lock)


def claim_id(reports: Path, moment: datetime, suffix: str) -> tuple[str, int]:
    """Return an id that no run has, and the lock of its new hidden folder `.<id><suffix>`."""
    for _ in range(_CLAIMS):
        run_id = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        hidden = reports / f".{run_id}{suffix}"
        try:
            hidden.mkdir()
        except FileExistsError:
            continue
        lock = hold(hidden, sure=False)
        if lock >= 0 and not (reports / run_id).exists():
            return run_id, lock
    raise StoreError(f"{reports}: no free run id")


def hidden_folder(reports: Path, run_id: str) -> Path:
    """Return where a run is written, and where one is put to be removed; what is left there is swept up."""
    return reports / f".{run_id}{_UNFINISHED}"


def digest(content: bytes) -> str:
    """Return the sha256 by which stored files are known."""
    return hashlib.sha256(content).hexdigest()


def sweep(reports: Path) -> None:
    """Remove what killed runs left: hidden folders that no living process holds. What else has such a name stays."""
    for hidden in sorted(reports.glob(f".*{_UNFINISHED}")):
        try:
            lock = hold(hidden, sure=True)
        except OSError:  # a file, or another user's folder
            continue
        if lock >= 0:
            shutil.rmtree(hidden, ignore_errors=True)
            os.close(lock)


def under_way(reports: Path) -> set[str]:
    """Return the ids of the runs that living processes are about to write."""
    ids = set()
    for hidden in sorted(reports.glob(f".*{_UNFINISHED}")):
        try:
            lock = hold(hidden, sure=True)
        except OSError:
            continue
        if lock >= 0:
            os.close(lock)
        else:
            ids.add(hidden.name.removeprefix(".").removesuffix(_UNFINISHED))
    return ids


def hold(folder: Path, *, sure: bool) -> int:
    """Return a descriptor that holds `folder`; -1 if another process does, or has just removed it.

    File systems without locks give a descriptor that holds nothing, or -1 when the caller must be `sure`.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = folder.stat().st_ino == os.fstat(descriptor).st_ino
    except (BlockingIOError, FileNotFoundError):
        held = False
    except OSError:
        held = not sure
    if held:
        return descriptor
    os.close(descriptor)
    return -1


def flush(*paths: Path) -> None:
    """Wait until files and folders are on the disk, for all at once: it then takes one turn instead of one for each."""
    failed: list[OSError] = []

    def settle(path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            failed.append(error)

    threads = []
    for path in paths:
        thread = Thread(target=settle, args=(path,))
        try:
            thread.start()
        except RuntimeError:  # there are no more threads to be had
            settle(path)
        else:
            threads.append(thread)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _told(error: OSError) -> str:
    return error.strerror or str(error)
