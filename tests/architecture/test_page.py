"""docs/architecture.md names files, registries and methods that are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from orchestrate import CrossFrameworkOrchestrator

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text()
PATCH = r"\[\w+\]\(\.\./(tests/architecture/patches/\w+\.patch)\)"
ROW = re.compile(rf"^\| (an? [a-z ]+) \| (.+) \| (.+) \| (?:`([A-Z_]+)`|none.*) \| {PATCH} \|$", re.MULTILINE)
ROWS = ROW.findall(TEXT)


def test_every_path_is_there() -> None:
    paths = set(re.findall(r"`((?:orchestrate|strategies|tests|docs)/[\w/.]*)`", TEXT))
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def names(cell: str) -> list[str]:
    """Return the paths that a cell names."""
    return re.findall(r"`([\w/.]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_registry_is_a_dict_of_its_file(row: tuple[str, ...]) -> None:
    what, changed, _, registry, _ = row
    if not registry:
        assert what in {"a shipped strategy", "a rule of the portfolio", "an order type"}
        return
    module = names(changed)[-1].removesuffix(".py").replace("/", ".")
    assert isinstance(getattr(importlib.import_module(module), registry), dict)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_patch_touches_the_files_of_its_row(row: tuple[str, ...]) -> None:
    _, changed, folder, _, patch = row
    parts = (ROOT / patch).read_text().split("\ndiff --git ")[1:]
    assert parts
    touched = {part.split("\n+++ b/")[1].split("\n")[0]: "\nnew file mode " in part for part in parts}
    new = [path for path, is_new in touched.items() if is_new]
    assert [path for path in touched if path not in new] == names(changed)
    assert bool(new) == bool(names(folder))
    assert [path for path in new if not path.startswith(tuple(names(folder)))] == []


def test_every_patch_is_the_example_of_a_row() -> None:
    patches = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/architecture/patches").iterdir())
    assert patches == sorted(row[-1] for row in ROWS)


def test_all_rows_are_read() -> None:
    assert len(ROWS) == TEXT.partition("## To add something")[2].count("\n| a")


def test_the_lines_of_the_step_are_methods_in_that_order() -> None:
    step = (ROOT / "orchestrate/orchestration/loop/cross_framework.py").read_text()
    body = step.partition("    def step(self")[2].partition("\n    def ")[0]
    lines = re.findall(r"^\d\. `([\w.]+)`", TEXT, re.MULTILINE)
    assert len(lines) == 9
    assert all(hasattr(CrossFrameworkOrchestrator, line) for line in lines if "." not in line)
    places = [body.find(f"{line}(") for line in lines]
    outside_in = [
        place for line, place in zip(lines, places, strict=True) if line not in {"command", "session.coordinate"}
    ]
    assert -1 not in places
    assert outside_in == sorted(outside_in)
