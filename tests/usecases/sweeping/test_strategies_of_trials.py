"""What a run leaves in the modules of a strategy does not reach the next trial."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.domain.plan import RunPlan
from orchestrate.usecases.sweeping.strategies import KeptClasses
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan

FILE = """\
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from helper import AVERAGES
from orchestrate import Parameter, Signals, moving_average

COUNT = 0
SEEN = []
BY_NAME = {"spans": [5]}


class Rule:
    parameters = {"span": Parameter(int, default=5)}
    span = 5
    runs = 0

    def __init__(self, span=5):
        self.span = span

    def window(self, more=[]):
        return self.span + len(more)

    def signals(self, bars):
        window = self.learn()
        mean = moving_average(bars.close, window)
        return Signals(enter_long=bars.close > mean, exit_long=bars.close < mean)

    def learn(self):
        return self.span


def counter():
    count = 0

    def count_one():
        nonlocal count
        count += 1
        return count

    return count_one


COUNT_ONE = counter()
"""
LEAKS = {
    "a global": "global COUNT\n        COUNT += 1\n        return self.span + COUNT",
    "a list of the module": "SEEN.append(1)\n        return self.span + len(SEEN)",
    "a mapping within a mapping": 'BY_NAME["spans"].append(1)\n        return self.span + len(BY_NAME["spans"])',
    "an attribute of the class": "Rule.runs += 1\n        return self.span + Rule.runs",
    "a mutated default": "Rule.window.__defaults__[0].append(1)\n        return self.window()",
    "an attribute of a function": "counter.n = vars(counter).get('n', 0) + 1\n        return self.span + counter.n",
    "a closure": "return self.span + COUNT_ONE()",
    "another module": "AVERAGES.append(1)\n        return self.span + len(AVERAGES)",
}
#: Classes as people write them, which are kept.
PLAIN = "\n\n@dataclass(frozen=True)\nclass Fact:\n    one: int = 1\n    two: tuple = (1, 2)\n\n\nFACT = Fact()\n"
UNKNOWN = "\n\n@lru_cache\ndef double(number):\n    return 2 * number\n"


def plan_of(folder: Path, source: str) -> RunPlan:
    (folder / "rule.py").write_text(source)
    (folder / "helper.py").write_text("AVERAGES = []\n")
    (folder / "plan.yaml").write_text(
        'strategy: {name: "rule.py:Rule", config: {span: 5}}\ndata: {A: {synthetic: {bars: 120, seed: 3}}}\n'
    )
    plan = read_plan(folder / "plan.yaml", environ={}).plan
    assert plan is not None
    return plan


@pytest.mark.parametrize("leak", LEAKS)
def test_a_trial_finds_modules_as_they_were_loaded(tmp_path: Path, leak: str) -> None:
    plan = plan_of(tmp_path, FILE.replace("return self.span\n\n\ndef", f"{LEAKS[leak]}\n\n\ndef"))
    workbench = Workbench(plan)
    first = workbench.trial(plan)
    assert first.metrics["trades"]
    assert workbench.trial(plan).metrics == first.metrics


def kept(plan: RunPlan) -> bool:
    """Return whether the second trial gets the class of the first one."""
    loader, strategy = KeptClasses(), plan.strategies[0]
    description = loader.describe(strategy.reference, plan.root)
    one, other = (loader.load(replace(strategy, config={"span": span}), description) for span in (5, 6))
    assert (one.span, other.span) == (5, 6)  # type: ignore[attr-defined]
    return type(one) is type(other)


@pytest.mark.parametrize(("more", "is_kept"), [(PLAIN, True), (UNKNOWN, False)])
def test_a_class_is_kept_where_every_change_would_show(tmp_path: Path, more: str, is_kept: bool) -> None:
    assert kept(plan_of(tmp_path, FILE + more)) is is_kept


def test_strategies_of_one_file_share_nothing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, FILE)
    loader, strategy = KeptClasses(), plan.strategies[0]
    description = loader.describe(strategy.reference, plan.root)
    one, other = (loader.load(replace(strategy, id=name), description) for name in "ab")
    assert type(one) is not type(other)


def test_modules_that_are_executed_anew_leave_nothing_loaded(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, FILE + UNKNOWN)
    workbench = Workbench(plan)
    counts = []
    for _ in range(3):
        workbench.trial(plan)
        counts.append(sum(name.startswith("_orchestrate_strategy_") for name in sys.modules))
    assert counts[0] == counts[2]
