"""Standard output is for results: whatever else wants to write there meanwhile is sent to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def results_only() -> Iterator[None]:
    """Until the block is left, file descriptor 1 leads to stderr: for child processes, C libraries and `os.write`,
    which know nothing of `sys.stdout`."""
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    try:
        _flush()
        try:
            os.dup2(2, 1)
        except OSError:  # no stderr: rather lost than among the results
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.close(null)
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """What is still in the buffer goes where it was meant to go."""
    if sys.__stdout__ is not None and not sys.__stdout__.closed:
        sys.__stdout__.flush()
