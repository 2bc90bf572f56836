"""What CI shows of a document: each failure and each finding as one note, at its place where it has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any, Final

from orchestrate.domain.results import Severity
from orchestrate.domain.text import printable
from orchestrate.reporting.findings import SEVERITIES, shown_findings

Document = dict[str, Any]
#: The kinds of notes, and what each is about.
RULES: Final = {
    "configuration": "The configuration is wrong, or its data is missing.",
    "finding": "Something about data or figures that users should read.",
    "strategy": "A strategy failed.",
    "gate": "A gate failed.",
    "run": "The run ended before its last bar, or could not be done.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """One failure or finding. `line` and `column` are 0 where the note is about the `file` as a whole."""

    severity: Severity
    rule: str
    message: str
    file: str
    line: int = 0
    column: int = 0


def of_validation(document: Document, file: str) -> list[Note]:
    """Return the notes about a file, from the document of `validate`, or of a run that was refused."""
    shown = printable.document(document)
    return _gravest_first(
        [*(_of_problem(one, file) for one in shown["errors"]), *_of_findings(shown["findings"], file)]
    )


def of_run(document: Document, file: str) -> list[Note]:
    """Return the notes about a run of a file, from its document."""
    shown = printable.document(document)
    findings = shown_findings(shown)
    return _gravest_first([*_of_failures(shown, file), *_of_gates(shown, file), *_of_findings(findings, file)])


def of_error(error: BaseException, file: str) -> list[Note]:
    """Return the note about a run that an error ended, of which there is no document."""
    message = printable.one_line(str(error) or type(error).__name__)
    return [Note("error", "run", message, place(file))]


def place(file: str) -> str:
    """Return a path as CI knows it: from the working directory where it is below it."""
    path = Path(file)
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    return printable.one_line(Path(relpath(path) if inside else path).as_posix())


def _of_problem(problem: Document, file: str) -> Note:
    message = f"{problem['message']} ({problem['hint']})" if problem["hint"] else problem["message"]
    if problem["line"]:
        return Note("error", "configuration", message, place(problem["file"]), problem["line"], problem["column"])
    about = problem["file"]
    return Note("error", "configuration", f"{about}: {message}" if about else message, place(file))


def _of_findings(findings: Iterable[Document], file: str) -> Iterator[Note]:
    for finding in findings:
        where = f"{finding['where']}: " if finding["where"] else ""
        yield Note(finding["severity"], "finding", f"{where}{finding['message']}", place(file))


def _of_failures(document: Document, file: str) -> Iterator[Note]:
    if "error" in document:
        yield _at_its_line("run", "", document["error"], file)
    elif document["status"] == "interrupted":
        yield Note("error", "run", f"interrupted after {document['bars']} bars", place(file))
    for name, strategy in document["strategies"].items():
        if strategy["error"] is not None:
            yield _at_its_line("strategy", f"{name}: ", strategy["error"], file)


def _at_its_line(rule: str, who: str, error: Document, file: str) -> Note:
    when = f" ({error['bar_date']})" if error["bar_date"] else ""
    message = f"{who}{error['type']}: {error['message']}{when}"
    if not error.get("file"):
        return Note("error", rule, message, place(file))
    own = Path(file).parent / error["file"]  # as the configuration names it: from its folder
    return Note("error", rule, message, place(own.as_posix()), error["line"])


def _of_gates(document: Document, file: str) -> Iterator[Note]:
    for gate in document["gates"]:
        if not gate["passed"]:
            yield Note("error", "gate", f"gate failed: {gate['gate']}, {value_of(gate)}", place(file))


def value_of(gate: Document) -> str:
    """Return what a gate has met, in words."""
    against = f", the baseline is {gate['baseline']:.6g}" if "baseline" in gate else ""
    return "there is no value" if gate["value"] is None else f"the value is {gate['value']:.6g}{against}"


def _gravest_first(notes: Iterable[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: SEVERITIES.index(note.severity))
