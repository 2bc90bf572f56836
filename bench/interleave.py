"""Contestants measured by turns, so that all of them meet the same machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Taken(Generic[T]):
    """A contestant's figures by turn, its last answer, and what broke it, if anything did."""

    seconds: tuple[float, ...]
    last: T | None
    broken: str = ""

    @property
    def middle(self) -> float:
        return median(self.seconds)


def interleave(
    contestants: Mapping[str, Callable[[], T]],
    turns: int,
    seconds_of: Callable[[T], float],
    *,
    patience: float = 10.0,
) -> dict[str, Taken[T]]:
    """Each once a turn, until it has taken `patience` seconds; with more than two turns, a further one warms up first.

    The warm-up counts only for those who lost patience in it. One that breaks doesn't take part any more; the others go
    on.
    """
    warms_up = turns > 2
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    last: dict[str, T] = {}
    broken: dict[str, str] = {}
    try:
        for _ in range(turns + warms_up):
            for name, contestant in contestants.items():
                if name in broken or sum(seconds[name]) > patience:
                    continue
                gc.collect()
                gc.freeze()  # what others have left or imported is not looked through again during this one's time
                try:
                    last[name] = contestant()
                except Exception as error:  # reported beside its name; all other measurements count
                    broken[name] = f"{type(error).__name__}: {error}"
                    continue
                seconds[name].append(seconds_of(last[name]))
    finally:
        gc.unfreeze()
    counted = {name: taken[1:] if warms_up and len(taken) > 1 else taken for name, taken in seconds.items()}
    return {name: Taken(tuple(counted[name]), last.get(name), broken.get(name, "")) for name in contestants}


def timed(work: Callable[..., object], *arguments: object) -> float:
    """CPU seconds."""
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started
