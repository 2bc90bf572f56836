"""The streams of a command: results go to stdout, messages to stderr, and what can't be written is settled here.

A closed stream counts as read. Messages that can't be written are dropped and never change the exit code; results that
can't be written are an error of their own, reported once.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from orchestrate.domain.errors import OutputError, ReaderGoneError


class Stream(io.FileIO):
    """One of this process's standard streams. Unless it is `strict`, what can't be written is dropped."""

    def __init__(self, descriptor: int, *, strict: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.strict = strict

    def write(self, data: Any) -> int:
        """Write what can be written; on a strict stream raise OutputError or ReaderGoneError, once."""
        try:
            while (written := super().write(data)) is None:  # another process has made it non-blocking
                select.select([], [self], [])
        except OSError as error:
            if not self.strict:
                return memoryview(data).nbytes
            self.strict = False
            if isinstance(error, (BrokenPipeError, ConnectionResetError)):
                raise ReaderGoneError from None
            raise OutputError(f"the output can't be written: {error.strerror}") from None
        return written


class Text(io.TextIOWrapper):
    """The text of a standard stream, which stays open: a strategy that closes it doesn't close it for the process."""

    def close(self) -> None:
        """Write what is in the buffer, and nothing else."""
        self.flush()


def take_streams() -> None:
    """Make the process's standard streams our own, the closed ones too: no other file takes their place."""
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        if _is_closed(descriptor):
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest free descriptor is the closed one
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = _text(Stream(descriptor, strict=name == "stdout"), getattr(sys, name))
        vars(sys).update({name: stream, f"__{name}__": stream})


@contextmanager
def results_only() -> Iterator[None]:
    """Lead file descriptor 1 to stderr until the block ends: for child processes, C libraries and `os.write`,
    which know nothing of `sys.stdout`. What they put in the place of Python's streams is gone afterwards."""
    streams = sys.stdout, sys.stderr
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
        with _messages_only():
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        sys.stdout, sys.stderr = streams


@contextmanager
def _messages_only() -> Iterator[None]:
    """Treat what goes to stdout meanwhile as messages, which may get lost."""
    stream = getattr(getattr(sys.__stdout__, "buffer", None), "raw", None)
    before = getattr(stream, "strict", False)
    try:
        if isinstance(stream, Stream):
            stream.strict = False
        yield
    finally:
        with suppress(OSError):
            _flush()
        if isinstance(stream, Stream):
            stream.strict = before


def _flush() -> None:
    """Send what is still in the buffer to where it was meant to go."""
    if sys.__stdout__ is not None and not sys.__stdout__.closed:
        sys.__stdout__.flush()


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False


def _text(stream: Stream, before: IO[str] | None) -> Text:
    """Return a text stream over `stream` with the encoding of the one `before`.

    Letters it lacks become question marks.
    """
    return Text(
        io.BufferedWriter(stream),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="replace",
        line_buffering=stream.isatty() or not stream.strict or getattr(before, "write_through", False),
    )
