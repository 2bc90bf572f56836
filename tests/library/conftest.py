"""Strategies written on the spot."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.wiring import describe

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """`write("a/b.py", text)` puts a file under the test's own folder and returns its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def described(tmp_path: Path, write: Writer) -> Callable[..., StrategyDescription]:
    """The description of class `Own` in a file with that text."""

    def described(text: str, reference: str = "own.py:Own") -> StrategyDescription:
        write("own.py", text)
        return describe(reference, tmp_path)

    return described
