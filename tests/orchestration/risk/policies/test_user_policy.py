"""A user's function as a policy: what it sees, what it may answer, and the words for what it may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.errors import FunctionError, UserInterrupt
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView
from orchestrate.orchestration.risk.policies.source import FunctionSource
from orchestrate.orchestration.risk.policies.user import UserPolicy
from orchestrate.orchestration.strategies.calls import CallScope, CallStack
from tests.orchestration.risk.policies.settling import demands_of, entries_of, settled, stage_of, view, wants

DEMANDS = demands_of({"a": 50.0, "b": -30.0})
SEEN = view({"a": 0.5, "b": 0.3})


def policy_of(function: Callable[..., Any]) -> UserPolicy:
    return UserPolicy(function, FunctionSource.of(function, "rules.py"), CallScope("rules.py:f", CallStack()))


def answering(answer: Any) -> Callable[..., Any]:
    """A function that answers that; its first line is the one that errors name."""

    def rule(_demands: object, _view: object) -> Any:
        return answer

    return rule


LINE = answering(0).__code__.co_firstlineno


@pytest.mark.parametrize(
    ("answer", "quantities"),
    [
        ([50, -30], [50, -30]),
        ((25.5, 0), [25.5, 0]),
        (np.array([10, -5]), [10, -5]),
        ([Decimal("0.1"), np.float64(-0.0)], [0.1, 0]),
        ([50 * (1 + 1e-12), -30], [50, -30]),  # what floats leave
    ],
)
def test_numbers_in_any_sequence_are_an_answer(answer: Any, quantities: list[float]) -> None:
    assert policy_of(answering(answer))(DEMANDS, SEEN) == pytest.approx(quantities)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "answers None: expected a sequence of 2 quantities"),
        (50, "answers a value of type int: expected a sequence of 2 quantities"),
        ("ab", "answers a value of type str: expected a sequence of 2 quantities"),
        ({"a": 1, "b": 2}, "answers a value of type dict: expected a sequence of 2 quantities"),
        ({1, 2}, "answers a value of type set: expected a sequence of 2 quantities"),
        ([50], "answers 1 quantities for 2 demands"),
        ([50, -30, 0], "answers 3 quantities for 2 demands"),
        ([50, None], "answers None for a quantity: expected a number"),
        (["50", -30], "answers a value of type str for a quantity: expected a number"),
        ([True, False], "answers a value of type bool for a quantity: expected a number"),
        ([1j, 0], "answers a value of type complex for a quantity: expected a number"),
        ([float("nan"), 0], "answers nan to a, which wants 50 of A: expected a finite number"),
        ([float("inf"), 0], "answers inf to a, which wants 50 of A: expected a finite number"),
        ([-1, 0], "answers -1 to a, which wants 50 of A: an answer has the sign of its demand, or is 0"),
        ([50, 30], "answers 30 to b, which wants -30 of A: an answer has the sign of its demand, or is 0"),
        ([51, -30], "answers 51 to a, which wants 50 of A: an answer is not larger than its demand"),
    ],
)
def test_anything_else_is_refused_in_words(answer: Any, words: str) -> None:
    with pytest.raises(FunctionError) as caught:
        policy_of(answering(answer))(DEMANDS, SEEN)
    assert str(caught.value) == f"rules.py:{LINE}: rule {words}"
    assert (caught.value.file, caught.value.line, caught.value.kind) == ("rules.py", LINE, "FunctionError")
    assert caught.value.exit_code == 1


def test_an_error_has_the_innermost_line_of_its_file() -> None:
    def inner() -> None:
        raise LookupError("no\nmodel")

    def rule(_demands: object, _view: object) -> list[float]:
        inner()
        return []

    with pytest.raises(FunctionError) as caught:
        policy_of(rule)(DEMANDS, SEEN)
    line = inner.__code__.co_firstlineno + 1
    assert str(caught.value) == f"rules.py:{line}: rule raises LookupError: no\\nmodel"
    assert (caught.value.line, caught.value.kind) == (line, "LookupError")
    assert "inner()" in caught.value.traceback


def test_whatever_is_raised_is_the_functions_but_ctrl_c() -> None:
    def leaves(_demands: object, _view: object) -> None:
        raise SystemExit(0)

    def interrupted(_demands: object, _view: object) -> None:
        raise UserInterrupt

    with pytest.raises(FunctionError, match="leaves raises SystemExit: 0"):
        policy_of(leaves)(DEMANDS, SEEN)
    with pytest.raises(UserInterrupt):
        policy_of(interrupted)(DEMANDS, SEEN)


def test_what_has_no_code_of_its_own_has_no_line() -> None:
    with pytest.raises(FunctionError) as caught:
        policy_of(partial(answering([1]), _view=None))([DEMANDS[0]], SEEN)
    assert (caught.value.file, caught.value.line) == ("", 0)
    assert str(caught.value).startswith("partial raises TypeError: ")


def test_the_code_that_runs_is_known_by_its_name() -> None:
    calls, names = CallStack(), []

    class Answer:
        def __len__(self) -> int:
            names.append(list(calls.names))
            return 2

        def __getitem__(self, place: int) -> int:
            return 0

    def rule(_demands: object, _view: object) -> Any:
        names.append(list(calls.names))
        return Answer()

    policy = UserPolicy(rule, FunctionSource.of(rule), CallScope("rules.py:rule", calls))
    assert policy(DEMANDS, SEEN) == [0, 0]
    assert names == [["rules.py:rule"]] * 2
    assert calls.names == []
    assert FunctionSource.of(rule).file == __file__


# ---- what it sees


def seen_by(function: Callable[[Sequence[ConflictDemand], ConflictView], Any], exits: Any = "protected") -> None:
    entries = entries_of({"a": 50, "b": 30, "c": 20}, {"a": 2, "b": 1}, {"a": 40, "b": -5})

    def rule(demands: Sequence[ConflictDemand], view: ConflictView) -> list[float]:
        function(demands, view)
        return [0.0 for _ in demands]

    stage = stage_of(entries, rule, exits)
    settled(stage, [wants("c", 5), wants("a", -40, closing=True), wants("b", 30), wants("a", -7)])
    assert stage.conflicts


def test_demands_come_in_the_order_of_the_file_without_protected_exits() -> None:
    seen: list[Any] = []
    seen_by(lambda demands, _view: seen.extend(demands))
    assert seen == [("a", "A", -7, False, 10.0), ("b", "A", 25, False, 10.0), ("c", "A", 5, False, 10.0)]
    seen.clear()
    seen_by(lambda demands, _view: seen.extend(demands), "included")
    assert seen == [("a", "A", -47, False, 10.0), ("b", "A", 30, False, 10.0), ("c", "A", 5, False, 10.0)]


def test_the_view_has_weights_priorities_positions_and_prices() -> None:
    def look(_demands: object, view: ConflictView) -> None:
        assert dict(view.weights) == {"a": 0.5, "b": 0.3, "c": 0.2}
        assert dict(view.priorities) == {"a": 2, "b": 1, "c": 0}
        assert {name: dict(held) for name, held in view.positions.items()} == {
            "a": {"A": 40},
            "b": {"A": -5},
            "c": {"A": 0},
        }
        assert dict(view.prices) == {"A": 10.0}
        assert repr(view.weights) == "{'a': 0.5, 'b': 0.3, 'c': 0.2}"
        assert len(view.positions) == 3
        with pytest.raises(KeyError):
            view.positions["nobody"]
        with pytest.raises(KeyError):
            view.positions["a"]["NOTHING"]

    seen_by(look)


def test_nothing_of_the_view_can_be_written() -> None:
    def write(_demands: object, view: Any) -> None:
        for table in (view.weights, view.priorities, view.positions, view.positions["a"], view.prices):
            with pytest.raises(TypeError):
                table["a"] = 1
        with pytest.raises(AttributeError):
            view.weights = {}

    seen_by(write)
