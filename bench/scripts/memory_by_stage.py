"""`memory_by_stage.py CONFIG` runs it as the command line does and prints megabytes at most after each stage."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orchestrate.usecases.running.run as usecase
import orchestrate.usecases.running.setup as setup
from orchestrate.cli import main
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator

STAGES = {
    "load": (setup, "the bars are loaded"),
    "begin": (CrossFrameworkOrchestrator, "signals are computed, engines set up"),
    "run": (CrossFrameworkOrchestrator, "every fill is made"),
    "results": (CrossFrameworkOrchestrator, "curves are drawn"),
    "_run": (usecase, "look-ahead is checked"),
}


def at_most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def reporting(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
    def followed(*arguments: Any, **named: Any) -> Any:
        answer = function(*arguments, **named)
        print(f"{at_most():6.0f}  {stage}", file=sys.stderr)
        return answer

    return followed


print(f"{at_most():6.0f}  imported", file=sys.stderr)
for name, (owner, stage) in STAGES.items():
    setattr(owner, name, reporting(getattr(owner, name), stage))
sys.argv = ["orchestrate", "backtest", sys.argv[1], "-q"]
with suppress(SystemExit):
    main()
print(f"{at_most():6.0f}  the run is stored", file=sys.stderr)
