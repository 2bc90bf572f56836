"""The formats for CI, by name: of validated files, and of a run or of what kept it from being done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from orchestrate.reporting.ci import github, gitlab, junit, notes, sarif
from orchestrate.reporting.ci.notes import Note
from orchestrate.reporting.markdown import run_text
from orchestrate.reporting.output import say, say_json

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of `backtest` on a file: a run's `document`; or None, and the notes about why there is no run."""

    file: str
    document: Document | None
    notes: Sequence[Note]

    @classmethod
    def of_run(cls, file: str, document: Document) -> Result:
        """Return the result of a run."""
        return cls(file, document, notes.of_run(document, file))


def _run_to_junit(result: Result) -> None:
    document = result.document
    name = f"backtest {result.file}"
    say(junit.of_notes(result.notes, name) if document is None else junit.of_run(document, name))


def _run_to_github(result: Result) -> None:
    document = result.document
    github.annotate(result.notes)
    github.summarise(github.notes_text(result.notes) if document is None else run_text(document), os.environ)


def _files_to_gitlab(found: Sequence[Note]) -> None:
    say_json(gitlab.code_quality(found))


def _files_to_sarif(found: Sequence[Note]) -> None:
    say_json(sarif.sarif(found, version("orchestrate-portfolio")))


RUN_FORMATS: Final[dict[str, Callable[[Result], None]]] = {"junit": _run_to_junit, "github": _run_to_github}
FILE_FORMATS: Final[dict[str, Callable[[Sequence[Note]], None]]] = {
    "github": github.annotate,
    "gitlab": _files_to_gitlab,
    "sarif": _files_to_sarif,
}
