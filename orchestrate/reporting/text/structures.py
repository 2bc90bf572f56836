"""What became of structures of options, by strategy and tag."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from orchestrate.reporting.text.figures import count, money
from orchestrate.reporting.text.layout import Column, Screen, fitted

Document = dict[str, Any]


def structures(document: Document, screen: Screen) -> RenderableType | None:
    """Return how many there were, what they brought and how they ended; None where there were none."""
    found = document.get("structures")
    if not found:
        return None
    columns = [
        Column("strategy", right=False),
        Column("tag", right=False, rank=2),
        Column("count"),
        Column("won"),
        Column("credit", rank=4),
        Column("profit"),
        Column("fees", rank=3),
        Column("days", rank=1),
        Column("of most", rank=5),
        Column("ended", right=False, prose=True),
    ]
    return fitted(columns, [_row(one) for one in found], screen)


def _row(one: Document) -> list[Text]:
    return [
        Text(one["strategy_id"]),
        Text(one["tag"] or "–"),
        count(one["count"]),
        count(one["won"]),
        money(one["credit"]),
        money(one["profit"]),
        money(one["fees"]),
        Text("–" if one["days"] is None else f"{one['days']:.1f}"),
        Text("–" if one["share"] is None else f"{100 * one['share']:.0f}%"),
        Text(", ".join(f"{cause.replace('_', ' ')} {times}" for cause, times in one["causes"].items())),
    ]
