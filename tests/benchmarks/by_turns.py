"""Contestants measured by turns, so that all of them meet the same machine."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.scenes import Done


@dataclass(frozen=True)
class Taken:
    """A contestant's CPU seconds at the median, and its last run."""

    seconds: float
    last: Done


def by_turns(contestants: Mapping[str, Callable[[], Done]], turns: int) -> dict[str, Taken]:
    """Each runs once a turn; with more than two turns, a further one before them warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    last: dict[str, Done] = {}
    for turn in range(-1 if turns > 2 else 0, turns):
        for name, contestant in contestants.items():
            gc.collect()
            last[name] = contestant()
            if turn >= 0:
                seconds[name].append(last[name].seconds)
    return {name: Taken(median(taken), last[name]) for name, taken in seconds.items()}
