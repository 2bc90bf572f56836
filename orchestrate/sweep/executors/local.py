"""The executor on this machine: processes, or this very process for a single worker."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from orchestrate.sweep.executors.executor import Tasks, Worker, lost_trial, never
from orchestrate.sweep.executors.pool import pool
from orchestrate.sweep.executors.queue import TaskQueue
from orchestrate.sweep.executors.shift import Shift

T = TypeVar("T")
R = TypeVar("R")


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
        yield from Shift(queue, processes, lost).results(stop)


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return how many cores this process may use; `quota` is what a container has of them, where it has one."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        return max(1, min(there, math.ceil(int(most) / int(period))))
    except (OSError, ValueError):  # there is none, or no limit ("max")
        return there


def _in_process(tasks: Tasks[T], worker: Worker[T, R], stop: Callable[[], bool]) -> Iterator[tuple[int, R]]:
    work = worker()
    for task in tasks:
        if stop():
            return
        if task is not None:
            yield task[0], work(task[1])
