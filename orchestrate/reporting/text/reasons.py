"""Why a run's exit code is not 0, a line each; made from its document alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrate.domain.text.printable import one_line

Document = dict[str, Any]


def reasons(document: Document) -> Iterator[str]:
    """Yield what failed, what was found wrong, which gates it missed, and whether it was interrupted."""
    for name, strategy in document["strategies"].items():
        if strategy["error"] is not None:
            yield one_line(f"{name} failed: {_place(strategy['error'])}")
    for finding in document["findings"]:
        if finding["severity"] == "error":
            yield one_line(f"{finding['where']}: {finding['message']}")
    for gate in document["gates"]:
        if not gate["passed"]:
            against = f", baseline: {gate['baseline']}" if "baseline" in gate else ""
            yield f"gate failed: {gate['gate']} (value: {gate['value']}{against})"
    if document["status"] == "interrupted":
        yield f"interrupted after {document['bars']} bars"


def end_of(document: Document) -> Iterator[str]:
    """Yield what ended the run before its last bar, if anything did."""
    if "error" in document:
        error = document["error"]
        when = f" ({error['bar_date']})" if error["bar_date"] else ""
        yield one_line(f"{error['message']}{when}")


def _place(error: Document) -> str:
    """Return an error with its type, and where in the user's code it was raised."""
    at = f"{error['file']}:{error['line']}: " if error.get("file") else ""
    return f"{at}{error['type']}: {error['message']}"
