"""`read` and `load`: texts as files of the test's own folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.data.reading import Load, Read, load_in, read_in


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """`read(text or bytes, **settings of a data entry)` → columns and findings."""
    return partial(read_in, tmp_path)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load({symbol: text or settings}, {symbol: instrument}, **settings of the plan)` → market and findings."""
    return partial(load_in, tmp_path)
