"""Structures of options: entry, exit, profit and the cause of their end."""

from __future__ import annotations

from typing import Any, Final

from orchestrate.domain.market.stamps import label_text
from orchestrate.reporting.page import numbers, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, paragraph, table
from orchestrate.reporting.page.subject import Subject
from orchestrate.runs.reading import STRUCTURES

#: So many are listed, those with the largest profits and losses.
_LISTED: Final = 250
_COLUMNS: Final = (
    *("strategy_id", "tag", "structure", "quantity", "entered", "exited"),
    *("credit", "days", "profit", "share", "cause"),
)
_HEADS: Final = (
    *("strategy", "tag", "structure", "quantity", "entered", "exited"),
    *("credit", "days", "profit", "of most", "ended"),
)


def structures(subject: Subject) -> list[Html | Chart]:
    """Return the table of structures; nothing of a run without chains, or without one of them."""
    if STRUCTURES not in subject.run.files:
        return []
    rows = list(zip(*subject.run.columns(STRUCTURES, _COLUMNS), strict=True))
    if not rows:
        return []
    profit = _COLUMNS.index("profit")
    most = sorted(range(len(rows)), key=lambda place: -abs(rows[place][profit]))[: subject.few(_LISTED)]
    blocks: list[Html | Chart] = [table("Structures", _HEADS, [_row(*rows[place]) for place in sorted(most)])]
    note = sampling.note(len(most), len(rows), "structures")
    if note:
        blocks.append(paragraph(f"{note}, those with the largest profits and losses.", "note"))
    return blocks


def _row(
    name: str, tag: str, structure: str, quantity: float, entered: int, exited: int | None, *rest: Any
) -> list[Any]:
    credit, days, profit, share, cause = rest
    return [
        *(name, tag, structure, numbers.quantity(quantity)),
        *(label_text(entered), "" if exited is None else label_text(exited)),
        *(numbers.money(credit), numbers.quantity(round(days, 1)), numbers.money(profit)),
        *("–" if share is None else numbers.share(share), cause.replace("_", " ")),
    ]
