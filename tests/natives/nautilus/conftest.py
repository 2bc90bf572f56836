"""Every test begins with strategies that remember nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.natives.nautilus.scripts import Planned


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    yield
    Planned.plans.clear()
    Planned.notices.clear()
    Planned.alive.clear()
