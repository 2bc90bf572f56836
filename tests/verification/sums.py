"""Which sums of floats `orchestrate` leaves to `sum`, whose last digit is another one since Python 3.12."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def sums_of_floats() -> Iterator[list[str]]:
    """Collect the places in `orchestrate` that add floats by `sum`."""
    add, places = builtins.sum, []

    def noted(values: Iterable[Any], /, start: Any = 0) -> Any:
        items, caller = list(values), sys._getframe(1)
        if caller.f_globals.get("__name__", "").startswith("orchestrate.") and any(type(one) is float for one in items):
            places.append(f"{caller.f_code.co_filename}:{caller.f_lineno}")
        return add(items, start)

    with patch.object(builtins, "sum", noted):
        yield places
