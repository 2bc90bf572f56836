"""Runs that are killed without warning: forked from a process that has everything loaded, 50 times, then one in peace.

Arguments: how many, the seed of the moments.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import time
from pathlib import Path

import orchestrate.engines.backtrader.adapter
import orchestrate.engines.nautilus.adapter
import orchestrate.runs.parquet  # noqa: F401 - like the two above: loaded here, so that no child has to
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.running import run  # noqa: F401 - the same

MEASURED = 10


def one_run(seconds: float | None) -> bool:
    """Fork a run and kill it after `seconds`; False when it was through before."""
    child = os.fork()
    if not child:
        backtest(Request("portfolio.yaml", overrides=("data.AAA.synthetic.bars=60", "data.BBB.synthetic.bars=60")))
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def seconds() -> float:
    """Return how long a run takes that is not killed."""
    began = time.perf_counter()
    one_run(None)
    return time.perf_counter() - began


def main() -> None:
    """Measure, kill, and end with a run that is not killed; print how many were killed, kept and left alone."""
    count, moments = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    gc.freeze()
    one_run(None)
    # half of them anywhere, half of them towards the end, where files are written
    spans, killed, whole = [(0.0, 1.0), (0.7, 1.1)], 0, 0.0
    for turn in range(count):
        if turn % MEASURED == 0:  # others may use the machine, too: how long a run takes changes
            whole = seconds()
        killed += one_run(whole * moments.uniform(*spans[turn % 2]))
    one_run(None)
    print(killed, len([entry for entry in Path("reports").iterdir() if entry.name[0] != "."]), 2 - -count // MEASURED)


main()
