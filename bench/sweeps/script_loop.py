"""The sweep on warm workbenches: `script_loop.py CONFIGURATION WORKERS`.

Prints the sum of final equities and the seconds from the first trial on, when every worker has run one already.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from bench.sweeps.scene import PAIRS, Pair, Worker
from orchestrate.sweep.executors.local import run
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan


class Clock:
    """Tasks that note when the first one is taken that counts, and when the last result is there."""

    def __init__(self, workers: int) -> None:
        self.workers, self.started, self.total = workers, 0.0, 0.0

    def tasks(self) -> Iterator[tuple[int, Pair] | None]:
        for number in range(4 * self.workers):
            yield -1 - number, PAIRS[number]
        yield None
        self.started = time.perf_counter()
        yield from enumerate(PAIRS)


if __name__ == "__main__":
    plan = read_plan(sys.argv[1], environ={}).plan
    assert plan is not None
    clock = Clock(int(sys.argv[2]))
    for number, measured in run(clock.tasks(), Worker(plan, Workbench(plan)), clock.workers):
        clock.total += (measured.final_equity or 0.0) if number >= 0 else 0.0
    print(clock.total, time.perf_counter() - clock.started)
