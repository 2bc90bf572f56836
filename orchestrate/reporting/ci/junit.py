"""A run as JUnit: a case for each gate and each strategy, and one of the portfolio where the run itself went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from xml.etree import ElementTree as Xml

from orchestrate.domain.gates import parse_gate, split_metric
from orchestrate.domain.text import printable
from orchestrate.reporting.ci.notes import Note, value_of
from orchestrate.reporting.findings import failure_text

Document = dict[str, Any]
PORTFOLIO: Final = "portfolio"
_RUN: Final = "run"


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `kind` says how it ended, "" for well."""

    owner: str
    name: str
    kind: Literal["", "failure", "error", "skipped"] = ""
    message: str = ""
    text: str = ""


def of_run(document: Document, name: str) -> str:
    """Return the document of a run as JUnit."""
    shown = printable.document(document)
    cases = [*_of_portfolio(shown), *_of_strategies(shown), *map(_of_gate, shown["gates"])]
    moment = datetime.strptime(document["run_id"][:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return suite_text(cases, name, moment, document["duration_seconds"])


def of_notes(notes: Sequence[Note], name: str) -> str:
    """Return what kept a run from being done, as the error of one case."""
    gravest = [note for note in notes if note.severity == "error"]
    lines = [f"{note.file}:{note.line}: {note.message}" if note.line else note.message for note in gravest]
    case = Case(PORTFOLIO, _RUN, "error", lines[0] if lines else "not run", "\n".join(lines))
    return suite_text([case], name)


def _of_portfolio(document: Document) -> Iterator[Case]:
    """Yield a case where something is wrong that no strategy and no gate answers for."""
    if "error" in document:
        yield Case(PORTFOLIO, _RUN, "error", failure_text(document["error"]))
    elif document["status"] == "interrupted":
        yield Case(PORTFOLIO, _RUN, "error", f"interrupted after {document['bars']} bars")
    report = document.get("compatibility")
    if report is not None and report["score"] < report["required"]:
        message = f"the score is {report['score']}, {report['required']} is required"
        yield Case(PORTFOLIO, "compatibility", "failure", message, "\n".join(report["warnings"]))


def _of_strategies(document: Document) -> Iterator[Case]:
    errors = [one for one in document["findings"] if one["severity"] == "error"]
    for name, strategy in document["strategies"].items():
        error = strategy["error"]
        own = [one["message"] for one in errors if one["where"] == f"strategies.{name}"]
        if error is not None:
            yield Case(name, _RUN, "error", failure_text(error))
        elif own:
            yield Case(name, _RUN, "failure", own[0], "\n".join(own))
        else:
            yield Case(name, _RUN)


def _of_gate(gate: Document) -> Case:
    group, owner, _ = split_metric(parse_gate(gate["gate"]).metric)
    case = owner if group == "strategies" else PORTFOLIO, gate["gate"]
    return Case(*case) if gate["passed"] else Case(*case, "failure", value_of(gate))


def suite_text(cases: Sequence[Case], name: str, moment: datetime | None = None, seconds: float = 0.0) -> str:
    """Return the cases as one suite, in ASCII, complete enough for the strictest schema."""
    counts = Counter(case.kind for case in cases)
    facts = {"id": "0", "package": "orchestrate", "name": printable.one_line(name)}
    facts |= {
        "timestamp": f"{moment or datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "hostname": "localhost",
        "tests": str(len(cases)),
    }
    facts |= {"failures": str(counts["failure"]), "errors": str(counts["error"]), "skipped": str(counts["skipped"])}
    facts["time"] = f"{seconds:.3f}"
    suite = Xml.Element("testsuite", facts)
    Xml.SubElement(suite, "properties")
    suite.extend(_elements(cases))
    Xml.SubElement(suite, "system-out")
    Xml.SubElement(suite, "system-err")
    root = Xml.Element("testsuites")
    root.append(suite)
    Xml.indent(root)
    text: bytes = Xml.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii")


def _elements(cases: Sequence[Case]) -> Iterator[Xml.Element]:
    """Yield the cases; a name that comes again has its number, so that each is known by owner and name."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in cases:
        seen[case.owner, case.name] += 1
        again = seen[case.owner, case.name]
        name = f"{case.name} ({again})" if again > 1 else case.name
        element = Xml.Element("testcase", classname=case.owner, name=name, time="0")
        if case.kind == "skipped":
            Xml.SubElement(element, case.kind, message=case.message)
        elif case.kind:
            Xml.SubElement(element, case.kind, message=case.message, type=case.kind).text = case.text or case.message
        yield element
