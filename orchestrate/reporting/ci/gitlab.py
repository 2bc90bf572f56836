"""A report of code quality for GitLab, which shows it in merge requests."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from orchestrate.reporting.ci.notes import Note

_SEVERITIES: Final = {"error": "critical", "warning": "minor", "info": "info"}


def code_quality(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return one entry a note; its fingerprint stays the same when lines above it are added."""
    seen: Counter[tuple[str, str, str]] = Counter()
    entries = []
    for note in notes:
        identity = (note.rule, note.file, note.message)
        seen[identity] += 1
        entries.append(_entry(note, (*identity, str(seen[identity]))))
    return entries


def _entry(note: Note, identity: Sequence[str]) -> dict[str, Any]:
    return {
        "description": note.message,
        "check_name": note.rule,
        "fingerprint": hashlib.sha256("\0".join(identity).encode()).hexdigest(),
        "severity": _SEVERITIES[note.severity],
        "location": {"path": note.file, "lines": {"begin": max(1, note.line)}},
    }
