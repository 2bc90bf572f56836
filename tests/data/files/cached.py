"""Bars that are worth caching, and what has to be equal with a cache and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrate.data.columns import Columns
from orchestrate.data.files.cache import ColumnCache
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding
from tests.data.reading import same

ROWS = 2000
PLAN = DataPlan("X", path="bars.csv")
Scripted = tuple[Columns, list[Finding]]


def text(stamp: str = "s", rows: int = ROWS, start: str = "2014-01-06T09:30") -> str:
    """Bars of a minute that never repeat a price; `stamp` is a unit of numpy, or `american`."""
    moments = np.datetime64(start, "s") + np.arange(rows) * np.timedelta64(60, "s")
    if stamp == "american":
        shown = [f"{one.month}/{one.day}/{one.year} {one.hour}:{one.minute:02}" for one in moments.tolist()]
    else:
        shown = np.datetime_as_string(moments, unit=stamp).tolist()
    lines = (
        f"{one},{at / 100 + 50:.2f},{at / 100 + 51:.2f},{at / 100 + 49:.2f},{at / 100 + 50.5:.2f},{at}"
        for at, one in enumerate(shown, 1)
    )
    return "Date,Open,High,Low,Close,Volume\n" + "\n".join(lines) + "\n"


def equal(one: Scripted, twin: Scripted) -> None:
    same(one[0], twin[0])
    assert one[0].rows.tolist() == twin[0].rows.tolist()
    assert [getattr(one[0], name).dtype for name in ("timestamp", "close", "rows")] == [np.int64, np.float64, np.int64]
    assert one[0].unit == twin[0].unit
    assert one[1] == twin[1]


def entry(cache: ColumnCache) -> Path:
    """The one entry there is."""
    ((_, _, path),) = cache.entries()
    return path
