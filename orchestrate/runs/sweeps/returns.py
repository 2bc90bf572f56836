"""The daily returns of the trials of an unfinished sweep: numbers one after another in a file, which is mapped to read.

The pages of a mapped file count as memory of the process once they were looked at, so that who has read many returns
releases them; they are read again where they are needed again.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import IO, Final

import numpy as np

from orchestrate.domain.errors import StoreError
from orchestrate.domain.market.timeline import Floats

SIZE: Final = 8


class StoredReturns:
    """The returns in a file that holds `end` of them already."""

    def __init__(self, path: Path, end: int) -> None:
        self._path, self.end = path, end
        self._map: mmap.mmap | None = None
        self._values: Floats = np.empty(0)
        self._file = appended(path)

    def add(self, returns: Floats) -> int:
        """Append the returns of a trial; return their place."""
        place = self.end
        write(self._file, self._path.parent, np.ascontiguousarray(returns, dtype=np.float64).data)
        self.end += len(returns)
        return place

    def at(self, place: int, size: int) -> Floats:
        """Return what was written at a place, as it is on the disk."""
        if len(self._values) < self.end:
            with self._path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), self.end * SIZE, access=mmap.ACCESS_READ)
            self._values = np.frombuffer(self._map, dtype=np.float64)
        return self._values[place : place + size]

    def release(self) -> None:
        """Give back the memory of what was read, where the system can."""
        if self._map is not None and hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Write nothing any more."""
        self._file.close()


def appended(path: Path) -> IO[bytes]:
    """Return a file that is written at its end, at once; StoreError where it can't be."""
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror or error}") from None


def write(file: IO[bytes], folder: Path, content: bytes | memoryview) -> None:
    """Write to a file of an unfinished sweep; StoreError where that fails."""
    try:
        file.write(content)
    except OSError as error:
        raise StoreError(f"{folder}: trials can't be written: {error.strerror or error}") from None
