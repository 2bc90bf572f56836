"""A finished sweep in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield how the trials ended, what was picked, and what the statistics say about it."""
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in document["statuses"].items() if count)
    yield f"{document['trials']} trials: {counts}; {document['eligible']} eligible"
    best = document["best"]
    if best is not None:
        values = ", ".join(f"{name}={value}" for name, value in best["parameters"].items())
        figures = [one["metric"] for one in document["objectives"]]
        shown = ", ".join(f"{name} {best['metrics'].get(name)}" for name in figures)
        yield f"best: trial {best['trial']} ({values}): {shown}"
    yield str(document["verdict"])
    yield f"stored in {document['paths']['run']}"
