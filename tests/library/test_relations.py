"""Relations between parameters, read without `eval`."""

from __future__ import annotations

import pytest

from orchestrate.domain.strategies.relations import parse_relation
from orchestrate.domain.text.spelling import did_you_mean, nearest


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a < b", True),
        ("b < a", False),
        ("a <= a", True),
        ("a != b", True),
        ("a == b", False),
        ("b >= 2", True),
        ("0 < a < b", True),
        ("0 < b < a", False),
        ("-b < a", True),
        ("a + 1 == b", True),
        ("b * 2 > 3.5", True),
        ("(b - a) / 2 == 0.5", True),
        ("nothing < a", True),
    ],
)
def test_comparisons(text: str, holds: bool):
    assert parse_relation(text).holds({"a": 1, "b": 2, "nothing": None}) is holds


def test_names_come_in_order_and_once():
    assert parse_relation("slow > fast + slow").names == ("slow", "fast")


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a <", "a < b; c", "a in b", "a is b", "a < b and b < c", "f(a) < b", "a.b < c", "a[0] < b",
        "a ** b < 9",
        "'x' < a", "a < (lambda: 1)", "a < " + "(" * 90 + "b" + ")" * 90 + " " * 200, "a < \0", "a % 2 == 0",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str):
    with pytest.raises(ValueError, match="relation"):
        parse_relation(text)


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match="c"):
        parse_relation("a < c").holds({"a": 1})


def test_the_nearest_name():
    known = ["MOMENTUM", "MOMENTUM_EQUITY", "RSI"]
    assert nearest("momentun", known) == "MOMENTUM"
    assert nearest("rsi", known) == "RSI"
    assert nearest("BUY", known) == ""
    assert nearest("", known) == ""
    assert nearest("M" * 100_000, known) == ""
    assert did_you_mean("MOMENTUM_EQITY", known) == "did you mean 'MOMENTUM_EQUITY'?"
    assert did_you_mean("zzz", known) == ""
