"""The megabytes that trials take at most: `script_memory.py CONFIGURATION TRIALS` prints them."""

from __future__ import annotations

import resource
import sys
from itertools import cycle, islice

from bench.sweeps.scene import PAIRS, at
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan

if __name__ == "__main__":
    plan = read_plan(sys.argv[1], environ={}).plan
    assert plan is not None
    workbench = Workbench(plan)
    for pair in islice(cycle(PAIRS), int(sys.argv[2])):
        workbench.trial(at(plan, pair))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
