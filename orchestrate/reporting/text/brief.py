"""A run in one screen: for `repr` and for notebooks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from orchestrate.domain.text import printable
from orchestrate.reporting import output
from orchestrate.reporting.findings import failure_text
from orchestrate.reporting.text import portfolio, strategies
from orchestrate.reporting.text.layout import Screen, fitted, heading, indented

Document = dict[str, Any]
_WIDTH: Final = 80
#: So many strategies leave room for the rest.
_STRATEGIES: Final = 8
_FIGURES_A_ROW: Final = 3


def brief_text(document: Document) -> str:
    """Return a run in some 30 lines of 80 characters: `document` is its JSON, or the figures of one in memory."""
    shown, screen = printable.document(document), Screen(_WIDTH)
    sections: dict[str, RenderableType] = {
        "Portfolio": portfolio.portfolio(shown, screen),
        "Strategies": fitted(*strategies.table(shown, _STRATEGIES), screen),
    }
    parts: list[RenderableType] = [portfolio.headline(shown)]
    for title, section in sections.items():
        parts += [Text(), heading(title), indented(section)]
    file = io.StringIO()
    output.show(*parts, *map(Text, _notes(shown)), file=file, width=_WIDTH)
    return file.getvalue().rstrip("\n")


def brief_html(document: Document) -> str:
    """Return the same as tables for a notebook."""
    shown = printable.document(document)
    figures = [cell for name, value in portfolio.figures(shown) for cell in (name, value.plain)]
    columns, rows = strategies.table(shown, _STRATEGIES)
    step = 2 * _FIGURES_A_ROW
    lines = [_paragraph(line) for line in portfolio.headline(shown).plain.split("\n")]
    lines.append(_table([], (figures[start : start + step] for start in range(0, len(figures), step))))
    lines.append(_table([column.head for column in columns], ([cell.plain for cell in row] for row in rows)))
    lines += [_paragraph(note) for note in _notes(shown)]
    return f"<div>{''.join(lines)}</div>"


def _notes(document: Document) -> Iterator[str]:
    """Yield what else there is to know: further strategies, failures, how many findings are grave."""
    everyone = document["strategies"]
    if len(everyone) > _STRATEGIES:
        yield f"  and {len(everyone) - _STRATEGIES} more strategies"
    failed = [(name, one["error"]) for name, one in everyone.items() if one["error"]]
    for name, error in failed[:_STRATEGIES]:
        yield f"{name} failed: {failure_text(error)}"
    severities = [finding["severity"] for finding in document["findings"]]
    grave = {name: severities.count(name) for name in ("error", "warning") if name in severities}
    if grave:
        yield ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in grave.items()) + " in findings"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text.strip())}</p>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
