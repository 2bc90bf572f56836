"""Workers for executors: picklable, and made in each process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrate.domain.errors import DataError
from orchestrate.supervision.board import A_CALL, BEGUN, CALL, CALL_LIMIT, JOURNAL, board


@dataclass(frozen=True)
class Squares:
    """Squares numbers."""

    def __call__(self) -> Callable[[int], int]:
        return lambda number: number * number


@dataclass(frozen=True)
class ProcessIds:
    """Says who does a task; each takes so long that no process does all."""

    seconds: float = 0.05

    def __call__(self) -> Callable[[int], int]:
        def work(_task: int) -> int:
            time.sleep(self.seconds)
            return os.getpid()

        return work


@dataclass(frozen=True)
class Sums:
    """Adds a number to the sum of columns, after an attempt to change them; 3 is an error."""

    columns: dict[str, np.ndarray]

    def __call__(self) -> Callable[[int], tuple[float, bool, str]]:
        def work(number: int) -> tuple[float, bool, str]:
            if number == 3:
                raise DataError("no more bars")
            column = self.columns["close"]
            try:
                column.flags.writeable = True
            except ValueError as error:
                return float(column.sum()) + number, column is self.columns["same"], str(error)
            return 0.0, False, ""

        return work


@dataclass(frozen=True)
class Killers:
    """Kills its process at some tasks, each so many times; counts that in files of a folder."""

    victims: dict[int, int]
    folder: Path

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            if len(list(self.folder.glob(f"{number}-*"))) < self.victims.get(number, 0):
                (self.folder / f"{number}-{os.getpid()}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return number

        return work


@dataclass(frozen=True)
class Stillborn:
    """Ends its process before it can do anything."""

    def __call__(self) -> Callable[[int], int]:
        os._exit(7)


@dataclass(frozen=True)
class Broken:
    """Raises an error at the task 3; one that no other process can read, or one of the tree."""

    readable: bool

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            if number == 3:
                raise (
                    DataError("no such bars", where="IBM", hint="buy some") if self.readable else Unreadable(number, 1)
                )
            return number

        return work


class Unreadable(Exception):
    """An error that pickle can't make again."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


@dataclass(frozen=True)
class Sleepers:
    """Notes its process in a folder, and sleeps for very long."""

    folder: Path

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            if number:
                (self.folder / str(os.getpid())).touch()
                time.sleep(600)
            return number

        return work


@dataclass(frozen=True)
class Runners:
    """States on the board that a run of this folder is under way, and sleeps: at once, or in a call of `LIMIT` ms."""

    folder: Path
    limit: int = 0

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            facts = {"journal": str(self.folder / "journal"), "user": "ann", "run_id": f"RUN{os.getpid()}"}
            board().state(facts | {"reports": str(self.folder), "several": False})
            board().name(["trend"])
            board().words[JOURNAL] = BEGUN
            board().words[CALL_LIMIT], board().words[CALL] = self.limit, bool(self.limit) * A_CALL
            (self.folder / f"begun-{os.getpid()}").touch()
            time.sleep(600)
            return number

        return work


@dataclass(frozen=True)
class Printers:
    """Prints, as Python does and as a library in C does."""

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            print("from python", flush=True)
            os.write(1, b"from below\n")
            return number

        return work


@dataclass(frozen=True)
class Hanging:
    """States a call of a strategy that does not end at the task 2, as the watchdog of a run does."""

    def __call__(self) -> Callable[[int], int]:
        def work(number: int) -> int:
            if number == 2:
                board().words[CALL_LIMIT] = 100
                board().words[CALL] = 1
                time.sleep(600)
            return number

        return work
