"""Parameters given against parameters declared."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.strategies.parameters import ParameterProblem, fill_parameters
from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription


def strategy(parameters: Mapping[str, Parameter] | None, *relations: str) -> StrategyDescription:
    return StrategyDescription("TREND", "signals", "TREND", ("backtrader",), parameters, relations)


CROSS = strategy(
    {"fast": Parameter(int, 20, minimum=1), "slow": Parameter(int, 50, maximum=500)},
    "fast < slow",
)


def problem(description: StrategyDescription, **given: Any) -> ParameterProblem:
    """The one problem there is."""
    _, problems = fill_parameters(description, given)
    assert len(problems) == 1, problems
    return problems[0]


def test_defaults_are_filled_in_in_the_order_of_declaration():
    filled, problems = fill_parameters(CROSS, {"slow": 100})
    assert problems == []
    assert list(filled.items()) == [("fast", 20), ("slow", 100)]


def test_a_default_that_can_change_is_not_shared():
    taking_a_list = strategy({"levels": Parameter(list, [1, 2])})
    first, _ = fill_parameters(taking_a_list, {})
    first["levels"].append(3)  # type: ignore[attr-defined] # a list, as declared
    assert fill_parameters(taking_a_list, {})[0] == {"levels": [1, 2]}


@pytest.mark.parametrize(
    ("wanted", "value", "becomes"),
    [
        (int, 7, 7),
        (int, 7.0, 7),
        (int, Decimal("7"), 7),
        (int, Decimal("7.0"), 7),
        (int, Decimal("7E+1"), 70),
        (float, 7, 7.0),
        (float, Decimal("0.1"), 0.1),
        (float, 1e-9, 1e-9),
        (bool, True, True),
        (str, "ON", "ON"),
        (list, (1, Decimal("2.5")), [1, 2.5]),
        (list, [], []),
        (dict, {"a": Decimal("1")}, {"a": 1}),
        (object, Decimal("0.5"), 0.5),
        (object, "text", "text"),
        (object, [Decimal("3")], [3]),
    ],
)
def test_values_become_the_type_that_is_declared(wanted: type, value: object, becomes: object):
    filled, problems = fill_parameters(strategy({"it": Parameter(wanted)}), {"it": value})
    assert problems == []
    assert filled == {"it": becomes}
    assert type(filled["it"]) is type(becomes)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (int, True),
        (int, 7.5),
        (int, Decimal("7.5")),
        (int, "7"),
        (int, float("nan")),
        (int, Decimal("1E+999999")),
        (float, False),
        (float, "0.1"),
        (float, float("inf")),
        (float, Decimal("NaN")),
        (float, Decimal("sNaN")),
        pytest.param(float, 16**9000, id="a huge number"),
        (bool, 1),
        (bool, "true"),
        (str, 5),
        (str, True),
        (list, "abc"),
        (list, {"a": 1}),
        (dict, [1]),
    ],
)
def test_what_is_of_another_type_is_refused(wanted: type, value: object):
    message = problem(strategy({"it": Parameter(wanted, required=True)}), it=value)
    assert message.parameter == "it"
    assert message.message.startswith("parameter 'it' must be ")
    assert len(message.message) < 150


def test_an_undeclared_type_is_guarded_by_its_default():
    period = strategy({"period": Parameter(object, 14)})
    assert fill_parameters(period, {"period": Decimal("2.5")}) == ({"period": 2.5}, [])
    assert fill_parameters(period, {"period": 3}) == ({"period": 3}, [])
    assert problem(period, period="abc").message == "parameter 'period' must be a number, not 'abc'"


def test_messages_say_what_is_expected():
    assert problem(CROSS, fast="abc") == ParameterProblem(
        "fast", "parameter 'fast' must be a whole number, not 'abc'", "write a whole number, such as 20"
    )
    assert problem(CROSS, fast=True).message == "parameter 'fast' must be a whole number, not true"
    assert problem(CROSS, fast=0).message == "parameter 'fast' must be at least 1, not 0"
    assert problem(CROSS, slow=501).message == "parameter 'slow' must be at most 500, not 501"
    assert problem(strategy({"name": Parameter(str, "a")}), name=5).hint == "put it in quotes"


def test_exclusive_bounds_leave_out_the_bound_itself():
    share = strategy({"share": Parameter(float, 0.5, minimum=0, maximum=1, exclusive=True)})
    assert problem(share, share=0).message == "parameter 'share' must be more than 0, not 0"
    assert problem(share, share=1.0).message == "parameter 'share' must be less than 1, not 1.0"
    assert fill_parameters(share, {"share": 0.999})[1] == []


def test_choices():
    when = strategy({"when": Parameter(str, "daily", choices=("daily", "weekly"))})
    assert problem(when, when="weakly") == ParameterProblem(
        "when", "parameter 'when' must be one of daily, weekly, not 'weakly'", "did you mean 'weekly'?"
    )


def test_words_that_may_stand_instead_of_a_number():
    when = strategy({"when": Parameter(int, "daily", choices=("daily", "weekly"), minimum=1)})
    assert fill_parameters(when, {}) == ({"when": "daily"}, [])
    assert fill_parameters(when, {"when": "weekly"}) == ({"when": "weekly"}, [])
    assert fill_parameters(when, {"when": Decimal("5.0")}) == ({"when": 5}, [])
    assert problem(when, when=0).message == "parameter 'when' must be at least 1, not 0"
    assert problem(when, when="dayly") == ParameterProblem(
        "when", "parameter 'when' must be daily, weekly or a whole number, not 'dayly'", "did you mean 'daily'?"
    )
    assert problem(when, when=2.5).message == "parameter 'when' must be daily, weekly or a whole number, not 2.5"
    assert problem(when, when=2.5).hint == "write daily, weekly or a whole number, such as 'daily'"


def test_unknown_parameters_and_what_was_meant():
    assert problem(CROSS, fasst=3) == ParameterProblem(
        "fasst", "unknown parameter 'fasst' of TREND", "did you mean 'fast'?"
    )
    assert problem(CROSS, Slow=3).hint == "did you mean 'slow'?"
    assert problem(CROSS, window=3).hint == "it takes fast, slow"
    assert problem(strategy({}), window=3).hint == "it takes none"


def test_a_required_parameter_that_is_missing():
    model = strategy({"model": Parameter(str, required=True)})
    assert problem(model).message == "TREND needs the parameter 'model'"
    assert problem(model).hint == "write model: a text"
    assert problem(model, model=None).message == "parameter 'model' has no value"
    assert fill_parameters(model, {"model": "a.onnx"}) == ({"model": "a.onnx"}, [])


def test_null_stands_for_a_default_that_is_null():
    optional = strategy({"holdings": Parameter(int)})
    assert fill_parameters(optional, {"holdings": None}) == ({"holdings": None}, [])
    assert problem(CROSS, fast=None).message == "parameter 'fast' has no value"


def test_a_default_that_only_the_class_knows_is_left_to_it():
    own = strategy({"indicator": Parameter(object, ...), "fast": Parameter(int, 3)}, "fast < indicator")
    assert fill_parameters(own, {}) == ({"fast": 3}, [])
    assert fill_parameters(own, {"indicator": 5})[1] == []
    assert problem(own, indicator=2).parameter == "indicator"


def test_any_keyword_passes_where_any_is_taken():
    assert fill_parameters(strategy(None), {"a": Decimal("1.50"), "b": {"c": Decimal("2")}}) == (
        {"a": 1.5, "b": {"c": 2}},
        [],
    )


def test_relations_name_both_sides():
    message = problem(CROSS, fast=60)
    assert message == ParameterProblem("fast", "fast < slow must hold, but fast is 60 and slow is 50 by default")
    assert problem(CROSS, slow=20).parameter == "slow"
    assert fill_parameters(CROSS, {"fast": 49})[1] == []


def test_a_relation_is_only_judged_when_its_values_are_legal():
    _, problems = fill_parameters(CROSS, {"fast": 0, "slow": "x"})
    assert [one.parameter for one in problems] == ["fast", "slow"]


@pytest.mark.parametrize("relation", ["fast", "fast < open('x')", "fast < nothing", "fast / 0 < slow"])
def test_a_relation_that_cannot_be_judged_is_reported(relation: str):
    _, problems = fill_parameters(strategy(CROSS.parameters, relation), {})
    assert len(problems) == 1
    assert problems[0].parameter == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.uncounted
@given(st.dictionaries(st.sampled_from(["fast", "slow", "x"]) | st.text(), VALUES, max_size=4))
def test_whatever_is_given_there_is_a_plan_or_a_problem(given: dict[str, object]):
    description = strategy(
        {**(CROSS.parameters or {}), "x": Parameter(float, 1.0, minimum=0, exclusive=True)}, "fast < slow", "x * 2 < 9"
    )
    filled, problems = fill_parameters(description, given)
    if problems:
        assert all(one.message for one in problems)
    else:
        assert list(filled) == ["fast", "slow", "x"]
        assert type(filled["fast"]) is int
        assert type(filled["x"]) is float
        assert filled["fast"] < filled["slow"]  # type: ignore[operator] # checked to be numbers
