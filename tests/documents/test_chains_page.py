"""docs/reference/chains.md names every format, known root and column, and each finding in its own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrate.data.options.formats.named import ALIASES
from orchestrate.data.options.formats.registry import FORMATS
from orchestrate.data.options.roots import ROOTS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "chains.md").read_text(encoding="utf-8")
TABLES = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("name", [*FORMATS, *ALIASES])
def test_every_format_and_column_is_named(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)


def test_the_roots_of_the_table_are_as_the_table_says() -> None:
    stated = {}
    for roots, *terms in (row for row in TABLES if len(row) == 5):
        stated |= {root: [term.strip() for term in terms] for root in re.findall(r"\b[A-Z]{3,5}\b", roots)}
    known = {name: [one.style, f"{one.multiplier:.0f}", one.delivery, one.settlement] for name, one in ROOTS.items()}
    assert {name: known[name] for name in stated} == stated
    assert {name for name, one in ROOTS.items() if one.delivery == "cash"} <= set(stated)
