"""What to know and to judge a run by: failures, gates, compatibility, findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from orchestrate.reporting.findings import failure_text, shown_findings
from orchestrate.reporting.text.layout import Screen, listed, shortened

Document = dict[str, Any]
_FINDINGS: Final = 12
#: The widest first column.
_NAMES: Final = 24
#: So many places of findings that are alike are named.
_PLACES: Final = 4
_SEVERITIES: Final = {"error": "red", "warning": "yellow", "info": "dim"}
_NUMBER: Final = re.compile(r"[0-9][0-9.,:T-]*Z?")


def failures(document: Document, screen: Screen) -> RenderableType | None:
    """Return what failed: where in the user's code, the message, and the bar."""
    errors = [(name, strategy["error"]) for name, strategy in document["strategies"].items() if strategy["error"]]
    if "error" in document:
        errors.insert(0, ("portfolio", document["error"]))
    return listed((_name(name, screen, "red"), Text(failure_text(error))) for name, error in errors)


def stops(document: Document, screen: Screen) -> RenderableType | None:
    """Return since when the portfolio, or a strategy that did not fail, trades no more."""
    rows = []
    if stop := document.get("stopped"):
        figures = f"{stop['limit']} {stop['figure']:.4g} of {stop['bound']:.4g}"
        rows.append((Text("portfolio", "yellow"), Text(f"stopped at the close of {stop['bar_date']}: {figures}")))
    for name, strategy in document["strategies"].items():
        if strategy["status"] not in ("completed", "failed"):
            rows.append((_name(name, screen, "yellow"), Text(_standing(strategy))))
    return listed(rows)


def _standing(strategy: Document) -> str:
    """Return a strategy's status at the end, and since when it has it."""
    changes = [one for one in strategy.get("status_changes", ()) if one["status"] == strategy["status"]]
    if not changes or not changes[-1]["bar_date"]:
        return str(strategy["status"])
    last = changes[-1]
    return f"{last['status']} since the {last['moment']} of {last['bar_date']}"


def gates(document: Document, _screen: Screen) -> RenderableType | None:
    """Return each gate and whether it passed."""
    return listed(_judged(gate) for gate in document["gates"])


def _judged(gate: Document) -> tuple[Text, Text]:
    verdict = Text("passed", "green") if gate["passed"] else Text("FAILED", "bold red")
    value = "has no value" if gate["value"] is None else f"is {gate['value']:.6g}"
    return verdict, Text(f"{gate['gate']}  ({value})")


def compatibility(document: Document, screen: Screen) -> RenderableType | None:
    """Return the score of several strategies together, and their warnings."""
    report = document.get("compatibility")
    if report is None:
        return None
    short = report["score"] < report["required"]
    required = f", {report['required']} required" if report["required"] else ""
    score = Text("score", "bold red" if short else ""), Text(f"{report['score']} of 100{required}")
    warnings = [_as_finding(warning) for warning in report["warnings"]]
    return listed([score, *_rows(warnings, screen)])


def _as_finding(warning: str) -> Document:
    where, colon, message = warning.partition(": ")
    return {"severity": "warning", "where": where if colon else "", "message": message if colon else warning}


def findings(document: Document, screen: Screen) -> RenderableType | None:
    """Return the gravest findings first, those that are alike as one, as many as a person reads."""
    known = document.get("compatibility", {}).get("warnings", ())
    ranks = list(_SEVERITIES)
    findings: list[Document] = document["findings"]
    if not screen.verbose:
        findings = [one for one in shown_findings(document) if _sentence(one) not in known]
    found = sorted(findings, key=lambda finding: ranks.index(finding["severity"]))
    return listed(_rows(found, screen))


def _rows(found: list[Document], screen: Screen) -> Iterator[tuple[Text, Text]]:
    """Yield a line for findings that are alike, and how many more there are."""
    groups = [[one] for one in found] if screen.verbose else _grouped(found)
    shown = groups[: screen.most(_FINDINGS)]
    for group in shown:
        severity = group[0]["severity"]
        yield Text(severity, _SEVERITIES[severity]), Text(_together(group))
    if len(groups) > len(shown):
        yield Text("…"), Text(f"and {len(groups) - len(shown)} more (-v shows all)")


def _grouped(found: list[Document]) -> list[list[Document]]:
    """Return findings that say the same, save for places and figures, together; in the order of the first of each."""
    groups: dict[tuple[str, str], list[Document]] = {}
    for one in found:
        groups.setdefault((one["severity"], _NUMBER.sub("#", one["message"])), []).append(one)
    return list(groups.values())


def _together(group: list[Document]) -> str:
    """Return findings that are alike as one sentence."""
    first, rest = group[0], group[1:]
    if all(one["message"] == first["message"] for one in rest):
        where = _places([one["where"] for one in group]) if rest else first["where"]
        return f"{where}: {first['message']}" if where else str(first["message"])
    return f"{_sentence(first)}; likewise {_places([one['where'] for one in rest])}"


def _places(places: list[str]) -> str:
    named = [f"({place})" if ", " in place else place for place in dict.fromkeys(places) if place]
    more = f" and {len(named) - _PLACES} more" if len(named) > _PLACES else ""
    return ", ".join(named[:_PLACES]) + more


def _sentence(finding: Document) -> str:
    where = f"{finding['where']}: " if finding["where"] else ""
    return f"{where}{finding['message']}"


def _name(name: str, screen: Screen, style: str) -> Text:
    text = Text(name, style)
    return text if screen.piped else shortened(text, _NAMES)


def tracebacks(texts: dict[str, str]) -> Iterator[Text]:
    """Yield the traceback of each strategy that failed, below its name."""
    for name, text in texts.items():
        yield Text()
        yield Text(f"Traceback of {name}", style="bold")
        yield Text(text.rstrip("\n"))
