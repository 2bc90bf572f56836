"""A run in Markdown: for a pull request, a wiki, the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text import printable
from orchestrate.reporting.figures import NOTHING, figure_text, quantity_text
from orchestrate.reporting.findings import SEVERITIES, failure_text, shown_findings

Document = dict[str, Any]
#: So many reasons of cuts and refusals are listed.
_REASONS: Final = 5
_SPECIAL: Final = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()<>#+!|~&@"})


def run_text(document: Document) -> str:
    """Return the document of a run as Markdown."""
    shown = printable.document(document)
    parts = (_headline, _portfolio, _strategies, _demands, _positions, gates_text, _failures, _findings, _further)
    return "\n\n".join(text for part in parts if (text := "\n".join(part(shown))))


def escaped(text: object) -> str:
    """Return a text in which no character has a meaning to Markdown or HTML, nor names a person."""
    return printable.one_line(text).translate(_SPECIAL)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> Iterator[str]:
    """Yield the lines of a table; its cells are escaped by who makes them, those after the first `left` are numbers."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' if place < left else '--:' for place in range(len(heads)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _headline(document: Document) -> Iterator[str]:
    span = f"{document['bars']:,} bars, {document['start']} … {document['end']}" if document["bars"] else "no bar"
    yield f"# Run {document['run_id']}: {document['status']}"
    yield ""
    yield f"Exit code {document['exit_code']}; {span}."


def _portfolio(document: Document) -> Iterator[str]:
    portfolio = document["portfolio"]
    yield "## Portfolio"
    yield ""
    beside = ("initial_capital", "final_equity", "reserve")
    rows = [[name.replace("_", " "), figure_text(name, portfolio[name])] for name in beside]
    rows += [[METRICS[name].label, figure_text(name, value)] for name, value in _metrics(document, headline=True)]
    yield from table(("figure", "value"), rows)


def _metrics(document: Document, *, headline: bool) -> Iterator[tuple[str, float | None]]:
    """Yield the metrics of the portfolio that stand in a short summary, or the others."""
    for name, value in document["portfolio"]["metrics"].items():
        if name in METRICS and METRICS[name].headline is headline:
            yield name, value


def _further(document: Document) -> Iterator[str]:
    """Yield the other metrics that have a value."""
    known = ((name, value) for name, value in _metrics(document, headline=False) if value is not None)
    rows = [[METRICS[name].label, figure_text(name, value)] for name, value in known]
    if rows:
        yield "## Further figures"
        yield ""
        yield from table(("figure", "value"), rows)


def _strategies(document: Document) -> Iterator[str]:
    compared = [name for name, metric in METRICS.items() if metric.column]
    yield "## Strategies"
    yield ""
    given = document.get("attribution", {}).get("strategies", {})
    heads = ("id", "framework", "status", *(METRICS[name].column for name in compared), "contribution")
    rows = (
        [
            escaped(one),
            escaped(facts["framework"]),
            facts["status"],
            *(figure_text(name, facts["metrics"].get(name)) for name in compared),
            figure_text("total_return", given.get(one)),
        ]
        for one, facts in document["strategies"].items()
    )
    yield from table(heads, rows, left=3)


def _demands(document: Document) -> Iterator[str]:
    """Yield what was cut and refused, by the most frequent reasons; documents of older runs don't say."""
    demands = document.get("demands", {})
    if not demands.get("reasons"):
        return
    yield "## Cut and refused"
    yield ""
    yield f"{demands['resized']:,} of {demands['count']:,} demands were cut, {demands['blocked']:,} refused."
    yield ""
    rows = (
        [escaped(one["reason"]), f"{one['count']:,}", figure_text("", one["money"])]
        for one in demands["reasons"][:_REASONS]
    )
    yield from table(("reason", "times", "money"), rows)


def _positions(document: Document) -> Iterator[str]:
    positions = document.get("open_positions", [])
    if not positions:
        return
    yield "## Open at the end"
    yield ""
    rows = (
        [
            escaped(one["strategy_id"]),
            escaped(one["symbol"]),
            quantity_text(one["quantity"]),
            figure_text("", one["worth"]),
        ]
        for one in positions
    )
    yield from table(("strategy", "symbol", "quantity", "worth"), rows, left=2)


def gates_text(document: Document) -> Iterator[str]:
    """Yield each gate, its figure, and whether it passed."""
    if not document["gates"]:
        return
    yield "## Gates"
    yield ""
    rows = (
        [escaped(gate["gate"]), value_text(gate["value"]), "passed" if gate["passed"] else "**failed**"]
        for gate in document["gates"]
    )
    yield from table(("gate", "value", "result"), rows)


def value_text(value: float | None) -> str:
    """Return the value that a gate has met, in six digits."""
    return NOTHING if value is None else f"{value:.6g}"


def _failures(document: Document) -> Iterator[str]:
    failed = [(name, one["error"]) for name, one in document["strategies"].items() if one["error"] is not None]
    if "error" in document:
        failed.insert(0, ("portfolio", document["error"]))
    if failed:
        yield "## Failed"
        yield ""
    for name, error in failed:
        yield f"- {escaped(name)}: {escaped(failure_text(error))}"


def _findings(document: Document) -> Iterator[str]:
    findings = sorted(shown_findings(document), key=lambda finding: SEVERITIES.index(finding["severity"]))
    if findings:
        yield "## Findings"
        yield ""
    for finding in findings:
        where = f"{escaped(finding['where'])}: " if finding["where"] else ""
        yield f"- {finding['severity']}: {where}{escaped(finding['message'])}"
