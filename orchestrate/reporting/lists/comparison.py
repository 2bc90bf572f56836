"""Runs side by side: each has a letter, and a column; made from the document of `compare` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Any, Final

from orchestrate.domain.text import printable
from orchestrate.reporting.figures import NOTHING, change_text, columns, exact, figure_text
from orchestrate.reporting.output import say

Document = dict[str, Any]
#: Instead of all that is in a part of the configuration which another run doesn't have; JSON has it.
_THERE: Final = "there"
_EVERY: Final = {"step": "at each step", "day": "by day", "month": "by month", "year": "by year"}


def show(document: Document) -> None:
    """Print the comparison, a part after the other; nothing is cut."""
    shown = printable.document(document)
    letters = [_letter(place) for place in range(len(shown["runs"]))]
    parts = (_runs, _figures, _strategies, _configuration, _data, _versions, _equity)
    say("\n\n".join("\n".join(lines) for part in parts if (lines := list(part(shown, letters)))))


def _letter(place: int) -> str:
    """Return A to Z, then A1 and so on."""
    turn, at = divmod(place, len(ascii_uppercase))
    return f"{ascii_uppercase[at]}{turn or ''}"


def _runs(document: Document, letters: Sequence[str]) -> Iterator[str]:
    rows = [
        [letter, run["run_id"], run["status"], f"{run['start']} … {run['end']}" if run["bars"] else "no bar"]
        for letter, run in zip(letters, document["runs"], strict=True)
    ]
    yield from columns(("", "run", "status", "period"), rows)


def _figures(document: Document, letters: Sequence[str]) -> Iterator[str]:
    rows = [[row["label"], *_cells(row)] for row in document["figures"] if _has_value(row)]
    heads = ("figure", *letters, *_changes(letters))
    yield from columns(heads, rows, right=range(1, len(heads)))


def _strategies(document: Document, letters: Sequence[str]) -> Iterator[str]:
    rows = [[row["strategy"], row["label"], *_cells(row)] for row in document["strategies"] if _has_value(row)]
    heads = ("strategy", "figure", *letters, *_changes(letters))
    yield from columns(heads, rows, right=range(2, len(heads)))


def _has_value(row: Document) -> bool:
    return any(value is not None for value in row["values"])


def _changes(letters: Sequence[str]) -> list[str]:
    return [f"{letter} - {letters[0]}" for letter in letters[1:]]


def _cells(row: Document) -> list[str]:
    name = row["figure"]
    values = [figure_text(name, value) for value in row["values"]]
    return values + [change_text(name, change) for change in row["changes"][1:]]


def _configuration(document: Document, letters: Sequence[str]) -> Iterator[str]:
    yield from _differences(document["configuration"], "configuration", letters)


def _versions(document: Document, letters: Sequence[str]) -> Iterator[str]:
    if document["versions"]:
        yield from _differences(document["versions"], "versions", letters)


def _differences(rows: Sequence[Document], what: str, letters: Sequence[str]) -> Iterator[str]:
    if rows:
        yield from columns((what, *letters), [[row["key"], *map(_value, row["values"])] for row in rows])
    else:
        yield f"{what}: the same"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return _THERE
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return exact(value) or NOTHING


def _data(document: Document, letters: Sequence[str]) -> Iterator[str]:
    if document["data"]["same"]:
        yield "data: the same"
        return
    yield from columns(("data", *letters), [["hash", *(one[:12] for one in document["data"]["hashes"])]])


def _equity(document: Document, letters: Sequence[str]) -> Iterator[str]:
    equity = document["equity"]
    rows = [[row["label"], *(figure_text("", value) for value in row["values"])] for row in equity["rows"]]
    heads = (f"equity {_EVERY[equity['every']]}", *letters)
    yield from columns(heads, rows, right=range(1, len(heads)))
