"""YAML by the 1.2 core rules, with the place of everything, bounded in every direction."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.config.document.nodes import Origin, Scalar, Sequence, Table, plain
from orchestrate.config.document.parser import MOST_BYTES, read_file, read_text
from orchestrate.domain.errors import Problem
from tests.reference import in_loops, seconds


def parsed(text: str) -> object:
    """The plain value of a text without mistakes."""
    node, problems = read_text(text, Origin("t.yaml", Path(), tuple(text.split("\n"))))
    assert not problems
    assert node is not None
    return plain(node)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("0123", "0123"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("+12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("0.1", Decimal("0.1")),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1e-3", Decimal("0.001")),
        ("-1.5E+2", Decimal(-150)),
        ("0.30000000000000000001", Decimal("0.30000000000000000001")),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_scalars(written: str, meant: object) -> None:
    value = parsed(f"a: {written}\n")
    assert value == {"a": meant}
    assert isinstance(value, dict)
    assert type(value["a"]) is type(meant)


def test_places() -> None:
    text = "a: 1\nb:\n  - x\n  - {k: 'v v'}\nc: [1,\n  22]\n"
    node, _ = read_text(text, Origin("t.yaml", Path(), tuple(text.split("\n"))))
    assert isinstance(node, Table)
    assert [(p.line, p.column, p.width) for p in node.keys.values()] == [(1, 1, 1), (2, 1, 1), (5, 1, 1)]
    b, c = node.entries["b"], node.entries["c"]
    assert isinstance(b, Sequence)
    assert isinstance(c, Sequence)
    inner = b.items[1]
    assert isinstance(inner, Table)
    value = inner.entries["k"]
    assert isinstance(value, Scalar)
    assert (b.place.line, b.place.column) == (2, 1)
    assert (value.place.line, value.place.column, value.place.width) == (4, 9, 5)
    assert (c.items[1].place.line, c.items[1].place.column, c.items[1].place.width) == (6, 3, 2)


def test_columns_count_characters_and_a_bom_none(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes("\ufeff日本: é\r\nk: 1\r\nk: 2\r\n".encode())
    node, problems = read_file(path, "t.yaml")
    assert node is not None
    assert plain(node) == {"日本": "é", "k": 1}
    assert [(p.line, p.column, p.source) for p in problems] == [(3, 1, "k: 2")]


def test_plain_aliases_are_fine() -> None:
    text = "a: &s {percent: 50}\nb: *s\nc: [*s, *s]\n"
    assert parsed(text) == {"a": {"percent": 50}, "b": {"percent": 50}, "c": [{"percent": 50}, {"percent": 50}]}


def one_problem(path: Path) -> Problem:
    """The only thing wrong with a file that can't be read."""
    node, problems = read_file(path, "t.yaml")
    assert node is None
    (problem,) = problems
    return problem


def test_files_that_are_none(tmp_path: Path) -> None:
    assert str(one_problem(tmp_path / "none.yaml")) == "t.yaml: no such file"
    assert str(one_problem(tmp_path)) == "t.yaml: is a folder, not a configuration file"
    assert one_problem(tmp_path / ("x" * 300)).message.startswith("cannot be read: ")
    assert one_problem(tmp_path / "a\0b").message.startswith("cannot be read: ")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MOST_BYTES + 1))
    assert one_problem(large).message == "the file is larger than 1,000,000 bytes, the most that is read"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_wrong_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes("strategy: RSI\n".encode(encoding))
    problem = one_problem(path)
    assert (problem.line, problem.column) == (1, 1)
    messages = ("the file is UTF-16 or UTF-32", "the character U+0000 is not allowed in a text file")
    assert problem.message == messages[encoding == "utf-16-be"]


MANY = 900_000
GREEDY = {
    "brackets": "[" * MANY,
    "braces": "{" * MANY,
    "questions": "? " * (MANY // 2),
    "dashes": "- " * (MANY // 2),
    "one list": "a: [" + "1," * 400_000 + "]",
    "keys": "".join(f"k{i}: 1\n" for i in range(80_000)),
    "the same key": "a: 1\n" * 150_000,
    "quoted": '"' + "a\\n" * (MANY // 3) + '"',
    "folded": "'" + "a\n " * (MANY // 3) + "'",
    "block": "a: |\n" + " x\n" * 300_000,
    "blank lines": "\n" * MANY,
    "comment": "#" * MANY,
    "digits": "a: " + "9" * MANY,
    "decimals": "a: 0." + "9" * MANY,
    "exponent": "a: 1e" + "9" * 30,
    "documents": "---\n" * 200_000,
    "directives": "%YAML 1.2\n" * 80_000,
    "tags": "a: [" + "!x 1," * 150_000 + "]",
    "anchors": "".join(f"k{i}: &a{i} 1\n" for i in range(50_000)),
    "aliases": "a: &a 1\nb: [" + "*a," * 200_000 + "]",
    "indentation": "".join(" " * i + "a:\n" for i in range(1300)),
}


@pytest.mark.parametrize("name", GREEDY)
def test_nothing_hangs(name: str) -> None:
    text = GREEDY[name]
    origin = Origin("t.yaml", Path(), tuple(text.split("\n")))
    assert in_loops(seconds(read_text, text, origin)) < 25


def test_laughs_are_cut_short() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    _, problems = read_text("\n".join(lines), Origin("t.yaml", Path(), tuple(lines)))
    assert [problem.message for problem in problems] == ["more than 20,000 values, aliases counted in, are not read"]


def test_aliases_cannot_hide_depth() -> None:
    lines = ["a0: &a0 [[[[[[[[[[x]]]]]]]]]]"]
    lines += [f"a{i}: &a{i} [[[[[[[[[[*a{i - 1}]]]]]]]]]]" for i in range(1, 6)]
    _, problems = read_text("\n".join(lines), Origin("t.yaml", Path(), tuple(lines)))
    assert [problem.message for problem in problems] == ["nested deeper than 40 levels"]
