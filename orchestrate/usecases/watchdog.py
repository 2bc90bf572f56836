"""A limit for how long one call of a strategy's code may take, by SIGALRM on the main thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Final

_TICKS: Final = 4


class StrategyTimeout(BaseException):
    """A strategy took too long for one decision. No `Exception`, so that the strategy's own handlers don't eat it."""


class Watchdog(AbstractContextManager[None]):
    """Entered around every call of a strategy. While `armed`, a call that takes longer than `seconds` is broken off.

    Calls within calls count as the outermost. One timer for the whole run ticks a few times per limit, so that watching
    a call costs next to nothing; a call is broken off after `seconds` to 1.25 × `seconds`.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._depth = 0
        self._ticks = 0

    def __enter__(self) -> None:
        if not self._depth:
            self._ticks = 0
        self._depth += 1

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._depth -= 1

    @contextmanager
    def armed(self) -> Iterator[bool]:
        """Let the timer run; False where that isn't possible, which is anywhere but on the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield False
            return
        before = signal.signal(signal.SIGALRM, self._tick)
        timer = signal.setitimer(signal.ITIMER_REAL, self._seconds / _TICKS, self._seconds / _TICKS)
        try:
            yield True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, *timer)

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        if self._depth:
            self._ticks += 1
            if self._ticks > _TICKS:
                self._ticks = 0
                raise StrategyTimeout(f"no answer within {self._seconds:g} seconds (execution.strategy_timeout)")
