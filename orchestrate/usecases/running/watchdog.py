"""A limit for how long one call of a strategy's code may take, by SIGALRM on the main thread."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from orchestrate.domain.errors import UserInterrupt
from orchestrate.orchestration.strategies.calls import CallScope, CallStack
from orchestrate.supervision.board import A_CALL, CALL, CALL_LIMIT, DEADLINE, Board, Numbers, board, use

_TICKS: Final = 4
_LONGEST_TICK: Final = 0.25


class StrategyTimeout(BaseException):
    """A strategy took too long for one decision. No `Exception`, so that the strategy's own handlers don't eat it."""


class Watchdog(CallStack):
    """Track whose code runs, and state it on the board. While `armed`, a call that takes longer than `seconds` is
    broken off.

    Calls within calls count as the outermost. One timer for the whole run ticks a few times per limit and looks whether
    the same call is still under way, so that watching costs a call nothing; it is broken off at most a tick late, and
    when the time limit of the run has passed. Within one call into C no tick comes through: what was missed is counted
    as soon as it is over, as far as it took processor time; the rest is time that the process didn't have, because it
    was stopped. Code that swallows the timeout and then returns has failed all the same. What can't be broken off is
    the supervisor's.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._tick_seconds = min(seconds / _TICKS, _LONGEST_TICK)
        self._words, self._numbers = board().words, board().numbers
        self._seen = 0
        self._spent = 0.0
        self._ticked = (0.0, 0.0)
        self._broken_off, self._late = 0, ""

    def enter(self, name: str) -> None:
        """Note that the code of `name` begins."""
        names = self.names
        if not names:
            self.calls = calls = self.calls + A_CALL
            self._words[CALL] = calls | self._numbers[name]
        names.append(name)

    def leave(self) -> None:
        """Note that the innermost code is over."""
        names = self.names
        names.pop()
        if not names:
            self._words[CALL] = 0

    def _leave_broken_off(self) -> None:
        """Leave after a timeout: StrategyTimeout if the code has swallowed it."""
        depth = len(self.names)
        Watchdog.leave(self)
        if depth > self._broken_off:
            return
        del self.leave
        if not isinstance(sys.exc_info()[1], StrategyTimeout | UserInterrupt):
            raise StrategyTimeout(self._late)

    @contextmanager
    def armed(self) -> Iterator[bool]:
        """Let the timer run; False where that isn't possible, which is anywhere but on the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield False
            return
        before = signal.signal(signal.SIGALRM, self._tick)
        self._ticked = (time.monotonic(), time.process_time())
        self._words[CALL_LIMIT] = round(self._seconds * 1000)
        timer = signal.setitimer(signal.ITIMER_REAL, self._tick_seconds, self._tick_seconds)
        _ARMED.append(self)
        try:
            yield True
        finally:
            _ARMED.remove(self)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, *timer)
            self._words[CALL_LIMIT] = 0

    def forked(self) -> None:
        """Let a process that a strategy has forked end when it comes back from the strategy's code."""
        use(Board())
        self._words, self._numbers = board().words, board().numbers
        self.leave = lambda: os._exit(0)  # type: ignore[method-assign]

    def _tick(self, _signal: int, frame: FrameType | None) -> None:
        had = self._had()
        if not self.names:
            return
        if self.calls != self._seen:
            self._seen, self._spent = self.calls, -self._tick_seconds  # it began within what has just passed
        self._spent += had
        if frame is None or frame.f_code in _BRACKETS:
            return
        if self._spent > self._seconds - self._tick_seconds / 2:
            self._spent = 0.0
            self._break_off(f"no answer within {self._seconds:g} seconds (execution.strategy_timeout)")
        if 0 < self._words[DEADLINE] < time.monotonic_ns():
            self._break_off("no answer before the time limit of the run (--time-limit)")

    def _break_off(self, late: str) -> NoReturn:
        self._broken_off, self._late = len(self.names), late
        self.leave = self._leave_broken_off  # type: ignore[method-assign]
        raise StrategyTimeout(late)

    def _had(self) -> float:
        """Return the time since the last tick that the process had."""
        (wall, cpu), self._ticked = self._ticked, (time.monotonic(), time.process_time())
        return min(self._ticked[0] - wall, max(self._tick_seconds, self._ticked[1] - cpu))


#: Where nothing is broken off, because every caller that enters has to leave; a call that is over is no longer late.
_BRACKETS: Final = frozenset(
    bracket.__code__
    for bracket in (
        *(Watchdog.enter, Watchdog.leave, Watchdog._leave_broken_off, CallScope.__enter__, CallScope.__exit__),
        *(Board.name, Board.state, Numbers.__missing__),
    )
)
_ARMED: Final[list[Watchdog]] = []


def _forked() -> None:
    for watchdog in _ARMED:
        watchdog.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
