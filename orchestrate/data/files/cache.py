"""Keep parsed columns in the user's cache folder: they load in a third of the time of text, or less.

An entry is found by content alone: the bytes of the file, the settings that decide how they are read, and the reader's
own source. Unreadable, incomplete and foreign entries count as absent; entries that can't be written are left out.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from orchestrate.data.columns import PRICES, Columns, Parsed
from orchestrate.data.text.zones import rules
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

VARIABLE: Final = "ORCHESTRATE_CACHE"
LIMIT: Final = 1_000_000_000
WORTH: Final = 1 << 16  # bytes of a file below which reading it is as fast
_NAMES: Final = ("timestamp", *PRICES, "volume")
#: Settings of a data entry that come after parsing; every other one is part of the key.
_REPAIRING: Final = ("on_duplicate", "adjust")
_JUDGING: Final = ("stamp", "frequency", "allow_negative")
_ELSEWHERE: Final = ("path", "format", "bar_type", "synthetic", "resample")
_AFTERWARDS: Final = (*_REPAIRING, *_JUDGING, *_ELSEWHERE)
_START: Final = struct.Struct("<8sIQ")  # mark, length of the header, bars
_MARK: Final = b"columns1"
_CHECKSUM: Final = 4
#: What we call an entry, or one that is being written; the folder may hold files of other people.
_OURS: Final = re.compile(r"[0-9a-f]{64}(\.\d+\.\d+)?")


def cache_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Return where parsed columns are kept: as `ORCHESTRATE_CACHE` says, else the platform's place.

    None if there is none.
    """
    if environ.get(VARIABLE):
        try:
            return Path(environ[VARIABLE]).expanduser().absolute()
        except RuntimeError:  # ~nobody/x
            return None
    home, given = environ.get("HOME", ""), environ.get("XDG_CACHE_HOME", "")
    if platform == "win32":
        place = environ.get("LOCALAPPDATA", "")
    elif platform != "darwin" and Path(given).is_absolute():
        place = given
    else:
        place = home and f"{home}/{'Library/Caches' if platform == 'darwin' else '.cache'}"
    return Path(place, "orchestrate", "columns") if place else None


@dataclass(frozen=True, slots=True)
class ColumnCache:
    """Entries of at most `limit` bytes together: beyond that, those unused for longest go."""

    folder: Path
    limit: int = LIMIT

    def key(self, raw: bytes, plan: DataPlan) -> str:
        """Return the name of the entry for a file's bytes, read as `plan` says."""
        settings = {item.name: getattr(plan, item.name) for item in fields(plan) if item.name not in _AFTERWARDS}
        digest = sha256(f"{_reader()}\0{json.dumps(settings, sort_keys=True, default=dict)}\0".encode())
        digest.update(raw)
        return digest.hexdigest()

    def load(self, key: str) -> Parsed | None:
        """Return the entry; None unless it exists, is whole, and the rules of its time zone are still the same."""
        path = self.folder / key
        try:
            with path.open("rb") as file:
                parsed = _read(file, key)
        except (OSError, ValueError, LookupError, TypeError):  # whole, but nothing that we wrote
            return None
        if parsed is not None:
            with suppress(OSError):
                os.utime(path)  # used now: the last to go
        return parsed

    def keep(self, key: str, parsed: Parsed) -> None:
        """Write an entry beside and put it in its place, so that no reader sees half of it; then keep the limit."""
        if 8 * len(_NAMES) * len(parsed.columns) > self.limit:
            return
        beside = self.folder / f"{key}.{os.getpid()}.{threading.get_ident()}"
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with beside.open("wb") as file:
                    _write(file, key, parsed)
                beside.replace(self.folder / key)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            self._shrink()

    def entries(self) -> list[tuple[int, int, Path]]:
        """Return when each entry was last used (ns), its bytes and its path; the one unused for longest first."""
        listed = []
        with suppress(OSError):
            for path in filter(_is_ours, self.folder.iterdir()):
                with suppress(OSError):
                    status = path.stat()
                    listed.append((status.st_mtime_ns, status.st_size, path))
        return sorted(listed)

    def _shrink(self) -> None:
        entries = self.entries()
        held = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if held <= self.limit:
                return
            with suppress(OSError):
                path.unlink()
            held -= size


def _is_ours(path: Path) -> bool:
    return _OURS.fullmatch(path.name) is not None


@cache
def _reader() -> str:
    """Return what besides settings decides how text is read: the source of this folder and its dependencies."""
    digest = sha256(f"{sys.version_info[:2]} {sys.byteorder} {np.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write(file: BinaryIO, key: str, parsed: Parsed) -> None:
    checksum = 0
    for piece in _pieces(key, parsed):
        file.write(piece)
        checksum = zlib.crc32(piece, checksum)
    file.write(checksum.to_bytes(_CHECKSUM, "little"))


def _pieces(key: str, parsed: Parsed) -> Iterator[bytes | memoryview]:
    columns, rows = parsed.columns, parsed.columns.rows
    first = int(rows[0])
    running = np.array_equal(rows, np.arange(first, first + len(rows)))
    header = json.dumps(
        {
            "key": key,
            "first": first if running else None,
            "unit": columns.unit,
            "zone": parsed.zone,
            "rules": _digest(parsed.zone),
            "findings": [[item.severity, item.message, item.count, item.first] for item in parsed.findings],
        }
    ).encode()
    yield _START.pack(_MARK, len(header), len(columns))
    yield header
    for column in (*(getattr(columns, name) for name in _NAMES), *(() if running else (rows,))):
        yield np.ascontiguousarray(column).data.cast("B")


def _read(file: BinaryIO, key: str) -> Parsed | None:
    """Return the entry in `file`; None where a byte of it is missing or wrong, or it is another's."""
    size, start = os.fstat(file.fileno()).st_size, file.read(_START.size)
    mark, length, bars = _START.unpack(start) if len(start) == _START.size else (b"", 0, 0)
    count = (size - _START.size - length - _CHECKSUM) // (8 * bars or 1)
    if mark != _MARK or count not in (len(_NAMES), len(_NAMES) + 1):
        return None
    header = file.read(length)
    checksum = zlib.crc32(header, zlib.crc32(start))
    label = np.fromfile(file, np.int64, bars)
    opened, high, low, close, volume = (np.fromfile(file, np.float64, bars) for _ in _NAMES[1:])
    rows = np.fromfile(file, np.int64, (count - len(_NAMES)) * bars)
    for column in (label, opened, high, low, close, volume, rows):
        checksum = zlib.crc32(column.data, checksum)
    if file.read() != checksum.to_bytes(_CHECKSUM, "little"):
        return None
    described = json.loads(header)
    if described["key"] != key or described["rules"] != _digest(described["zone"]):
        return None
    if described["first"] is not None:
        rows = np.arange(described["first"], described["first"] + bars)
    findings = tuple(
        Finding(severity, "", message, count, tuple(first)) for severity, message, count, first in described["findings"]
    )
    columns = Columns(label, opened, high, low, close, volume, rows, described["unit"])
    return Parsed(columns, findings, described["zone"])


def _digest(zone: str) -> str:
    return sha256(rules(zone)).hexdigest()
