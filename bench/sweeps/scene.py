"""A sweep as every contestant runs it: one crossing of averages with 399 pairs of spans, each on its own capital."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bench.scenes.scene import FEE, QUANTITY, Scene
from bench.scenes.whole import bars_file
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.sweeps import Measured
from orchestrate.usecases.sweeping.workbench import Workbench

Pair = tuple[int, int]

FAST, SLOW = range(5, 26), range(30, 121, 5)
PAIRS = [(fast, slow) for fast in FAST for slow in SLOW]
CAPITAL = 100_000
SCENE = Scene(2_520, 1, 1)


def configuration(folder: Path) -> Path:
    """The sweep as a file of ours."""
    document = {
        "capital": CAPITAL,
        "data": {"S0": {"path": str(bars_file(SCENE, folder))}},
        "execution": {"commission": {"percent": FEE * 100}},
        "strategies": {
            "s": {
                "name": "MOMENTUM",
                "framework": "backtrader",
                "allocation": 100,
                "sizing": {"method": "fixed", "quantity": QUANTITY},
            }
        },
        "sweep": {"parameters": {"s.fast": [*FAST], "s.slow": [*SLOW]}, "objective": "total_return", "select": "best"},
    }
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def at(plan: RunPlan, pair: Pair) -> RunPlan:
    """The plan of a pair of spans."""
    [strategy] = plan.strategies
    config = {**strategy.config, "fast": pair[0], "slow": pair[1]}
    return replace(plan, strategies=(replace(strategy, config=config),))


@dataclass(frozen=True)
class Worker:
    plan: RunPlan
    workbench: Workbench

    def __call__(self) -> Callable[[Pair], Measured]:
        return lambda pair: self.workbench.trial(at(self.plan, pair))
