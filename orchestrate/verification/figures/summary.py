"""What stands in a run's document for those who open no table: open positions, and a sketch of equity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from orchestrate.verification.documents import unlike
from orchestrate.verification.facts import Difference
from orchestrate.verification.figures.lines import Lines
from orchestrate.verification.figures.periods import text_of

#: So many values are in a sketch.
_POINTS: Final = 120
_COLUMNS: Final = {
    "strategy_id": "strategy_id",
    "symbol": "symbol",
    "quantity": "quantity",
    "average_price": "average_price",
    "price": "last_close",
    "worth": "value",
    "open_profit": "open_profit",
}


def check_summary(lines: Lines) -> Iterator[Difference]:
    """Yield what differs from the tables, which by then are known to be right."""
    figures = lines.run.figures
    due = {"open_positions": _positions(lines), "equity_sketch": _sketch(lines)}
    for name, one in due.items():
        yield from unlike("summary", name, figures.get(name, one), one)


def _positions(lines: Lines) -> list[dict[str, Any]]:
    return [
        {name: row[column] for name, column in _COLUMNS.items()} | {"opened": text_of(row["opened"])}
        for row in lines.run.rows("positions")
    ]


def _sketch(lines: Lines) -> dict[str, Any]:
    """Return some values of equity, the last one included, and the bars on which it was lowest and highest."""
    equity, labels, size = lines.whole, lines.run.labels, len(lines.whole)
    if not size:
        return {"values": [], "lowest": None, "highest": None}
    places = sorted({round(place) for place in np.linspace(0, size - 1, min(size, _POINTS)).tolist()})
    ends = {"lowest": int(np.argmin(equity)), "highest": int(np.argmax(equity))}
    named = {name: {"value": float(equity[at]), "label": text_of(labels[at])} for name, at in ends.items()}
    return {"values": equity[places].tolist(), **named}
