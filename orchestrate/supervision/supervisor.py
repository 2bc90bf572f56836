"""The supervisor: the process that was started waits, while a child of it does the work.

It forks before anything is imported, so that it is small. The child states on the board whose code it is in; the
supervisor ends it when that code can't be broken off, and takes care that no run ends without a word. Both are in one
process group: what a terminal sends, such as Ctrl-C and Ctrl-Z, reaches both; what is sent to the supervisor alone is
passed on.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from typing import Final, NoReturn

from orchestrate.domain.errors import ConfigurationError
from orchestrate.supervision.board import CALL, CALL_LIMIT, DEADLINE, Board, use
from orchestrate.supervision.settings import GRACE, REPEATED, seconds

#: Seconds between two looks at the board. A longer gap means that the supervisor was stopped, and likely its child.
_BEAT: Final = 0.05
_FROM_TERMINAL: Final = 0x80  # SI_KERNEL: the whole process group has it
_PDEATHSIG: Final = 1
#: Signals by which others ask for the end; all but the first Ctrl-C must be obeyed at once.
_ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)


@contextmanager
def supervised() -> Iterator[None]:
    """Run the block in a child of this process and end as it does; in this process where that isn't possible."""
    grace = _grace()
    board, parent = Board(shared_memory()), os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, Watch.signals())
    try:
        child = os.fork()
    except OSError:  # there are no more processes to be had
        child = -1
    if child > 0:
        _supervise(child, board, grace)
    signal.pthread_sigmask(signal.SIG_SETMASK, usual)
    if child == 0:
        use(board)
        _end_with(parent)
    own = os.getpid()
    try:
        yield
    except SystemExit as left:
        if os.getpid() != own:  # a strategy has forked
            os._exit(0)
        board.over(left.code if isinstance(left.code, int) else int(left.code is not None))
        raise


def shared_memory() -> mmap:
    """Return memory for a board, shared with forked processes."""
    return mmap(-1, Board.SIZE)


def _grace() -> float:
    try:
        return seconds(GRACE, os.environ)
    except ConfigurationError:  # the command says so
        return GRACE[1]


def _end_with(parent: int) -> None:
    """Die when the supervisor is killed."""
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _supervise(child: int, board: Board, grace: float) -> NoReturn:
    """Wait for the child, and end as it did."""
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, _BEAT, _BEAT)  # sigtimedwait gives stale signals after a stop
    watch = Watch(child, board, grace)
    watch.wait()
    from orchestrate.supervision.ending import conclude

    code = conclude(watch, time.monotonic() - began)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)  # the first process of a container doesn't die of signals


class _Lasting:
    """For how long something has been the same, in time that the process had."""

    def __init__(self) -> None:
        self._what: object = None
        self._seconds = 0.0

    def seconds(self, what: object, had: float) -> float:
        """Return the seconds so far, of which the last `had`; 0 for nothing."""
        self._seconds = self._seconds + had if what and what == self._what else 0.0
        self._what = what
        return self._seconds


class Watch:
    """One child, from its fork to its end.

    `status` is what `waitpid` says of that, `asked` the signals by which others requested it, and `overdue` why the
    child was killed: "call", "limit", "asked" or "exit".
    """

    def __init__(self, child: int, board: Board, grace: float) -> None:
        self.board, self.grace = board, grace
        self.status: int | None = None
        self.asked: list[int] = []
        self.overdue = ""
        self._child = child
        self._stopped = False
        self._signals = self.signals()
        self._noted = 0.0
        self._lasting = {name: _Lasting() for name in ("call", "limit", "asked", "exit")}

    @staticmethod
    def signals() -> set[int]:
        """Return signals that are waited for; a hang-up that is ignored (`nohup`) stays so."""
        others = {signal.SIGALRM, signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP}
        ignored = {number for number in _ENDING if signal.getsignal(number) is signal.SIG_IGN} - {signal.SIGINT}
        return {*_ENDING, *others} - ignored

    def wait(self) -> None:
        """Return when the child has ended, by itself or because it was overdue."""
        before = time.monotonic()
        while self.status is None:
            received = signal.sigwaitinfo(self._signals)
            if received.si_signo != signal.SIGALRM:
                self._pass_on(received.si_signo, received.si_code)
            self._reap()
            now = time.monotonic()
            had = 0.0 if self._stopped else min(now - before, 2 * _BEAT)
            before = now
            if self.status is None and not self.overdue:
                self.overdue = self._look(had)
                if self.overdue:
                    self._send(signal.SIGKILL)
        for number in signal.sigpending() & self._signals:  # what ended both at once
            self._note(number)

    def _reap(self) -> None:
        while self.status is None:
            child, status = os.waitpid(self._child, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if not child:
                return
            if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
                self._stopped = os.WIFSTOPPED(status)
            else:
                self.status = status

    def _look(self, had: float) -> str:
        """Return why the child has to be ended now; "" as long as it needn't."""
        words, grace, last = self.board.words, self.grace, self._lasting
        call, limit = words[CALL], words[CALL_LIMIT] / 1000
        late = 0 < words[DEADLINE] < time.monotonic_ns()
        urgent = [number for number in self.asked if number != signal.SIGINT] or self.asked[1:]
        lasted = {
            "exit": last["exit"].seconds(self.board.code is not None, had),
            "asked": last["asked"].seconds(bool(urgent), had),
            "limit": last["limit"].seconds(late, had),
            "call": last["call"].seconds(call if limit else 0, had) - limit,
        }
        return next((name for name, spent in lasted.items() if spent > 0 and spent >= grace), "")

    def _pass_on(self, number: int, code: int) -> None:
        alone = code != _FROM_TERMINAL
        self._note(number)
        if alone and number != signal.SIGCHLD:
            self._send(number)
        if number == signal.SIGTSTP:  # stop here, as the child does
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
            os.kill(os.getpid(), number)
            signal.pthread_sigmask(signal.SIG_BLOCK, {number})

    def _note(self, number: int) -> None:
        before = self._noted
        if number in _ENDING:
            self._noted = time.monotonic()
            if self.asked[-1:] != [number] or self._noted - before > REPEATED:
                self.asked.append(number)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._child, number)
