"""Stored runs as a list: one line a run, made from the document of `runs` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text.printable import one_line
from orchestrate.reporting.figures import columns, figure_text
from orchestrate.reporting.output import say, terminal_width

Document = dict[str, Any]
_NAMES: Final = "strategies"
_FIGURES: Final = ("total_return", "sharpe", "max_drawdown", "trades")


def show(document: Document, also: Sequence[str] = (), *, quiet: bool = False) -> None:
    """Print the runs, `also` with these figures; on a terminal, as many names of strategies as fit; or `quiet`, ids."""
    if quiet:
        for run in document["runs"]:
            say(one_line(run["run_id"]))
        return
    figures = [*_FIGURES, *(name for name in dict.fromkeys(also) if name in METRICS and name not in _FIGURES)]
    shown = document["runs"]
    if not shown:
        say("no runs")
        return
    rows = [_row(run, figures) for run in shown]
    heads = ("run", "status", *(METRICS[name].column or METRICS[name].label for name in figures))
    names = [[*map(one_line, _names(run))] for run in shown]
    say("\n".join(_table(heads, rows, names, terminal_width())))


def _names(run: Document) -> list[str]:
    """Return the strategies of a run; of a sweep, what it varies stands behind the last one."""
    names = list(run["strategies"])
    if run["kind"] == "sweep":
        varied = f"(sweep over {', '.join(run['parameters'])})"
        names[-1:] = [f"{names[-1]} {varied}" if names else varied]
    return names


def _row(run: Document, figures: Sequence[str]) -> list[str]:
    return [one_line(run["run_id"]), one_line(run["status"]), *(figure_text(name, run.get(name)) for name in figures)]


def _table(heads: Sequence[str], rows: Sequence[list[str]], names: Sequence[list[str]], width: int | None) -> list[str]:
    """Return the lines: where the names of strategies don't fit, the columns are closer, and some names a number."""
    right = range(2, len(heads))
    if width is None:
        return columns([*heads, _NAMES], [[*row, ", ".join(own)] for row, own in zip(rows, names, strict=True)], right)
    for gap in (2, 1):
        room = width - gap - max(map(len, columns(heads, rows, right, gap)))
        if room >= len(_NAMES):
            named = [[*row, _few(own, room)] for row, own in zip(rows, names, strict=True)]
            return columns([*heads, _NAMES], named, right, gap)
    return columns(heads, rows, right)


def _few(names: list[str], room: int) -> str:
    """Return as many names as there is room for, and how many more there are; one that is too long loses its end."""
    for shown in range(len(names), 0, -1):
        text = ", ".join(names[:shown]) + (f", +{len(names) - shown}" if shown < len(names) else "")
        if len(text) <= room:
            return text
    more = f", +{len(names) - 1}" if names[1:] else ""
    return f"{names[0][: room - len(more) - 1]}…{more}" if names else ""
