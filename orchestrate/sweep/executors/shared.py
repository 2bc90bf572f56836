"""An object that many processes read, in memory that all of them map and none can write.

It is pickled once. Arrays in it are no part of the pickle: they lie behind it, and each process uses them where they
are. The memory has no name, so nothing is left of it when the last process has ended, in whatever way.
"""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Final

#: Where an array may begin.
_GRAIN: Final = 64


@contextmanager
def shared(content: object) -> Iterator[tuple[int, list[int]]]:
    """Yield the file descriptor of memory that holds `content`, and the sizes of its pieces; both are for `read`."""
    arrays: list[pickle.PickleBuffer] = []
    picture = pickle.dumps(content, protocol=5, buffer_callback=arrays.append)
    pieces = [memoryview(picture), *(array.raw() for array in arrays)]
    file = unnamed()
    try:
        for piece in pieces:
            _write(file, piece)
        _seal(file)
        yield file, [piece.nbytes for piece in pieces]
    finally:
        os.close(file)


def read(file: int, sizes: Sequence[int]) -> object:
    """Return what was written there."""
    starts = [0, *accumulate(_padded(size) for size in sizes)]
    memory = memoryview(mmap.mmap(file, starts[-1], access=mmap.ACCESS_READ))
    picture, *arrays = (memory[start : start + size] for start, size in zip(starts, sizes, strict=False))
    return pickle.loads(picture, buffers=arrays)


def unnamed() -> int:
    """Return the descriptor of new memory without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("orchestrate", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, piece: memoryview) -> None:
    rest = piece.cast("B") if piece.nbytes else piece
    while rest.nbytes:
        rest = rest[os.write(file, rest) :]
    os.write(file, bytes(_padded(piece.nbytes) - piece.nbytes))


def _padded(size: int) -> int:
    return -(-size // _GRAIN) * _GRAIN


def _seal(file: int) -> None:
    """Let nobody change the memory any more, where the system can do that."""
    if hasattr(os, "memfd_create"):
        import fcntl

        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
