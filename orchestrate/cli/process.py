"""What only the command may settle, because it owns its process; importing `orchestrate` settles nothing.

A run on daily bars is mostly imports. While modules are imported, Python looks for garbage hundreds of times and finds
none; at the end it looks through everything once more. Both together take a quarter of such a process.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

_USUAL: Final = gc.get_threshold()
#: So many objects more than were freed before garbage is looked for: more than a start makes, and still a bound.
_SELDOM: Final = (1_000_000, 10, 10)
_HELP: Final = frozenset(("-h", "--help"))
_SETTINGS: Final = {
    # Two to the power of this is for how many ticks an idle thread of OpenBLAS spins before it sleeps: half a
    # millisecond, enough to go from one product of small matrices to the next. By itself it spins for 2**26, which
    # costs every process that imports numpy some 40 ms on each further core.
    "OPENBLAS_THREAD_TIMEOUT": "20",
    # Arrow, which stores a run, takes the memory that the run has given back, instead of 40 MB of its own beside it.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def start_up() -> None:
    """Make the imports to come cheap; before numpy's. What the user has set in the environment stays."""
    gc.set_threshold(*_SELDOM)
    for name, setting in _SETTINGS.items():
        os.environ.setdefault(name, setting)


def supervise(words: Sequence[str]) -> AbstractContextManager[None]:
    """Return where the rest of a command runs: in a child process, if it runs the code of strategies."""
    runs_strategies = words[:1] in (["backtest"], ["batch"], ["parity"], ["reproduce"], ["sweep"]) or (
        words[:1] == ["validate"] and "--deep" in words
    )
    if runs_strategies and not _HELP.intersection(words):
        from orchestrate import supervision

        if supervision.possible():
            from orchestrate.supervision.supervisor import supervised

            return supervised()
    return nullcontext()


def started_up() -> None:
    """Freeze all objects that exist, once everything is imported: the garbage collector skips them from now on.

    Call it before a user's code is loaded: of what is frozen, no finalizer runs at exit. Nothing happens in a process
    that did not begin with `start_up`.
    """
    if gc.get_threshold() == _SELDOM:
        gc.freeze()
        gc.set_threshold(*_USUAL)
