"""How long code takes beside a reference which the same test measures: a slow or busy machine is slow for both.

The suite knows no absolute seconds; those belong to `make bench`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

TURNS = 8


def seconds(work: Callable[..., object], *arguments: object) -> float:
    """Return the processor time of `work`."""
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started


def python_seconds(code: str, folder: Path | None = None, **environ: str) -> float:
    """Return the processor time of a Python process that runs `code`, with compiled modules kept as users have them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command, environment = [sys.executable, "-c", code], os.environ | {"PYTHONDONTWRITEBYTECODE": ""} | environ
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def plain_loop() -> int:
    """Do a million turns of nothing much: the reference for code that has none nearer to it."""
    total = 0
    for number in range(1_000_000):
        total += number % 7
    return total


@cache
def _loop_seconds() -> float:
    return min(seconds(plain_loop) for _ in range(3))


def in_loops(spent: float) -> float:
    """Return processor time as a number of plain loops on this machine."""
    return spent / _loop_seconds()


def least_ratio(work: Callable[[], float], reference: Callable[[], float], *, enough: float) -> float:
    """Return the least of the ratios that several turns give; one below `enough` ends them."""
    ratio = float("inf")
    for _ in range(TURNS):
        ratio = min(ratio, work() / reference())
        if ratio < enough:
            break
    return ratio
