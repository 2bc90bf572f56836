"""Small chains made by hand: a row for each quote, as (moment, right, strike, bid, ask)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestrate.domain.options.chain import Chain, Contracts
from orchestrate.domain.options.view import Terms

DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
NONE = float("nan")
#: 2018-02-28 and 2018-03-28, and the instants at which contracts of these days end.
DAYS = {"2018-02-28": 17590, "2018-03-28": 17618}
CLOSE = 21 * 3600 * 10**9
TERMS = Terms("SPXW", "SPX", "european", 100.0, "cash", "pm")
Row = tuple[int, str, str, float, float, float]


def chain(rows: Sequence[Row], length: int = DAY, lag: int = CLOSE, **columns: Sequence[float]) -> Chain:
    """A chain of rows (moment, date of expiry, right, strike, bid, ask), and further columns in their order."""
    keys = [(DAYS[date], strike, right == "put") for _, date, right, strike, _, _ in rows]
    distinct = sorted(set(keys))
    order = sorted(range(len(rows)), key=lambda row: (rows[row][0], keys[row]))
    moments = sorted({row[0] for row in rows})
    stamps = np.array([rows[row][0] for row in order])
    quoted: Mapping[str, Any] = {
        "bid": np.array([rows[row][4] for row in order]),
        "ask": np.array([rows[row][5] for row in order]),
        **{name: np.array(column, dtype=float)[order] for name, column in columns.items()},
    }
    return Chain(
        "SPXW",
        TERMS,
        Contracts(
            np.array([day for day, _, _ in distinct]),
            np.array([day * DAY + CLOSE for day, _, _ in distinct]),
            np.array([strike for _, strike, _ in distinct]),
            np.array([not is_put for _, _, is_put in distinct]),
        ),
        np.array(moments),
        np.array(moments) + lag,
        np.append(np.searchsorted(stamps, moments), len(rows)),
        np.array([distinct.index(keys[row]) for row in order], dtype=np.int32),
        quoted,
        np.full(len(moments), 2750.0),
        length,
    )
