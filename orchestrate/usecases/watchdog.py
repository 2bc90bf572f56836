"""A limit for how long one call of a strategy's code may take, by SIGALRM on the main thread."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Final

from orchestrate.orchestration.asking import Asked, Asking

_TICKS: Final = 4


class StrategyTimeout(BaseException):
    """A strategy took too long for one decision. No `Exception`, so that the strategy's own handlers don't eat it."""


class Watchdog(Asked, AbstractContextManager[None]):
    """Knows who is being asked. While `armed`, a call that takes longer than `seconds` is broken off.

    Calls within calls count as the outermost. One timer for the whole run ticks a few times per limit and looks whether
    the same call is still under way, so that watching costs a call nothing; it is broken off after `seconds` to 1.25 ×
    `seconds`. Within one call into C no tick comes through: what was missed is counted as soon as it is over.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._seen = 0
        self._ticks = 0
        self._ticked = 0.0

    def __enter__(self) -> None:
        self.enter("")

    def __exit__(self, *_: object) -> None:
        self.leave()

    @contextmanager
    def armed(self) -> Iterator[bool]:
        """Let the timer run; False where that isn't possible, which is anywhere but on the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield False
            return
        before = signal.signal(signal.SIGALRM, self._tick)
        self._ticked = time.monotonic()
        timer = signal.setitimer(signal.ITIMER_REAL, self._seconds / _TICKS, self._seconds / _TICKS)
        try:
            yield True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, *timer)

    def _tick(self, _signal: int, frame: FrameType | None) -> None:
        before, self._ticked = self._ticked, time.monotonic()
        if not self.names:
            return
        if self.calls != self._seen:
            self._seen, self._ticks = self.calls, 0
        self._ticks += max(1, int((self._ticked - before) * _TICKS / self._seconds))
        if self._ticks > _TICKS and frame is not None and frame.f_code not in _BRACKETS:
            self._ticks = 0
            raise StrategyTimeout(f"no answer within {self._seconds:g} seconds (execution.strategy_timeout)")


#: Where nothing is broken off, because whoever enters has to leave; a call that is over is no longer late.
_BRACKETS: Final = frozenset(
    bracket.__code__
    for bracket in (
        *(Asked.enter, Asked.leave, Asking.__enter__, Asking.__exit__),
        *(Watchdog.__enter__, Watchdog.__exit__),
    )
)
