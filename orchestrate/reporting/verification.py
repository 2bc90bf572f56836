"""What came of verifying a run, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrate.reporting.output import say, terminal_width, wrapped


def show(document: Mapping[str, Any]) -> None:
    """Print a verification."""
    difference = document["difference"]
    checked = ", ".join(document["checks"])
    if difference is None:
        _say(f"Run {document['run_id']} is verified: {checked}.")
        return
    _say(f"Run {document['run_id']} is not right (checked: {checked}).")
    say(f"The first difference: {difference['where']}")
    say(f"  stored    {difference['stored']}")
    say(f"  computed  {difference['computed']}")


def _say(sentence: str) -> None:
    say("\n".join(wrapped(sentence, terminal_width())))
