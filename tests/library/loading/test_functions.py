"""Users' functions in files: found without being run, loaded in private, their errors at their lines."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.wiring import find_function, load_function

Writer = Callable[..., Path]
TEXT = """
    from helper import double, imported
    import numpy as np

    if np:
        def inside(): ...

    later = double

    def plain(number):
        return double(number)

    def fails(number):
        return imported(
            number,
        )
"""
HELPER = """
    def double(number):
        return 2 * number

    def imported(number):
        raise LookupError(number)
"""

LOOKED_UP = "it is looked up beside the configuration, then in the working directory"


@pytest.fixture
def mine(write: Writer) -> Path:
    """A file with functions, beside one that it imports."""
    write("rules/helper.py", HELPER)
    return write("rules/mine.py", TEXT)


@pytest.mark.parametrize(("name", "line"), [("plain", 10), ("inside", 6), ("later", 0), ("double", 0)])
def test_a_function_is_found_and_loaded(mine: Path, tmp_path: Path, name: str, line: int) -> None:
    function = find_function(f"rules/mine.py:{name}", tmp_path)
    assert (function.name, function.path, function.line) == (name, mine.resolve(), line)
    assert callable(load_function(function))


def test_a_function_has_its_siblings_and_leaves_nothing(mine: Path, tmp_path: Path) -> None:
    before = set(sys.modules)
    function = load_function(find_function("mine.py:plain", mine.parent))
    assert function(4) == 8
    assert {"helper", "mine"}.isdisjoint(sys.modules)
    del function
    gc.collect()
    assert set(sys.modules) - before == set()


def test_the_working_directory_comes_second(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    assert find_function("mine.py:plain", tmp_path / "elsewhere").path == mine.resolve()


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("mine.py:plane", "mine.py has no function plane", "did you mean 'plain'?"),
        ("mine.py:nothing", "mine.py has no function nothing", "it has inside, plain, fails"),
        ("empty.py:f", "empty.py has no function f", "it has no function at all"),
        ("wrong.py:f", "wrong.py:1: syntax error: '(' was never closed", ""),
        (
            "../no.py:f",
            "there is no file ../no.py",
            "it is looked up beside the configuration, then in the working directory",
        ),
    ],
)
def test_what_is_not_there(mine: Path, write: Writer, reference: str, message: str, hint: str) -> None:
    write("rules/empty.py", "")
    write("rules/wrong.py", "def f(\n")
    with pytest.raises(ConfigurationError) as caught:
        find_function(reference, mine.parent)
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (message, hint.format(folder=mine.parent.resolve()))


def test_an_error_is_reported_at_the_line_that_it_passed(mine: Path) -> None:
    loaded = find_function("mine.py:fails", mine.parent)
    function = load_function(loaded)
    with pytest.raises(LookupError) as caught:
        function(3)
    problem = loaded.problem("no", caught.value)
    assert str(problem) == (
        f"{mine.parent / 'mine.py'}:14:5: no\n   14 |     return imported(\n      |     ^^^^^^^^^^^^^^^^"
    )
    assert (loaded.problem("no").line, loaded.problem("no").source) == (13, "def fails(number):")


def test_a_value_is_no_function(write: Writer, tmp_path: Path) -> None:
    write("mine.py", "number = 3\n")
    with pytest.raises(TypeError, match="number is no function once loaded"):
        load_function(find_function("mine.py:number", tmp_path))


def test_a_file_that_is_gone_has_no_line_to_show(write: Writer, tmp_path: Path) -> None:
    path = write("mine.py", "def f(): ...\n")
    function = find_function("mine.py:f", tmp_path)
    path.unlink()
    assert (function.problem("no").line, function.problem("no").source) == (1, "")
