"""How many examples of whole runs a property draws: few in `make test`, five times as many in `make proofs`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, settings

Test = TypeVar("Test", bound=Callable[..., Any])
TIMES = int(os.environ.get("WHOLE_RUNS", "1"))


def whole_runs(few: int, **more: Any) -> Callable[[Test], Test]:
    """Draw `few` examples and shrink none, as shrinking whole runs takes minutes; `make proofs` draws more of them."""
    drawn = settings(max_examples=few * TIMES, deadline=None, phases=(Phase.explicit, Phase.generate), **more)

    def decorated(test: Test) -> Test:
        return pytest.mark.whole_runs(drawn(test))

    return decorated
