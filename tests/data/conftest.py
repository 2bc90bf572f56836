"""`read` and `load`: texts as files of the test's own folder; `cache` and `bars` for what is kept of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from orchestrate.data.files.cache import WORTH, ColumnCache
from tests.data.files.cached import text
from tests.data.reading import Load, Read, load_in, read_in


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """`read(text or bytes, **settings of a data entry)` → columns and findings."""
    return partial(read_in, tmp_path)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load({symbol: text or settings}, {symbol: instrument}, **settings of the plan)` → market and findings."""
    return partial(load_in, tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> ColumnCache:
    return ColumnCache(tmp_path / "deep" / "columns")


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """A file that is worth caching."""
    path = tmp_path / "bars.csv"
    path.write_text(text())
    assert path.stat().st_size > WORTH
    return path
