"""Which task comes next: those that dead workers have left, then new ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from orchestrate.sweep.executors.executor import Tasks

T = TypeVar("T")
#: So many workers may die of one task.
DEATHS: Final = 3


class TaskQueue(Generic[T]):
    """Tasks in their order, taken from their source one at a time."""

    def __init__(self, tasks: Tasks[T]) -> None:
        self._tasks: Iterator[tuple[int, T] | None] = iter(tasks)
        self._left: deque[tuple[int, T]] = deque()
        self._deaths: Counter[int] = Counter()
        self._open = 0
        self._waits = False

    def take(self) -> tuple[int, T] | None:
        """Return the next task; None if there is none, or none before more results have been used."""
        if self._left:
            return self._left.popleft()
        if self._waits and self._open:
            return None
        self._waits = False
        for task in self._tasks:
            if task is not None:
                self._open += 1
                return task
            self._waits = self._open > 0
            if self._waits:
                return None
        return None

    def used(self) -> None:
        """Note that a result has been used."""
        self._open -= 1

    @property
    def is_open(self) -> bool:
        """Whether a task that was taken has no result yet."""
        return self._open > 0

    def put_back(self, task: tuple[int, T], *, blame: bool) -> bool:
        """Let another worker have the task of a dead one, which it is to `blame` for; False after too many deaths."""
        self._deaths[task[0]] += blame
        if self._deaths[task[0]] >= DEATHS:
            return False
        self._left.append(task)
        return True
