"""Tasks on their way through workers that may die: who gets which, and what becomes of those of dead ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from orchestrate.domain.errors import ProcessError
from orchestrate.sweep.executors.executor import Message
from orchestrate.sweep.executors.patience import BEAT
from orchestrate.sweep.executors.queue import DEATHS, TaskQueue


class Member(Protocol):
    """A worker; `task` is the one it has, with its number, `is_ready` whether it can have begun it."""

    task: Any
    is_ready: bool

    def receive(self) -> Message | None:
        """Return what the worker sends; None if it is dead."""
        ...


class Crew(Protocol):
    """Workers, which are started as tasks need them."""

    @property
    def has_room(self) -> bool:
        """Whether there is a worker without a task, or may be one more."""
        ...

    def give(self, task: tuple[int, Any]) -> None:
        """Give the task to a worker that has none; there must be room."""
        ...

    def speaking(self, seconds: float) -> Sequence[Member]:
        """Return the workers that have sent something, or are dead; wait for that, but no longer than this."""
        ...

    def bury(self, member: Any) -> str:
        """Forget a worker that is dead, and return how it ended."""
        ...


class Shift:
    """Tasks of a queue on their way through a crew; `lost` makes the result of one that nobody survives."""

    def __init__(self, queue: TaskQueue[Any], crew: Crew, lost: Callable[[str], Any]) -> None:
        self._queue, self._crew, self._lost = queue, crew, lost
        self._stillborn = 0

    def results(self, stop: Callable[[], bool]) -> Iterator[tuple[int, Any]]:
        """Yield results until there are no more tasks, or `stop` says so."""
        self._share_out()
        while self._queue.is_open and not stop():
            for member in self._crew.speaking(BEAT):
                result = self._result_of(member)
                self._share_out()  # before the result is used: no worker waits for that
                if result is not None:
                    yield result
                    self._queue.used()
            self._share_out()

    def _share_out(self) -> None:
        """Give a task to each worker that is free."""
        while self._crew.has_room and (task := self._queue.take()):
            self._crew.give(task)

    def _result_of(self, member: Member) -> tuple[int, Any] | None:
        """Return the result that a worker sends, if it is one."""
        message = member.receive()
        if message is None:
            return self._result_of_death(member)
        kind, content = message
        if kind == "error":
            raise content
        if kind == "ready":
            member.is_ready, self._stillborn = True, 0
            return None
        (number, _), member.task = member.task, None
        return number, content

    def _result_of_death(self, member: Member) -> tuple[int, Any] | None:
        """Pass on the task of a dead worker; return that there will be no result after too many deaths."""
        how = self._crew.bury(member)
        if not member.is_ready:
            self._stillborn += 1
            if self._stillborn >= DEATHS:
                raise ProcessError(f"workers end before their first task: {how}")
        if member.task is None or self._queue.put_back(member.task, blame=member.is_ready):
            return None
        return member.task[0], self._lost(f"it was the end of {DEATHS} workers: {how}")
