"""The executor on a Ray cluster: one actor a worker, with what it works on in the object store of its machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, TypeVar

from orchestrate.domain.errors import ConfigurationError
from orchestrate.sweep.executors.executor import Message, Tasks, Worker, lost_trial, never
from orchestrate.sweep.executors.local import cores
from orchestrate.sweep.executors.process import portable
from orchestrate.sweep.executors.queue import TaskQueue
from orchestrate.sweep.executors.shift import Shift

T = TypeVar("T")
R = TypeVar("R")
_INSTALL: Final = "Ray is not installed: pip install 'orchestrate-portfolio[ray]'"


def run(
    tasks: Tasks[T],
    worker: Worker[T, R],
    workers: int,
    *,
    lost: Callable[[str], Any] = lost_trial,
    address: str = "",
    stop: Callable[[], bool] = never,
) -> Iterator[tuple[int, R]]:
    """Do the tasks as `Executor` says, on the cluster at `address`, or on one of this machine for as long as it takes.

    `workers` 0: one for each processor of the cluster.
    """
    try:
        ray: Any = import_module("ray")
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
    with _connected(ray, address, workers):
        crew = _Actors(ray, worker, workers or int(ray.cluster_resources().get("CPU", 1)))
        try:
            yield from Shift(TaskQueue(tasks), crew, lost).results(stop)
        finally:
            crew.end()


@contextmanager
def _connected(ray: Any, address: str, workers: int) -> Iterator[None]:
    """Connect with a cluster for the block; one that this process is connected with already is used as it is."""
    if ray.is_initialized():
        yield
        return
    of_this_machine = {} if address else {"num_cpus": workers or cores(), "include_dashboard": False}
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}}
    ray.init(
        address=address or "local",
        runtime_env={} if address else environment,
        logging_level="error",
        log_to_driver=False,
        **of_this_machine,
    )
    try:
        yield
    finally:
        ray.shutdown()


class Doer:
    """What an actor is: it does tasks in a process of its own."""

    def __init__(self, worker: Worker[Any, Any]) -> None:
        self._worker = worker

    def begin(self) -> Message:
        """Make the function that does tasks."""
        try:
            self._work = self._worker()
        except Exception as error:
            return "error", portable(error)
        return "ready", None

    def work(self, task: object) -> Message:
        """Do a task."""
        try:
            return "result", self._work(task)
        except Exception as error:
            return "error", portable(error)


class _Actor:
    """A worker, as its parent sees it; see `Member`."""

    def __init__(self, ray: Any, kind: Any, worker: Any) -> None:
        self._ray, self.handle = ray, kind.remote(worker)
        self._answers = [self.handle.begin.remote()]
        self.task: Any = None
        self.is_ready = False

    @property
    def answer(self) -> Any:
        """Where the next answer will be; None where there is no question."""
        return self._answers[0] if self._answers else None

    def give(self, task: tuple[int, Any]) -> None:
        """Let the actor have a task."""
        self.task = task
        self._answers.append(self.handle.work.remote(task[1]))

    def receive(self) -> Message | None:
        """See `Member`."""
        try:
            message: Message = self._ray.get(self._answers.pop(0))
        except self._ray.exceptions.RayActorError:
            return None
        return message


class _Actors:
    """Up to `size` actors; see `Crew`."""

    def __init__(self, ray: Any, worker: object, size: int) -> None:
        self._ray, self._size = ray, size
        self._kind = ray.remote(num_cpus=1, max_restarts=0)(Doer)
        self._worker = ray.put(worker)
        self._actors: list[_Actor] = []

    @property
    def has_room(self) -> bool:
        """See `Crew`."""
        return len(self._actors) < self._size or any(actor.task is None for actor in self._actors)

    def give(self, task: tuple[int, Any]) -> None:
        """See `Crew`."""
        free = next((actor for actor in self._actors if actor.task is None), None)
        if free is None:
            free = _Actor(self._ray, self._kind, self._worker)
            self._actors.append(free)
        free.give(task)

    def speaking(self, seconds: float) -> Sequence[_Actor]:
        """See `Crew`."""
        answers = {actor.answer: actor for actor in self._actors if actor.answer is not None}
        ready, _ = self._ray.wait(list(answers), num_returns=1, timeout=seconds)
        return [answers[answer] for answer in ready]

    def bury(self, member: _Actor) -> str:
        """See `Crew`."""
        self._actors.remove(member)
        return "its actor died"

    def end(self) -> None:
        """End all actors."""
        for actor in self._actors:
            self._ray.kill(actor.handle)
