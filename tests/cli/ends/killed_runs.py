"""Runs that are killed without warning: forked from a process that has everything loaded, 50 times, then one in peace.

Arguments: how many, the seed of the moments. Prints how many runs were kept, and the seconds that a whole run takes.
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


def main() -> None:
    """Measure, kill, and end with a run that is not killed."""
    count, moments = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    gc.freeze()
    one_run(None)
    began = time.perf_counter()
    one_run(None)
    whole = time.perf_counter() - began
    # half of them anywhere, half of them towards the end, where files are written
    spans = [(0.0, 1.0), (0.7, 1.1)]
    killed = sum(one_run(whole * moments.uniform(*spans[turn % 2])) for turn in range(count))
    one_run(None)
    print(killed, len([entry for entry in Path("reports").iterdir() if entry.name[0] != "."]), whole)


main()
