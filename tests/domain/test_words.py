"""What people write: gates, parameters, relations, synthetic series, and near misses of names."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.analytics.gates import gate_problem
from orchestrate.domain.errors import Problem
from orchestrate.domain.gates import parse_gate, passes, split_metric
from orchestrate.domain.market.synthetic import SyntheticSpec, seconds
from orchestrate.domain.plan import Gate
from orchestrate.domain.strategies.parameters import fill_parameters, shown
from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription
from orchestrate.domain.strategies.relations import parse_relation
from orchestrate.domain.text.spelling import did_you_mean, nearest

# ---- gates


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("sharpe >= 0.5", Gate("sharpe", ">=", 0.5)),
        ("  max_drawdown>-.4 ", Gate("max_drawdown", ">", -0.4)),
        ("strategies.a.b.trades == 5", Gate("strategies.a.b.trades", "==", 5.0)),
        ("fees != 1e3", Gate("fees", "!=", 1000.0)),
    ],
)
def test_gates(text: str, gate: Gate) -> None:
    assert parse_gate(text) == gate


@pytest.mark.parametrize("text", ["", "sharpe", "sharpe >= ", "sharpe => 1", "sharpe >= x", "a >= 1e999", "a >= 5%"])
def test_gates_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a gate|is not a number"):
        parse_gate(text)


@pytest.mark.parametrize(
    ("metric", "parts"),
    [
        ("sharpe", ("portfolio", "", "sharpe")),
        ("portfolio.sharpe", ("portfolio", "", "sharpe")),
        ("strategies.a.trades", ("strategies", "a", "trades")),
        ("strategies.a.b.trades", ("strategies", "a.b", "trades")),
        ("correlation.a.b", ("correlation", "a", "b")),
        ("strategies.a", ("", "", "strategies.a")),
        ("planets.a.b", ("", "", "planets.a.b")),
    ],
)
def test_paths_of_metrics(metric: str, parts: tuple[str, str, str]) -> None:
    assert split_metric(metric) == parts


@pytest.mark.parametrize(
    ("gate", "impossible"),
    [
        ("sharpe >= 1", None),
        ("strategies.trend.trades >= 5", None),
        ("frameworks.nautilus.final_equity > 0", None),
        ("correlation.trend.mean < 0.9", None),
        ("win_rate != 0.5", None),
        ("win_rate == 0.5", None),
        ("sharp >= 1", ("'sharp' names no metric", "did you mean 'sharpe'?")),
        ("strategies.trent.trades >= 5", ("no strategy 'trent' in this run", "did you mean 'trend'?")),
        ("frameworks.zipline.sharpe > 0", ("no framework 'zipline'", "")),
        ("planets.a.b > 0", ("names no metric", "write METRIC")),
        ("win_rate >= 0", ("can't fail", "win_rate lies in 0 .. 1")),
        ("trades < 0", ("can't be passed", "trades lies in 0 .. ∞")),
        ("win_rate != 7", ("can't fail", "")),
    ],
)
def test_gates_that_can_or_can_not_be_judged(gate: str, impossible: tuple[str, str] | None) -> None:
    problem = gate_problem(parse_gate(gate), ["trend", "mean"], ["backtrader", "nautilus"], "")
    if impossible is None:
        assert problem is None
    else:
        assert problem is not None
        assert impossible[0] in problem[0]
        assert impossible[1] in problem[1]


@pytest.mark.parametrize(
    ("operator", "under", "same", "over"),
    [
        (">=", False, True, True),
        ("<=", True, True, False),
        (">", False, False, True),
        ("<", True, False, False),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_operators(operator: Any, under: bool, same: bool, over: bool) -> None:
    assert [passes(operator, value, 1.0) for value in (0.5, 1.0, 1.5)] == [under, same, over]


# ---- parameters

PARAMETERS = {
    "fast": Parameter(int, 20, minimum=1),
    "slow": Parameter(int, 50, minimum=2, maximum=500),
    "ratio": Parameter(float, 0.5, minimum=0, maximum=1, exclusive=True),
    "mode": Parameter(str, "up", choices=("up", "down")),
    "on": Parameter(bool, True),
    "levels": Parameter(list, []),
    "extra": Parameter(dict, None),
    "every": Parameter(object, 5, minimum=1),
    "frequency": Parameter(int, "monthly", choices=("monthly", "weekly"), minimum=1),
    "own": Parameter(object, ...),
}


def described(relations: tuple[str, ...] = ("fast < slow",), **more: Parameter) -> StrategyDescription:
    return StrategyDescription("S", "signals", "S", (), {**PARAMETERS, **more}, relations)


def test_defaults_are_filled_in() -> None:
    filled, problems = fill_parameters(described(), {})
    assert problems == []
    assert filled == {name: p.default for name, p in PARAMETERS.items() if name != "own"}
    assert filled["levels"] is not PARAMETERS["levels"].default


@pytest.mark.parametrize(
    ("name", "given", "filled"),
    [
        ("fast", Decimal(7), 7),
        ("fast", 7.0, 7),
        ("ratio", Decimal("0.25"), 0.25),
        ("mode", "down", "down"),
        ("on", False, False),
        ("levels", (Decimal(1), "a"), [1, "a"]),
        ("extra", {"a": Decimal("1.5")}, {"a": 1.5}),
        ("extra", None, None),
        ("every", Decimal(3), 3),
        ("frequency", "weekly", "weekly"),
        ("frequency", 10, 10),
        ("own", [Decimal(2)], [2]),
    ],
)
def test_what_is_given_becomes_what_is_declared(name: str, given: object, filled: object) -> None:
    values, problems = fill_parameters(described(), {name: given})
    assert problems == []
    assert values[name] == filled
    assert type(values[name]) is type(filled)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"fats": 1}, "unknown parameter 'fats' of S", "did you mean 'fast'?"),
        ({"fast": "ten"}, "'fast' must be a whole number, not 'ten'", "write a whole number, such as 20"),
        ({"fast": 1.5}, "must be a whole number, not 1.5", ""),
        ({"fast": True}, "must be a whole number, not true", ""),
        ({"fast": None}, "'fast' has no value", ""),
        ({"fast": 0}, "must be at least 1, not 0", ""),
        ({"slow": 501}, "must be at most 500", ""),
        ({"ratio": 0}, "must be more than 0", ""),
        ({"ratio": 1}, "must be less than 1", ""),
        ({"ratio": math.nan}, "must be a number", ""),
        ({"mode": "upp"}, "must be one of up, down, not 'upp'", "did you mean 'up'?"),
        ({"mode": 1}, "must be a text, not 1", "put it in quotes"),
        ({"on": 1}, "must be true or false, not 1", ""),
        ({"levels": "a"}, "must be a list", ""),
        ({"extra": [1]}, "must be a mapping", ""),
        ({"every": "x"}, "must be a number", ""),
        ({"frequency": "weakly"}, "must be monthly, weekly or a whole number, not 'weakly'", "did you mean 'weekly'?"),
        ({"frequency": 0}, "at least 1", ""),
        ({"fast": 60}, "fast < slow must hold, but fast is 60 and slow is 50 by default", ""),
        ({"fast": 10**400}, "must hold", ""),
    ],
)
def test_what_does_not_fit(given: dict[str, object], message: str, hint: str) -> None:
    _, problems = fill_parameters(described(), given)
    assert len(problems) == 1
    if message != "must hold":
        assert message in problems[0].message
    assert hint in problems[0].hint


def test_required_parameters() -> None:
    _, [problem] = fill_parameters(described(window=Parameter(int, required=True)), {})
    assert (problem.parameter, problem.message, problem.hint) == (
        "",
        "S needs the parameter 'window'",
        "write window: a whole number",
    )


@pytest.mark.parametrize(
    ("relation", "message"),
    [("fast < nothing", "names 'nothing', which is not a parameter"), ("fast", "can't be checked")],
)
def test_relations_that_a_class_has_wrong(relation: str, message: str) -> None:
    _, [problem] = fill_parameters(described((relation,)), {})
    assert message in problem.message


def test_a_class_that_takes_any_keyword() -> None:
    any_keyword = StrategyDescription("S", "on_bar", "S", (), None)
    assert fill_parameters(any_keyword, {"a": Decimal("1.5"), "b": [Decimal(2)]}) == ({"a": 1.5, "b": [2]}, [])


def test_values_in_messages_are_short() -> None:
    assert shown(True) == "true"
    assert shown(Decimal("1.50")) == "1.50"
    assert len(shown("x" * 1000)) <= 61
    assert len(shown(Decimal("1" * 200))) == 61


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b < c", {"a": 1, "b": 2, "c": 2}, False),
        ("a * 2 + 1 <= b - c / 2", {"a": 1, "b": 4, "c": 2}, True),
        ("-a == b", {"a": 1, "b": -1}, True),
        ("a != b", {"a": 1, "b": None}, True),
        ("a >= b", {"a": 1, "b": 2}, False),
        ("a > 0.5", {"a": 1}, True),
    ],
)
def test_relations(text: str, values: dict[str, object], holds: bool) -> None:
    assert parse_relation(text).holds(values) is holds


@pytest.mark.parametrize(
    "text", ["a", "a +", "a and b", "a in b", "f(a) < 1", "a.b < 1", "a ** 9 < 1", "a < 'x'", "a < b" * 99]
)
def test_relations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="relation"):
        parse_relation(text)


# ---- near misses, long lines, synthetic series


def test_near_misses() -> None:
    assert nearest("Momentun", ["RSI", "MOMENTUM"]) == "MOMENTUM"
    assert did_you_mean("qqq", ["RSI", "MOMENTUM"]) == ""
    assert nearest("", ["RSI"]) == nearest("x" * 1000, ["RSI"]) == ""


def test_a_very_long_line_is_shown_around_the_mistake() -> None:
    source = "a" * 5_000 + "MISTAKE" + "b" * 5_000
    _, line, carets = str(Problem("c.yaml", 1, 5_001, "no", "", 7, source)).splitlines()
    assert len(line) < 400
    assert line[carets.index("^") : carets.rindex("^") + 1] == "MISTAKE"


@pytest.mark.parametrize(("text", "length"), [("1d", 86_400), ("15min", 900), ("H", 3_600), (" 4 h", 14_400), ("s", 1)])
def test_frequencies(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize(
    "wrong",
    [
        {"bars": 1},
        {"seed": -1},
        {"week": 6},
        {"price": 0},
        {"decimals": 9},
        {"volatility": 6},
        {"drift": 6},
        {"regimes": 0},
        {"tails": 0.6},
        {"gaps": 1},
        {"correlation": 0.5},
        {"correlation": 2, "group": "g"},
        {"start": "yesterday"},
        {"frequency": "7h"},
        {"frequency": "weekly"},
        {"frequency": "0d"},
    ],
)
def test_synthetic_series_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SyntheticSpec(**wrong)
