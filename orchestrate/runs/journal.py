"""The journal: one line of JSON a fact, appended to one file that all runs share (docs/reference/journal.md).

Every line goes out in one write to a descriptor opened for appending, so that parallel runs never tear each other's
lines. What cannot be written whole is taken back. Writers hold the file's lock together; a writer that cuts something
off holds it alone, because a line that another is just writing looks like half a line, too.
"""

from __future__ import annotations

import errno
import fcntl
import getpass
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from numbers import Real
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from orchestrate.domain.errors import StoreError
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal_format import lines_from

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_CHUNK: Final = 1 << 16
#: Seconds for which the lock is awaited, and those between two attempts.
PATIENCE: Final = 10.0
_PAUSE: Final = 0.01
#: Events that no level drops: how a run began and how it ended.
_ALWAYS: Final = ("backtest_started", "backtest_completed", "backtest_failed")


class Journal:
    """An open journal for one run. Call it with an event of the domain, or `write` a line of your own.

    `patience`: the seconds for which the file's lock is awaited. `root`: the folder from which files are named.
    """

    def __init__(
        self,
        logging: LoggingPlan,
        run_id: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE,
        root: Path = Path(),
    ) -> None:
        self.path = Path(logging.path)
        self.run_id = run_id
        self.user = logging.user or _login()
        self._lines = lines_from(root)
        self._least = LEVELS[logging.level]
        self._now = now
        self._patience = patience
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._heal()
        except OSError as error:
            self.close()
            raise self._refused(error) from None

    def __call__(self, event: DomainEvent) -> None:
        """Write `event`, where the journal has a line for its type."""
        tell = self._lines.get(type(event))
        line = tell(event) if tell else None
        if line is not None:
            self.write(line.event, line.level, line.facts)

    def write(self, event: str, level: str, facts: Mapping[str, object]) -> None:
        """Append one line, unless `level` lies below the journal's own."""
        if LEVELS[level] < self._least and event.rpartition(".")[2] not in _ALWAYS:
            return
        moment = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        head = {
            "ts": moment.replace("+00:00", "Z"),
            "event": event,
            "level": level,
            "run_id": self.run_id,
            "user": self.user,
        }
        line = {**head, **facts}
        try:
            text = _ENCODER.encode(line)
        except ValueError:  # something in it is no finite number
            text = _ENCODER.encode(_finite(line))
        self._append(text.encode("ascii") + b"\n")

    def close(self) -> None:
        """Let go of the file. Legal twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, line: bytes) -> None:
        try:
            self._lock(fcntl.LOCK_SH)
            try:
                written = os.write(self._descriptor, line)
                if written < len(line):
                    self._take_back(written)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError as error:
            raise self._refused(error) from None
        if written < len(line):
            raise self._refused(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _take_back(self, written: int) -> None:
        """Cut off the beginning of a line, if nothing was appended after it."""
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        self._lock(fcntl.LOCK_EX)
        if os.fstat(self._descriptor).st_size == end:
            os.ftruncate(self._descriptor, end - written)

    def _heal(self) -> None:
        """Remove half a line of ours, which a machine that lost power may have left.

        Whatever else has no end gets one: nothing of somebody else's is lost.
        """
        self._lock(fcntl.LOCK_EX)
        try:
            size = whole = os.fstat(self._descriptor).st_size
            while whole and os.pread(self._descriptor, 1, whole - 1) != b"\n":
                start = max(0, whole - _CHUNK)
                whole = start + os.pread(self._descriptor, whole - start, start).rfind(b"\n") + 1
            if whole < size:
                if _is_half_a_line(os.pread(self._descriptor, size - whole, whole)):
                    os.ftruncate(self._descriptor, whole)
                else:
                    os.write(self._descriptor, b"\n")
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _lock(self, kind: int) -> None:
        end = time.monotonic() + self._patience
        while True:
            try:
                return fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    message = f"another process has held its lock for {self._patience:g} seconds"
                    self._patience = 0.0  # once is enough
                    raise OSError(errno.EAGAIN, message) from None
            time.sleep(_PAUSE)

    def _refused(self, error: OSError) -> StoreError:
        return StoreError(f"{self.path}: the journal can't be written: {error.strerror or error}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _is_half_a_line(tail: bytes) -> bool:
    """Return True for the beginning of a line of a journal."""
    if not tail.startswith(b'{"'):
        return False
    try:
        json.loads(tail)
    except ValueError:
        return True
    return False


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _plain(value: object) -> object:
    """Convert what JSON has no type for into one that it has."""
    if isinstance(value, (Decimal, Real)):  # numpy's numbers are Real
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be written to the journal")


def _finite(value: object) -> object:
    """Return `value` with null for every float that is no finite number."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain)
