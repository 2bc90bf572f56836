"""Parts of `metrics.json` against what they must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrate.verification.facts import Difference
from orchestrate.verification.figures.metrics import is_figure


def unlike(check: str, where: str, stored: Any, due: Any) -> Iterator[Difference]:
    """Yield the places at which a part of the document differs, or has more than it must have."""
    if isinstance(due, dict) and isinstance(stored, dict):
        for name in {**due, **stored}:
            yield from unlike(check, f"{where}.{name}", stored.get(name), due.get(name))
    elif isinstance(due, list) and isinstance(stored, list) and len(due) == len(stored):
        for number, (one, other) in enumerate(zip(stored, due, strict=True)):
            yield from unlike(check, f"{where}.{number}", one, other)
    elif not (stored == due if isinstance(due, str | bool | list | dict) else is_figure(stored, due)):
        yield Difference(check, f"metrics.json: {where}", stored, due)
