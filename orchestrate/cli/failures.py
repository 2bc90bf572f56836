"""Errors that leave a command, shown in the format that CI reads, too: an empty report would look like a good one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrate.reporting.ci.notes import Note


@contextmanager
def failures_shown(file: str, show: Callable[[Sequence[Note]], None] | None) -> Iterator[None]:
    """Show an error that leaves the block as a note about the file, where there is a format to `show` it in."""
    try:
        yield
    except Exception as error:
        if show is not None:
            from orchestrate.reporting.ci.notes import of_error

            show(of_error(error, file))
        raise
