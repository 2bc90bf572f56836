"""The executor on this machine: processes, or this very process for a single worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from orchestrate.domain.errors import ProcessError
from orchestrate.sweep.executors.executor import Tasks, Worker, lost_trial, never
from orchestrate.sweep.executors.pool import Pool, Process, pool
from orchestrate.sweep.executors.queue import DEATHS, TaskQueue

T = TypeVar("T")
R = TypeVar("R")
#: Seconds between two looks whether to stop.
_BEAT: Final = 0.1


def run(
    tasks: Tasks[T],
    worker: Worker[T, R],
    workers: int,
    *,
    lost: Callable[[str], Any] = lost_trial,
    address: str = "",  # noqa: ARG001  # an executor elsewhere needs one
    stop: Callable[[], bool] = never,
) -> Iterator[tuple[int, R]]:
    """Do the tasks as `Executor` says; there is no `address`."""
    size = workers or cores()
    if size == 1 or os.name == "nt":  # there, no descriptor can be handed to another process like this
        yield from _in_process(tasks, worker, stop)
        return
    queue = TaskQueue(tasks)
    with pool(worker, size) as processes:
        yield from _Shift(queue, processes, lost).results(stop)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_process(tasks: Tasks[T], worker: Worker[T, R], stop: Callable[[], bool]) -> Iterator[tuple[int, R]]:
    work = worker()
    for task in tasks:
        if stop():
            return
        if task is not None:
            yield task[0], work(task[1])


class _Shift:
    """Tasks on their way through the pool."""

    def __init__(self, queue: TaskQueue[Any], pool: Pool, lost: Callable[[str], Any]) -> None:
        self._queue, self._pool, self._lost = queue, pool, lost
        self._stillborn = 0

    def results(self, stop: Callable[[], bool]) -> Iterator[tuple[int, Any]]:
        """Yield results until there are no more tasks, or `stop` says so."""
        self._share_out()
        while self._queue.is_open and not stop():
            for process in self._pool.speaking(_BEAT):
                result = self._result_of(process)
                self._share_out()  # before the result is used: no worker waits for that
                if result is not None:
                    yield result
                    self._queue.used()
            self._share_out()

    def _share_out(self) -> None:
        """Give tasks to whoever is free."""
        while self._pool.has_room and (task := self._queue.take()):
            self._pool.give(task)

    def _result_of(self, process: Process) -> tuple[int, Any] | None:
        """Return the result that a process sends, if it is one."""
        message = process.receive()
        if message is None:
            return self._result_of_death(process)
        kind, content = message
        if kind == "error":
            raise content
        if kind == "ready":
            process.is_ready, self._stillborn = True, 0
            return None
        (number, _), process.task = process.task, None
        return number, content

    def _result_of_death(self, process: Process) -> tuple[int, Any] | None:
        """Pass on the task of a dead process; return that there will be no result after too many deaths."""
        how = self._pool.bury(process)
        if not process.is_ready:
            self._stillborn += 1
            if self._stillborn >= DEATHS:
                raise ProcessError(f"workers end before their first task: {how}")
        if process.task is None or self._queue.put_back(process.task, blame=process.is_ready):
            return None
        return process.task[0], self._lost(f"it was the end of {DEATHS} workers: {how}")
