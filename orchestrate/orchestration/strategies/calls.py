"""Track when a strategy's code runs, for the watchdog, and refuse to start another run inside it."""

from __future__ import annotations

import os
import traceback
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import PurePath
from typing import Final

from orchestrate.domain.errors import EngineError, UserInterrupt

#: The text of an error whose own can't be had.
UNTELLABLE: Final = "an error whose message can't be read"

#: Where code lies that is not the user's: Python's own, and ours.
_OTHERS: Final = (PurePath(os.__file__).parent, PurePath(__file__).parents[2])
_INSTALLED: Final = ("site-packages", "dist-packages")


class CallStack:
    """Whose code runs now: `names`, the innermost last. `calls` grows whenever one is entered from outside.

    `facts` are what the strategies of the run have published.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.calls = 0
        self.facts: object = None

    def enter(self, name: str) -> None:
        """Note that the code of `name` begins; the caller leaves again, whatever happens in between."""
        if not self.names:
            self.calls += 1
        self.names.append(name)

    def leave(self) -> None:
        """Note that the innermost code is over."""
        self.names.pop()


class CallScope(AbstractContextManager[None]):
    """Entered around every call of one strategy's code, also one within another."""

    __slots__ = ("_calls", "_strategy_id")

    def __init__(self, strategy_id: str, calls: CallStack) -> None:
        self._strategy_id, self._calls = strategy_id, calls

    def __enter__(self) -> None:
        self._calls.enter(self._strategy_id)

    def __exit__(self, *_: object) -> None:
        self._calls.leave()


_of_this_run: ContextVar[CallStack | None] = ContextVar("whose code runs in the run of this context", default=None)


def begin_calls(calls: CallStack) -> None:
    """Begin a run in this context, with `calls` as its calls; EngineError inside a strategy's callback."""
    refuse_run_in_callback()
    _of_this_run.set(calls)


def refuse_run_in_callback() -> None:
    """Raise EngineError while a strategy is being called: runs don't nest."""
    calls = _of_this_run.get()
    if calls is not None and calls.names:
        who = f"strategy {calls.names[-1]!r}" if calls.names[-1] else "a strategy"
        raise EngineError(f"{who} starts a run from inside a run, which can't be done")


def current_call() -> tuple[str, object]:
    """Return whose code runs now in this context, and the facts of its run; "" and None where none does."""
    calls = _of_this_run.get()
    return (calls.names[-1], calls.facts) if calls is not None and calls.names else ("", None)


def error_text(error: BaseException, scope: AbstractContextManager[object]) -> str:
    """Return what an error of a strategy says. That text is the strategy's code, too: it may hang or break."""
    try:
        with scope:
            return str(error)
    except UserInterrupt:
        raise
    except BaseException:
        return UNTELLABLE


def error_kind(error: BaseException) -> str:
    """Return the name of an error's class, whatever its metaclass says."""
    return str(type.__dict__["__name__"].__get__(type(error)))


def error_texts(error: BaseException, scope: AbstractContextManager[object]) -> tuple[str, str]:
    """Return an error's text and its traceback; without any texts where one of them hangs or breaks."""
    message = error_text(error, scope)
    if message != UNTELLABLE:
        try:
            with scope:
                return message, "".join(traceback.format_exception(error))
        except UserInterrupt:
            raise
        except BaseException:  # such as its notes
            pass
    return message, "".join(traceback.format_tb(error.__traceback__)) + error_kind(error)


def place_of(error: BaseException) -> tuple[str, int]:
    """Return the innermost file and line of the user's own code that an error passed; "" and 0 where there is none."""
    place = ("", 0)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _is_users(frame.f_code.co_filename):
            place = (frame.f_code.co_filename, line)
    return place


def _is_users(file: str) -> bool:
    """Return whether a file is neither ours, nor Python's, nor installed; compiled modules have no absolute path."""
    path = PurePath(file)
    installed = any(folder in path.parts for folder in _INSTALLED)
    return path.is_absolute() and not installed and not any(path.is_relative_to(folder) for folder in _OTHERS)
