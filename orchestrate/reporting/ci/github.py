"""Annotations for GitHub, and the summary of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrate.reporting.ci.notes import Note
from orchestrate.reporting.findings import SEVERITIES
from orchestrate.reporting.markdown import escaped
from orchestrate.reporting.output import complain, say, say_workflow_command

#: GitHub shows so many annotations of each kind, and takes so many bytes of summary.
MOST: Final = 10
ROOM: Final = 1024 * 1024 - 1
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_CUT: Final = "\n\n… the rest did not fit\n"


def annotate(notes: Sequence[Note]) -> None:
    """Print a workflow command for each note, errors first, at most ten a kind; how many more there are is said."""
    for severity in SEVERITIES:
        own = [note for note in notes if note.severity == severity]
        for note in own[:MOST]:
            say_workflow_command(_COMMANDS[severity], note.message, _place(note))
        if len(own) > MOST:
            say(f"{len(own) - MOST} more of severity {severity} are not shown")


def _place(note: Note) -> list[tuple[str, object]]:
    at: list[tuple[str, object]] = [("file", note.file)]
    if note.line:
        at += [("line", note.line)] + ([("col", note.column)] if note.column else [])
    return at


def notes_text(notes: Sequence[Note]) -> str:
    """Return notes as Markdown, for a summary of what could not be run."""
    lines = [f"- {note.severity}: {escaped(_where(note))}{escaped(note.message)}" for note in notes]
    return "\n".join(["# Not run", "", *lines])


def _where(note: Note) -> str:
    return f"{note.file}:{note.line}: " if note.line else f"{note.file}: "


def summarise(text: str, environ: Mapping[str, str]) -> None:
    """Add Markdown to the summary of the job, where GitHub names a file for it, as far as there is room."""
    if not environ.get(SUMMARY):
        return
    path = Path(environ[SUMMARY])
    try:
        with path.open("ab") as file:
            file.write(_fitting(text, ROOM - file.tell()))
    except OSError as error:
        complain(f"warning: the summary can't be written: {error.strerror}")


def _fitting(text: str, room: int) -> bytes:
    """Return the text, or its first lines, in at most `room` bytes."""
    content = text.encode() + b"\n"
    if len(content) <= room:
        return content
    kept = content[: max(0, room - len(_CUT.encode()))].rpartition(b"\n")[0]
    return kept + _CUT.encode() if kept else b""
