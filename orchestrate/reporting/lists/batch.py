"""The files of a batch as a list: one line a file, and below it why its exit code is not 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text import printable
from orchestrate.reporting.figures import NOTHING, columns, figure_text
from orchestrate.reporting.output import say

Document = dict[str, Any]
_FIGURES: Final = ("total_return", "sharpe", "max_drawdown", "trades")


def show(document: Document) -> None:
    """Print the files and what became of them; nothing is cut, what may be long stands last."""
    shown = printable.document(document["files"])
    heads = ("code", "run", *(METRICS[name].column or METRICS[name].label for name in _FIGURES), "file")
    table = columns(heads, map(_row, shown), right=(0, *range(2, 2 + len(_FIGURES))))
    say("\n".join([*table, *_reasons(document["files"])]))


def _row(file: Document) -> list[str]:
    run = file["run"] or {}
    figures = (figure_text(name, run.get(name)) for name in _FIGURES)
    return [str(file["exit_code"]), run.get("run_id", NOTHING), *figures, file["file"]]


def _reasons(files: list[Document]) -> Iterator[str]:
    for file in files:
        for message in file["messages"]:
            named = message.startswith(file["file"])
            yield from ("", message if named else f"{file['file']}: {message}")
