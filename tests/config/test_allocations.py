"""`portfolio.allocation` in both forms, and its mistakes, reported at their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrate.config.json_schema import json_schema
from orchestrate.config.resolve import Resolution
from orchestrate.domain.portfolio import AllocationPlan
from orchestrate.wiring import choices, settings_types

Read = Callable[..., Resolution]
TEXT = """\
start: 2015-01-02
data: {IBM: {synthetic: {seed: 7}}}
strategies: {RSI: , MOMENTUM: }
portfolio:
  allocation: ALLOCATION
"""
MINE = {"mine.py": "from elsewhere import taken\nlater = 3\n\ndef weights(returns, strategies): ...\n"}


def written(allocation: str, more: str = "") -> str:
    return TEXT.replace("ALLOCATION", allocation) + more


def messages(resolution: Resolution) -> list[str]:
    return [str(problem).replace("\n", "|") for problem in resolution.problems]


@pytest.mark.parametrize(
    ("allocation", "more", "plan"),
    [
        ("equal", "", AllocationPlan("equal")),
        ("hrp", "", AllocationPlan("hrp", 252)),
        ("risk_parity", "  lookback: 60\n", AllocationPlan("risk_parity", 60)),
        ("{method: inverse_volatility}", "", AllocationPlan("inverse_volatility", 252)),
        ("{method: hrp, lookback: 3, every: }", "", AllocationPlan("hrp", 3)),
        ("mine.py:weights", "", AllocationPlan("mine.py:weights", 252)),
        ("{method: ./mine.py:taken, lookback: 20}", "", AllocationPlan("mine.py:taken", 20)),
    ],
)
def test_both_forms(read: Read, allocation: str, more: str, plan: AllocationPlan) -> None:
    read_plan = read(written(allocation, more), files=MINE).plan
    assert read_plan is not None
    assert read_plan.allocation == plan
    assert [float(strategy.weight) for strategy in read_plan.strategies] == [0.5, 0.5]


def test_the_short_form_can_be_completed(read: Read) -> None:
    plan = read(written("hrp"), overrides=["portfolio.allocation.lookback=20"]).plan
    assert plan is not None
    assert plan.allocation == AllocationPlan("hrp", 20)


def test_a_function_is_looked_up_beside_the_file_that_names_it(read: Read) -> None:
    base = written("mine.py:weights")
    plan = read("extends: base/base.yaml\n", files={"base/base.yaml": base, "base/mine.py": MINE["mine.py"]}).plan
    assert plan is not None
    assert plan.allocation.method == "base/mine.py:weights"


@pytest.mark.parametrize(
    ("allocation", "more", "mistake"),
    [
        (
            "risk_party",
            "",
            "config.yaml:5:15: portfolio.allocation.method: there is no 'risk_party'|    5 |   allocation: risk_party|"
            "      |               ^^^^^^^^^^ did you mean 'risk_parity'?",
        ),
        (
            "{method: mean}",
            "",
            "config.yaml:5:24: portfolio.allocation.method: there is no 'mean'|    5 |   allocation: {method: mean}|"
            "      |                        ^^^^ known: custom, equal, inverse_volatility, risk_parity, hrp, "
            "and path.py:function",
        ),
        (
            "mine.py:wights",
            "",
            "config.yaml:5:15: portfolio.allocation.method: mine.py has no function wights|"
            "    5 |   allocation: mine.py:wights|      |               ^^^^^^^^^^^^^^ did you mean 'weights'?",
        ),
        (
            "broken.py:weights",
            "",
            "config.yaml:5:15: portfolio.allocation.method: broken.py:1: syntax error: invalid syntax|"
            "    5 |   allocation: broken.py:weights|      |               ^^^^^^^^^^^^^^^^^",
        ),
        (
            "hrp",
            "  lookback: 2\n",
            "config.yaml:6:13: portfolio.lookback must be at least 3, not 2|    6 |   lookback: 2|"
            "      |             ^",
        ),
        (
            "{method: hrp, lookback: 20}",
            "  lookback: 30\n",
            "config.yaml:6:13: portfolio.lookback: 'lookback' is written twice|    6 |   lookback: 30|"
            "      |             ^^ keep portfolio.allocation.lookback",
        ),
        (
            "equal",
            "  lookback: 30\n",
            "config.yaml:6:13: portfolio.lookback: equal looks at no bars|    6 |   lookback: 30|"
            "      |             ^^ leave it out",
        ),
        (
            "{method: hrp, lookback: 20.5}",
            "",
            "config.yaml:5:39: portfolio.allocation.lookback: expected a whole number, found the number 20.5|"
            "    5 |   allocation: {method: hrp, lookback: 20.5}|"
            "      |                                       ^^^^",
        ),
        (
            "{method: hrp, every: decade}",
            "",
            "config.yaml:5:36: portfolio.allocation.every must be day, week, month, quarter or year, "
            "found the text 'decade'|    5 |   allocation: {method: hrp, every: decade}|"
            "      |                                    ^^^^^^",
        ),
        (
            "[hrp]",
            "",
            "config.yaml:5:15: portfolio.allocation: expected a mapping, found a list|    5 |   allocation: [hrp]|"
            "      |               ^",
        ),
    ],
)
def test_what_is_wrong(read: Read, allocation: str, more: str, mistake: str) -> None:
    reported = messages(read(written(allocation, more), files={**MINE, "broken.py": "def weights(:\n"}))
    assert mistake in reported


def test_a_file_that_is_not_there(read: Read, tmp_path: Path) -> None:
    (problem,) = read(written("yours.py:weights")).problems
    assert problem.message == "portfolio.allocation.method: there is no file yours.py"
    assert problem.hint == "it is looked up beside the configuration, then in the working directory"


def test_allocations_of_strategies_are_not_used(read: Read) -> None:
    text = written("hrp").replace("RSI: ,", "RSI: {allocation: 10},")
    messages = [finding.message for finding in read(text).findings if finding.where == "portfolio.allocation"]
    assert messages == ["hrp: the strategies' own allocations are not used"]


def test_a_lookback_without_a_variance_is_no_plan() -> None:
    with pytest.raises(ValueError, match="a lookback of 2 bars has no variance; it takes 3 or more"):
        AllocationPlan("hrp", 2)


def test_the_schema_knows_both_forms_and_every_method() -> None:
    schema = json_schema(settings_types(), choices())
    validator = Draft202012Validator(schema)

    def is_valid(allocation: Any) -> bool:
        return bool(validator.is_valid({"strategies": {"a": {}}, "portfolio": {"allocation": allocation}}))

    assert all(map(is_valid, ["hrp", "mine.py:f", None, {"method": "hrp", "lookback": 20, "every": "month"}]))
    assert not any(map(is_valid, [3, "", {"lookback": 2}, {"every": "decade"}, {"metod": "hrp"}]))
    described = json.dumps(schema["$defs"]["AllocationSection"]["properties"]["method"])
    assert all(name in described for name in choices().allocations)
