"""A process that does tasks, as it sees itself; `pool` starts it."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from mmap import mmap
from multiprocessing.connection import Connection
from typing import Any

from orchestrate.domain.errors import ProcessError
from orchestrate.supervision.board import Board, use
from orchestrate.sweep.executors.executor import Message
from orchestrate.sweep.executors.shared import read


def main(pipe: int, board: int, lifeline: int, memory: int, sizes: Sequence[int]) -> None:
    """Do the tasks that come through `pipe`, until it is closed or nobody holds the other end of `lifeline`.

    What is under way is stated on the `board`.
    """
    for descriptor in (pipe, board, lifeline, memory):
        os.set_inheritable(descriptor, False)
    use(Board(mmap(board, Board.SIZE)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    connection = Connection(pipe)
    try:
        _work(connection, memory, sizes)
    except (EOFError, BrokenPipeError, ConnectionResetError):  # the parent needs no more
        pass
    except BaseException as error:
        connection.send_bytes(_packed(("error", portable(error))))


def _work(connection: Connection, memory: int, sizes: Sequence[int]) -> None:
    gc.disable()  # imports make no garbage
    worker: Any = read(memory, sizes)
    os.close(memory)
    work: Callable[[Any], Any] = worker()
    gc.freeze()
    gc.enable()
    connection.send_bytes(_packed(("ready", None)))
    while True:
        task = pickle.loads(connection.recv_bytes())
        connection.send_bytes(_packed(("result", work(task))))


def _packed(message: Message) -> bytes:
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def portable(error: BaseException) -> BaseException:
    """Return the error, or one with its text if it can't be sent to another process; its traceback is a note."""
    trace = "".join(traceback.format_exception(error))
    try:
        error.add_note(trace)
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = ProcessError(f"{type(error).__name__}: {error}")
        error.add_note(trace)
    return error


def _end_with_parent(lifeline: int) -> None:
    """End this process when the parent is gone, whatever is under way."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for the main thread
    os.read(lifeline, 1)
    os._exit(1)
