"""The worker processes of a sweep, as their parent sees them.

Each is a new interpreter, not a copy of this one: a process that has loaded engines has threads, and may not be copied.
Nothing but parent and child holds the ends of their pipe, so what comes through it was pickled by the other one.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from mmap import mmap
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Final

from orchestrate.domain.errors import ConfigurationError, InterruptedRunError, OrchestrateError, TimeLimitError
from orchestrate.supervision.board import JOURNAL, Board
from orchestrate.supervision.ending import conclude_worker
from orchestrate.supervision.settings import GRACE, seconds
from orchestrate.sweep.executors.executor import Message
from orchestrate.sweep.executors.patience import BEAT, Patience
from orchestrate.sweep.executors.shared import shared, unnamed

_CODE: Final = "import sys; sys.path[:] = {path!r}; from orchestrate.sweep.executors.process import main; main{given!r}"
#: Seconds that a worker without tasks gets to end by itself.
_GRACE: Final = 5.0


class Process:
    """A worker; `task` is the one it has, with its number, `is_ready` whether it can have begun it."""

    def __init__(self, lifeline: int, memory: int, sizes: Sequence[int]) -> None:
        self.connection, pipe = Pipe()
        self.task: Any = None
        self.is_ready = False
        self._late = ""
        self._is_given_up = False
        self._began = time.monotonic()
        with _board() as (self._board, descriptor):
            given = (pipe.fileno(), descriptor, lifeline, memory)
            code = _CODE.format(path=sys.path, given=(*given, list(sizes)))
            with pipe, _uninterrupted():
                self._process = subprocess.Popen(
                    [sys.executable, "-c", code], pass_fds=given, stdin=subprocess.DEVNULL, stdout=2
                )
        self._patience = Patience(self._board, _grace())

    def give(self, task: tuple[int, Any]) -> None:
        """Let the process have a task; one that is dead takes it with it."""
        self.task = task
        self._began = time.monotonic()
        self._board.words[JOURNAL] = 0
        self._patience.begin()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send_bytes(pickle.dumps(task[1], protocol=pickle.HIGHEST_PROTOCOL))

    def end_if_late(self) -> None:
        """End the process if the code it calls has had its time."""
        self._late = self._late or self._patience.reason()
        if self._late:
            self._process.kill()

    @property
    def is_over(self) -> bool:
        """Whether the process has ended; one that it has forked may still hold its end of the pipe."""
        return self._process.poll() is not None

    def receive(self) -> Message | None:
        """Return what the process sends; None if it is dead."""
        if self.is_over and not self.connection.poll():
            return None
        try:
            message: Message = pickle.loads(self.connection.recv_bytes())
        except (EOFError, ConnectionResetError):
            return None
        return message

    def give_up(self) -> None:
        """End the process whatever it is at."""
        self._is_given_up = self.task is not None
        self.end(grace=0.0 if self._is_given_up else _GRACE)

    def end(self, *, grace: float) -> str:
        """See that the process ends, and return how it did; it has `grace` seconds to do so by itself."""
        self.connection.close()
        try:
            code = self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self.task is not None:
            self._conclude_run(code)
        return self._late or (f"exit code {code}" if code >= 0 else signal.Signals(-code).name)

    def _conclude_run(self, code: int) -> None:
        """See that a run that was under way has an end in its journal."""
        given_up: OrchestrateError | None = None
        if self._late:
            given_up = TimeLimitError(self._late)
        elif self._is_given_up:
            given_up = InterruptedRunError("interrupted")
        conclude_worker(self._board, code, given_up, time.monotonic() - self._began)


class Pool:
    """Up to `size` processes that do what `worker` does; each is started for a task that no other is free for."""

    def __init__(self, size: int, lifeline: int, memory: int, sizes: Sequence[int]) -> None:
        self._size, self._given = size, (lifeline, memory, sizes)
        self._looked = time.monotonic()
        self.processes: dict[Connection, Process] = {}

    @property
    def has_room(self) -> bool:
        """Whether there is a process without a task, or may be one more."""
        return len(self.processes) < self._size or any(one.task is None for one in self.processes.values())

    def give(self, task: tuple[int, Any]) -> None:
        """Give the task to a process that has none; there must be room."""
        free = next((one for one in self.processes.values() if one.task is None), None)
        if free is None:
            free = Process(*self._given)
            self.processes[free.connection] = free
        free.give(task)

    def speaking(self, seconds: float) -> list[Process]:
        """Return the processes that have sent something, or are dead; wait for that, but no longer than this."""
        if time.monotonic() - self._looked > BEAT:
            self._looked = time.monotonic()
            for process in self.processes.values():
                process.end_if_late()
        ready = [self.processes[one] for one in wait(list(self.processes), seconds) if isinstance(one, Connection)]
        return ready or [process for process in self.processes.values() if process.is_over]

    def bury(self, process: Process) -> str:
        """Forget a process that is dead, and return how it ended."""
        del self.processes[process.connection]
        return process.end(grace=_GRACE)

    def end(self) -> None:
        """End all processes; what those with a task are at is given up."""
        for connection in self.processes:
            connection.close()
        for process in self.processes.values():
            process.give_up()


@contextmanager
def pool(worker: object, size: int) -> Iterator[Pool]:
    """Yield a pool; its processes end with the block, or with this process, however that ends."""
    watched, lifeline = os.pipe()
    try:
        with shared(worker) as (memory, sizes):
            processes = Pool(size, watched, memory, sizes)
            try:
                yield processes
            finally:
                processes.end()
    finally:
        os.close(watched)
        os.close(lifeline)


@contextmanager
def _board() -> Iterator[tuple[Board, int]]:
    """Yield a board that another process can have, and the descriptor of its memory."""
    descriptor = unnamed()
    try:
        os.ftruncate(descriptor, Board.SIZE)
        yield Board(mmap(descriptor, Board.SIZE)), descriptor
    finally:
        os.close(descriptor)


def _grace() -> float:
    try:
        return seconds(GRACE, os.environ)
    except ConfigurationError:  # the command says so
        return GRACE[1]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a process that is started meanwhile begin with Ctrl-C held back, until it can tell what to do about it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
