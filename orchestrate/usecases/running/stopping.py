"""When a run has to stop before its end: Ctrl-C, or its time is up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

from orchestrate.domain.errors import InterruptedRunError, OrchestrateError, TimeLimitError, UserInterrupt
from orchestrate.supervision.board import DEADLINE, board
from orchestrate.supervision.settings import REPEATED

#: The last moment that the board can hold, in nanoseconds.
_NEVER: Final = 2**62


class Stop:
    """Decide between steps whether to stop; `reason` says why.

    While entered, a first Ctrl-C only asks for the stop, so that what is done can be kept; a second one breaks off.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._pressed = 0.0
        self.reason: OrchestrateError | None = None

    def __call__(self) -> bool:
        """Return True as soon as there is a reason."""
        if self.reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = TimeLimitError(f"the time limit of {self._seconds:g} seconds has passed")
            board().words[DEADLINE] = 0
        return self.reason is not None

    def disarm(self) -> None:
        """Apply no limit to what follows: storing what is done."""
        self._deadline = None
        board().words[DEADLINE] = 0

    def __enter__(self) -> Self:
        if self._deadline is not None:
            board().words[DEADLINE] = int(min(self._deadline * 1e9, _NEVER))
        self._on_main_thread = threading.current_thread() is threading.main_thread()
        if self._on_main_thread:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.disarm()
        if self._on_main_thread:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        before, self._pressed = self._pressed, time.monotonic()
        if not isinstance(self.reason, InterruptedRunError):
            self.reason = InterruptedRunError("interrupted")
        elif self._pressed - before > REPEATED:
            raise UserInterrupt


@contextmanager
def interrupts() -> Iterator[None]:
    """Make the KeyboardInterrupt of a Ctrl-C one that no strategy can have raised, whatever handles it."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            raise UserInterrupt from None

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
