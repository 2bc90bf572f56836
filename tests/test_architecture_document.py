"""docs/architecture.md names files, registries and methods that are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from orchestrate import CrossFrameworkOrchestrator

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/architecture.md").read_text()
ROWS = re.findall(r"^\| (an? [a-z ]+) \| (.+) \| (?:`([A-Z_]+)`|none.*) \|$", TEXT, re.MULTILINE)


def test_every_path_is_there() -> None:
    paths = set(re.findall(r"`((?:orchestrate|strategies|tests|docs)/[\w/.]*)`", TEXT))
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("what", "where", "registry"), ROWS, ids=[row[0] for row in ROWS])
def test_a_registry_is_a_dict_of_its_file(what: str, where: str, registry: str) -> None:
    if not registry:
        assert what in {"a shipped strategy", "a rule of the portfolio"}
        return
    module = re.findall(r"`(orchestrate/[\w/]+\.py)`", where)[-1].removesuffix(".py").replace("/", ".")
    assert isinstance(getattr(importlib.import_module(module), registry), dict)


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
