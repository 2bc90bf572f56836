"""docs/reference/requirements.md lists every requirement, with tests that exist and name it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.coverage_gate import FLOORS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "requirements.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:Scenario|Edge) \d|US\d|N?FR-\d{3}) \| [^|]+ \| (.+) \|$", re.MULTILINE)
ROWS = [(name, re.findall(r"`([^`]+)`", tests)) for name, tests in ROW.findall(PAGE)]


def numbered(form: str, count: int) -> Iterable[str]:
    return (form.format(number) for number in range(1, count + 1))


@cache
def docstrings_of(path: str) -> dict[str, str]:
    """Return the docstrings of all tests of a file by their names."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}


def is_named(requirement: str, test: str, docstring: str) -> bool:
    """Say whether a test names a requirement, in its name or its docstring."""
    begins = f"test_{requirement.lower().replace(' ', '_')}_"
    return test.startswith(begins) or re.search(rf"(?<!N)\b{requirement}\b", docstring) is not None


def test_every_requirement_is_listed_once() -> None:
    assert [name for name, _ in ROWS] == [
        *numbered("Scenario {}", 3),
        *numbered("US{}", 7),
        *numbered("Edge {}", 4),
        *numbered("FR-{:03}", 15),
        *numbered("NFR-{:03}", 7),
    ]


@pytest.mark.parametrize(("requirement", "tests"), ROWS, ids=[name for name, _ in ROWS])
def test_its_tests_exist_and_name_it(requirement: str, tests: list[str]) -> None:
    assert tests
    for entry in tests:
        path, _, test = entry.partition("::")
        assert test in docstrings_of(path), entry
        assert is_named(requirement, test, docstrings_of(path)[test]), entry


def test_a_test_that_names_nothing_is_noticed() -> None:
    assert is_named("US1", "test_us1_a", "")
    assert is_named("FR-001", "test_a", "All (FR-001).")
    assert not is_named("US1", "test_us11_a", "")
    assert not is_named("FR-001", "test_a", "All (NFR-001).")


def test_coverage_has_floors_that_a_run_of_all_tests_holds() -> None:
    """`make test` fails below 90% of all code (NFR-004)."""
    assert FLOORS["orchestrate/*"] >= 90.0
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ntest:")[2].partition("\n\n")[0]
    measured, gate = (recipe.index(step) for step in ("pytest", "tests/coverage_gate.py"))
    assert "--cov" in recipe[measured:gate]
