"""A progress bar on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from orchestrate.domain.text.printable import one_line

Progress = Callable[[int, int], None]
_SECONDS_BETWEEN: Final = 0.1


@contextmanager
def progress_bar(title: str, *, wanted: bool = True) -> Iterator[Progress]:
    """Yield a function that takes (steps done, steps in all); it draws on stderr when that is a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield _silence
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    task = bar.add_task(one_line(title), total=None)
    drawn = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= _SECONDS_BETWEEN or done == total:
            drawn = now
            bar.update(task, completed=done, total=total, refresh=True)

    with bar:
        yield tell


def _silence(_done: int, _total: int) -> None:
    """Show nothing."""
