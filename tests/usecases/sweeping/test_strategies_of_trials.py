"""What a run leaves in the modules of a strategy does not reach the next trial."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.usecases.sweeping.answers import Answers, KeptAnswer
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


def made(loader: KeptClasses, strategy: StrategyPlan, root: Path) -> Any:
    observed: Any = loader.load(strategy, loader.describe(strategy.reference, root))
    return observed.strategy


def kept(plan: RunPlan) -> bool:
    """Return whether the second trial gets the class of the first one."""
    loader, strategy = KeptClasses(), plan.strategies[0]
    one, other = (made(loader, replace(strategy, config={"span": span}), plan.root) for span in (5, 6))
    assert (one.span, other.span) == (5, 6)
    return type(one) is type(other)


@pytest.mark.parametrize(("more", "is_kept"), [(PLAIN, True), (UNKNOWN, False)])
def test_a_class_is_kept_where_every_change_would_show(tmp_path: Path, more: str, is_kept: bool) -> None:
    assert kept(plan_of(tmp_path, FILE + more)) is is_kept


def test_strategies_of_one_file_share_nothing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, FILE)
    loader, strategy = KeptClasses(), plan.strategies[0]
    one, other = (made(loader, replace(strategy, id=name), plan.root) for name in "ab")
    assert type(one) is not type(other)


def test_modules_that_are_executed_anew_leave_nothing_loaded(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, FILE + UNKNOWN)
    workbench = Workbench(plan)
    counts = []
    for _ in range(3):
        workbench.trial(plan)
        counts.append(sum(name.startswith("_orchestrate_strategy_") for name in sys.modules))
    assert counts[0] == counts[2]


ASKED = FILE.replace("window = self.learn()", "print('asked', bars.symbol, self.span)\n        window = self.learn()")


def with_sizing(plan: RunPlan, percent: int, span: int) -> RunPlan:
    strategy = plan.strategies[0]
    sizing = replace(strategy.sizing, value=Decimal(percent))
    return replace(plan, strategies=(replace(strategy, sizing=sizing, config={"span": span}),))


def test_signals_are_asked_for_once_for_each_set_of_parameters(tmp_path: Path, capfd) -> None:
    plan = plan_of(tmp_path, ASKED)
    workbench = Workbench(plan)
    plans = [with_sizing(plan, percent, span) for percent in (30, 60, 90) for span in (5, 8)]
    trials = [workbench.trial(one) for one in plans]
    assert capfd.readouterr().err.splitlines() == ["asked A 5", "asked A 8"]
    assert [one.metrics for one in trials] == [Workbench(plan).trial(one).metrics for one in plans]
    later = replace(plan, start="2010-03-01")
    assert workbench.trial(later).metrics == Workbench(later).trial(later).metrics


def test_a_strategy_with_a_hook_is_asked_each_time(tmp_path: Path, capfd) -> None:
    hooked = ASKED.replace("    def learn(self):", "    def on_fill(self, fill):\n        pass\n\n    def learn(self):")
    plan = plan_of(tmp_path, hooked)
    workbench = Workbench(plan)
    for _ in range(2):
        workbench.trial(plan)
    assert capfd.readouterr().err.splitlines() == ["asked A 5"] * 2


def answers_of(bars: int) -> dict[str, KeptAnswer]:
    answer = KeptAnswer.of((np.zeros(bars, dtype=bool), np.ones(bars, dtype=bool)))
    assert answer is not None
    return {"A": answer, "B": answer}


def test_answers_take_no_more_memory_than_they_may() -> None:
    answers = Answers(room=100)  # a flag takes a bit
    for key in "abcde":
        answers.put(key, answers_of(80))
    assert [answers.strategy(key) is not None for key in "abcde"] == [False, False, False, True, True]
    answers.strategy("d")
    answers.put("f", answers_of(80))
    answers.put("g", answers_of(801))
    assert [answers.strategy(key) is not None for key in "defg"] == [True, False, True, False]


def test_an_answer_is_kept_as_it_was_given() -> None:
    rises, sizes = np.arange(11) % 3 == 0, np.linspace(0.0, 1.0, 11)
    signals = Signals(rises, [1] * 11, ~rises, size=sizes, stop_loss=0.1, absolute=True)
    for given in (signals, (rises, rises.astype(int))):
        answer = KeptAnswer.of(given)
        assert answer is not None
        assert repr(answer.said) == repr(given)
    rises[:] = False
    assert repr(answer.said) != repr(given)
    assert KeptAnswer.of((rises, rises, rises)) is None
