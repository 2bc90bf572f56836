"""A sweep in Markdown: for a pull request, a wiki, the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrate.domain.text import printable
from orchestrate.reporting.markdown import escaped, gates_text, table
from orchestrate.reporting.sweeps.figures import (
    STATISTICS,
    compared_metrics,
    metric_label,
    metric_text,
    parts_of,
    point_text,
    statistic_text,
    status_text,
    value_text,
)

Document = dict[str, Any]


def sweep_text(document: Document) -> str:
    """Return the document of a sweep as Markdown."""
    shown = printable.document(document)
    parts = (_headline, _picks, _statistics, _top, gates_text, _failures)
    return "\n\n".join(text for part in parts if (text := "\n".join(part(shown))))


def _headline(document: Document) -> Iterator[str]:
    yield f"# Sweep {document['run_id']}: {document['status']}"
    yield ""
    yield f"Exit code {document['exit_code']}; {status_text(document)}."
    yield ""
    yield escaped(document["verdict"])


def _picks(document: Document) -> Iterator[str]:
    yield "## Pick"
    yield ""
    for name, part in parts_of(document):
        best = part["best"]
        point = "none can be chosen" if best is None else f"trial {best['trial']}: {point_text(best['parameters'])}"
        yield f"- {escaped(f'{name}: {point}' if name else point)}"


def _statistics(document: Document) -> Iterator[str]:
    yield "## Statistics"
    yield ""
    rows = [
        [escaped(f"{name} {figure.label}".strip()), statistic_text(key, part[key]), part["reasons"].get(key, "")]
        for name, part in parts_of(document)
        for key, figure in STATISTICS.items()
    ]
    yield from table(("figure", "value", "because"), [[label, text, escaped(reason)] for label, text, reason in rows])


def _top(document: Document) -> Iterator[str]:
    if not document["top"]:
        return
    metrics = compared_metrics(document)
    parameters = [one["name"] for one in document["parameters"]]
    yield "## Best trials"
    yield ""
    rows = (
        [
            str(one["trial"]),
            *(escaped(value_text(one["parameters"].get(name))) for name in parameters),
            *(metric_text(name, one["metrics"].get(name)) for name in metrics),
        ]
        for one in document["top"]
    )
    yield from table(("trial", *map(escaped, parameters), *(escaped(metric_label(name)) for name in metrics)), rows)


def _failures(document: Document) -> Iterator[str]:
    if document["failures"]:
        yield "## Failed"
        yield ""
    for one in document["failures"]:
        yield f"- trial {one['trial']}: {escaped(one['reason'])}"
