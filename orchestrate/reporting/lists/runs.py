"""Stored runs as a list: one line a run, made from the document of `runs` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text import printable
from orchestrate.reporting.figures import columns, figure_text
from orchestrate.reporting.output import say

Document = dict[str, Any]
_FIGURES: Final = ("total_return", "sharpe", "max_drawdown", "trades")


def show(document: Document, also: Sequence[str] = ()) -> None:
    """Print the runs, `also` with these figures; nothing is cut, what may be long stands last."""
    figures = [*_FIGURES, *(name for name in dict.fromkeys(also) if name in METRICS and name not in _FIGURES)]
    rows = [_row(run, figures) for run in printable.document(document["runs"])]
    heads = ("run", "status", *(METRICS[name].column or METRICS[name].label for name in figures), "strategies")
    say("\n".join(columns(heads, rows, right=range(2, 2 + len(figures)))) if rows else "no runs")


def _row(run: Document, figures: Sequence[str]) -> list[str]:
    texts = (figure_text(name, run.get(name)) for name in figures)
    return [run["run_id"], run["status"], *texts, ", ".join(run["strategies"])]
