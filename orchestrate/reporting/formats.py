"""The formats of `report`: each is a function that prints a stored run, or writes it to a file.

A format is one line in `FORMATS` and one in `RunFormat` of the command. A function imports what it needs itself, so
that the others don't wait for it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text import printable
from orchestrate.reporting.figures import exact
from orchestrate.reporting.output import json_text, say_or_write, write_text
from orchestrate.runs.reading import StoredRun

Document = dict[str, Any]


class Detail(NamedTuple):
    """How much a text shows: `verbose`: all; `quiet`: where the run is; `traceback`: those of failures, too."""

    verbose: bool = False
    traceback: bool = False
    quiet: bool = False


#: Prints the run on stdout, or writes it to the file.
Format = Callable[[StoredRun, Path | None, Detail], None]


def _text(run: StoredRun, file: Path | None, detail: Detail) -> None:
    if detail.quiet:
        say_or_write(printable.one_line(run.folder.as_posix()), file)
        return
    from orchestrate.reporting.text.summary import show

    show_run = partial(show, run.document(), verbose=detail.verbose)
    tracebacks = run.tracebacks if detail.traceback else {}
    if file is None:
        show_run(tracebacks=tracebacks)
        return
    written = StringIO()
    show_run(file=written, tracebacks=tracebacks)
    write_text(file, written.getvalue())


def _json(run: StoredRun, file: Path | None, _detail: Detail) -> None:
    say_or_write(json_text(run.document()), file)


def _markdown(run: StoredRun, file: Path | None, _detail: Detail) -> None:
    from orchestrate.reporting.markdown import run_text

    say_or_write(run_text(run.document()), file)


def _csv(run: StoredRun, file: Path | None, _detail: Detail) -> None:
    """Give one row a figure, with all its digits."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("scope", "id", "figure", "value"))
    writer.writerows(_rows(printable.document(run.document())))
    say_or_write(text.getvalue().removesuffix("\n"), file)


def _rows(document: Document) -> Iterator[tuple[str, str, str, str]]:
    yield from _figures("portfolio", "", document["portfolio"])
    for scope in ("strategies", "frameworks"):
        for owner, facts in document[scope].items():
            yield from _figures(scope, owner, facts)
    if "benchmark" in document:
        yield from _figures("benchmark", document["benchmark"]["symbol"], document["benchmark"])


def _figures(scope: str, owner: str, facts: Document) -> Iterator[tuple[str, str, str, str]]:
    for name, value in {**facts, **facts["metrics"]}.items():
        if name in METRICS or type(value) in (int, float):
            yield scope, owner, name, exact(value)


FORMATS: Final[dict[str, Format]] = {"text": _text, "json": _json, "md": _markdown, "csv": _csv}
