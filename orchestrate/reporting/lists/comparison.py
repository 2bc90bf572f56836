"""Runs side by side: each has a letter, and a column; made from the document of `compare` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Any, Final

from orchestrate.domain.text import printable
from orchestrate.reporting.figures import NOTHING, change_text, columns, exact, figure_text
from orchestrate.reporting.output import say, terminal_width, wrapped

Document = dict[str, Any]
#: Instead of all that is in a part of the configuration which another run doesn't have; JSON has it.
_THERE: Final = "there"
#: A value that is longer stands on a line of its own.
_LONG: Final = 40
_EVERY: Final = {"step": "at each step", "day": "by day", "month": "by month", "year": "by year"}


def show(document: Document) -> None:
    """Print the comparison, a part after the other; changes are left out on a terminal that is too narrow for them."""
    shown = printable.document(document)
    letters = [_letter(place) for place in range(len(shown["runs"]))]
    width = terminal_width()
    parts = (_runs, _figures, _strategies, _configuration, _data, _versions, _equity)
    say("\n\n".join("\n".join(lines) for part in parts if (lines := list(part(shown, letters, width)))))


def _letter(place: int) -> str:
    """Return A to Z, then A1 and so on."""
    turn, at = divmod(place, len(ascii_uppercase))
    return f"{ascii_uppercase[at]}{turn or ''}"


def _runs(document: Document, letters: Sequence[str], _width: int | None) -> Iterator[str]:
    rows = [
        [letter, run["run_id"], run["status"], f"{run['start']} … {run['end']}" if run["bars"] else "no bar"]
        for letter, run in zip(letters, document["runs"], strict=True)
    ]
    yield from columns(("", "run", "status", "period"), rows)


def _figures(document: Document, letters: Sequence[str], width: int | None) -> Iterator[str]:
    rows = [[row["label"], *_cells(row)] for row in document["figures"] if _has_value(row)]
    yield from _with_changes(("figure",), letters, rows, width)


def _strategies(document: Document, letters: Sequence[str], width: int | None) -> Iterator[str]:
    rows = [[row["strategy"], row["label"], *_cells(row)] for row in document["strategies"] if _has_value(row)]
    yield from _with_changes(("strategy", "figure"), letters, rows, width)


def _with_changes(
    heads: Sequence[str], letters: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> list[str]:
    """Return a table of each run's value and its change; without the changes where they don't fit."""
    right = range(len(heads), len(heads) + 2 * len(letters))
    full = columns((*heads, *letters, *_changes(letters)), rows, right)
    if width is None or max(map(len, full)) <= width:
        return full
    kept = len(heads) + len(letters)
    return columns((*heads, *letters), [row[:kept] for row in rows], right)


def _has_value(row: Document) -> bool:
    return any(value is not None for value in row["values"])


def _changes(letters: Sequence[str]) -> list[str]:
    return [f"{letter} - {letters[0]}" for letter in letters[1:]]


def _cells(row: Document) -> list[str]:
    name = row["figure"]
    values = [figure_text(name, value) for value in row["values"]]
    return values + [change_text(name, change) for change in row["changes"][1:]]


def _configuration(document: Document, letters: Sequence[str], width: int | None) -> Iterator[str]:
    yield from _differences(document["configuration"], "configuration", letters, width)


def _versions(document: Document, letters: Sequence[str], width: int | None) -> Iterator[str]:
    if document["versions"]:
        yield from _differences(document["versions"], "versions", letters, width)


def _differences(rows: Sequence[Document], what: str, letters: Sequence[str], width: int | None) -> Iterator[str]:
    if not rows:
        yield f"{what}: the same"
        return
    texts = [[row["key"], *map(_value, row["values"])] for row in rows]
    longs = [row for row in texts if max(map(len, row[1:])) > _LONG]
    shorts = [row for row in texts if row not in longs]
    yield from columns((what, *letters), shorts) if shorts else [what]
    for key, *values in longs:
        yield key
        for letter, value in zip(letters, values, strict=True):
            yield from wrapped(f"  {letter}  {value}", width, "     ")


def _value(value: object) -> str:
    if isinstance(value, dict):
        return _THERE
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return exact(value) or NOTHING


def _data(document: Document, letters: Sequence[str], _width: int | None) -> Iterator[str]:
    if document["data"]["same"]:
        yield "data: the same"
        return
    yield from columns(("data", *letters), [["hash", *(one[:12] for one in document["data"]["hashes"])]])


def _equity(document: Document, letters: Sequence[str], _width: int | None) -> Iterator[str]:
    equity = document["equity"]
    rows = [[row["label"], *(figure_text("", value) for value in row["values"])] for row in equity["rows"]]
    heads = (f"equity {_EVERY[equity['every']]}", *letters)
    yield from columns(heads, rows, right=range(1, len(heads)))
