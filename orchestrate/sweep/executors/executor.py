"""What an executor owes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from orchestrate.domain.sweeps import Measured, TrialStatus

T = TypeVar("T")
R = TypeVar("R")
#: A numbered task; None where those that follow depend on the results of all before.
Tasks: TypeAlias = Iterable[tuple[int, T] | None]
#: Makes the function that does a task; called once in each process that does any.
Worker: TypeAlias = Callable[[], Callable[[T], R]]
#: What a worker sends: that it is ready for tasks, a result, or the error that ends all.
Message: TypeAlias = tuple[Literal["ready", "result", "error"], Any]


class Executor(Protocol):
    """Do tasks with a number of workers, and yield each result with the number of its task, in the order they end.

    Tasks are taken as workers become free: one that waits for a free worker has not been taken. After a None among the
    tasks, the next one is taken when every earlier result has been used. With one worker, tasks are done in order.
    `worker` is pickled with what it has; arrays in it are shared by all processes of a machine, and read-only there.
    `workers` 0: one for each core. A task whose worker dies is done by another one; the result of a task that was the
    end of three is `lost(reason)`. An error that a task raises ends all of them.
    `stop` is called a few times a second; after it says True no more results come, and what is under way is given up.
    """

    def __call__(
        self,
        tasks: Tasks[Any],
        worker: Worker[Any, Any],
        workers: int,
        *,
        lost: Callable[[str], Any],
        address: str,
        stop: Callable[[], bool],
    ) -> Iterator[tuple[int, Any]]:
        """Yield the number of a task and its result."""
        ...


def lost_trial(reason: str) -> Measured:
    """Return what is known of a trial that no worker survives."""
    return Measured(TrialStatus.FAILED, reason)


def never() -> bool:
    """Return False."""
    return False
