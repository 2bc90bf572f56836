"""`memory_of_a_run.py CONFIG [MODULES]` runs a configuration and prints JSON.

Without MODULES: the names of all modules that are there in the end, as they came. With them, as a JSON list: megabytes
after importing them all, and at most once the configuration has been run: the difference is what the run allocates.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path


def held() -> float:
    """Megabytes held now; where the system doesn't say, at most so far."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return at_most()


def at_most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main(config: str, modules: str = "") -> None:
    for name in json.loads(modules or "[]"):
        if name.split(".")[0] == "backtrader":  # our adapter brings it, with some parts by name only
            continue
        with suppress(Exception):  # some are there under names that can't be imported
            importlib.import_module(name)
    from orchestrate.usecases.running.run import run
    from orchestrate.wiring import read_plan

    plan = read_plan(Path(config), environ={}).plan
    before = held()
    assert plan is not None
    assert run(plan).status == "completed"
    print(json.dumps([before, at_most()] if modules else list(sys.modules)))


if __name__ == "__main__":
    main(*sys.argv[1:])
