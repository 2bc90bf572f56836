"""The rows of HEART as a table, each with its guardrail below it; made from the document of `heart` alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrate.reporting.figures import NOTHING, columns
from orchestrate.reporting.output import say

Document = dict[str, Any]


def show(document: Document) -> None:
    """Print the table, below the period and the number of runs."""
    table = columns(("", "measure", "value", "target", "verdict"), list(_rows(document)), right=(2,))
    runs = f"{document['runs']:,} run{'' if document['runs'] == 1 else 's'} in {document['days']} days"
    say("\n".join([runs, "", *table]))


def _rows(document: Document) -> Iterator[tuple[str, ...]]:
    for row in document["rows"]:
        yield row["row"], *_cells(row)
        yield "  guardrail", *_cells(row["guardrail"])


def _cells(measure: Document) -> tuple[str, str, str, str]:
    shown = NOTHING if measure["value"] is None else _text(measure["value"], measure["unit"])
    return measure["measure"], shown, _target(measure), measure["verdict"]


def _target(measure: Document) -> str:
    if measure["target"] is None:
        return NOTHING
    operator, number = measure["target"].split()
    return f"{operator} {_text(float(number), measure['unit'])}"


def _text(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value * 100:.4g}%"
    return f"{value:.3g} s" if unit == "seconds" else f"{value:,.0f}"
