"""Notes as SARIF 2.1.0, which code scanning reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from orchestrate.reporting.ci.notes import RULES, Note

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def sarif(notes: Sequence[Note], version: str) -> dict[str, Any]:
    """Return a log of one run of this tool."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()]
    driver = {"name": "orchestrate", "version": version, "rules": rules}
    results = [_result(note) for note in notes]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(note: Note) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(note.file)}}
    if note.line:
        location["region"] = {"startLine": note.line, **({"startColumn": note.column} if note.column else {})}
    return {
        "ruleId": note.rule,
        "level": _LEVELS[note.severity],
        "message": {"text": note.message},
        "locations": [{"physicalLocation": location}],
    }
