"""A progress bar on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from orchestrate.domain.text.printable import one_line


class SweepProgress(Protocol):
    """How far a sweep is: trials done and in all, the best score so far, trials a second, seconds left."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def best(self) -> float | None: ...
    @property
    def rate(self) -> float | None: ...
    @property
    def left(self) -> float | None: ...


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


def _silence(*_: object) -> None:
    """Show nothing."""


@contextmanager
def sweep_bar(title: str, *, wanted: bool = True) -> Iterator[Callable[[SweepProgress], None]]:
    """Yield a function that takes how far a sweep is; it draws that on stderr when that is a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield _silence
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    task = bar.add_task(one_line(title), total=None)
    drawn = 0.0

    def tell(at: SweepProgress) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= _SECONDS_BETWEEN or at.done == at.total:
            drawn = now
            description = f"{one_line(title)} {sweep_line(at)}"
            bar.update(task, completed=at.done, total=at.total, description=description, refresh=True)

    with bar:
        yield tell


def sweep_line(at: SweepProgress) -> str:
    """Return the best so far, the rate and the time left, as far as they are known."""
    parts = [] if at.best is None else [f"best {at.best:.4g}"]
    if at.rate is not None:
        parts.append(f"{at.rate:.3g}/s")
    if at.left is not None:
        minutes, seconds = divmod(round(at.left), 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left")
    return ", ".join(parts)
