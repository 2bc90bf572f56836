"""How far prices went against each trade and for it, from the bars during which it was open as a whole."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from orchestrate.verification.facts import Row, Run


def with_ranges(run: Run, trades: Iterable[Row]) -> list[Row]:
    """Return the trades with `mae` and `mfe`; both None where the entry price is 0."""
    return [{**trade, **_range(run, trade)} for trade in trades]


def _range(run: Run, trade: Row) -> dict[str, float | None]:
    """Return both as fractions of the entry price.

    Of the bars from entry to exit the last one counts only where orders fill at the close, else the first one does.
    """
    bars, entry = run.bars[trade["symbol"]], float(trade["entry_price"])
    if not entry:
        return {"mae": None, "mfe": None}
    first, last = (int(np.searchsorted(bars.labels, trade[name])) for name in ("entered", "exited"))
    open_for = slice(first + 1, last + 1) if run.rules.at_close else slice(first, last)
    ends = [entry, float(trade["exit_price"])]
    lowest, highest = min([*ends, *bars.low[open_for].tolist()]), max([*ends, *bars.high[open_for].tolist()])
    down, up = (lowest - entry) / abs(entry), (highest - entry) / abs(entry)
    return {"mae": down, "mfe": up} if trade["quantity"] > 0 else {"mae": -up, "mfe": -down}
