"""The tables of a walk-forward: its windows, and the account that went through their tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.sweeps import Point
from orchestrate.runs.sweeps.rows import is_count
from orchestrate.runs.sweeps.tables import values_column
from orchestrate.runs.tables.arrow import column, types


@dataclass(frozen=True, slots=True, eq=False)
class WindowRow:
    """A window: the first and last label of its training and its test, what it picked, and the figures of the test.

    `trial` is the number of the pick among the trials of its training, None where there is none, or one a strategy.
    `labels` and `equity` are those of the account during the test.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    trial: int | None
    point: Point
    status: str
    metrics: Mapping[str, float | None]
    labels: Stamps
    equity: Floats


def window_facts(row: WindowRow) -> dict[str, Any]:
    """Return a window as documents have it."""
    spans = zip(("train_start", "train_end", "test_start", "test_end"), (*row.train, *row.test), strict=True)
    facts: dict[str, Any] = {name: label_text(label) for name, label in spans}
    facts |= {"trial": row.trial, "status": row.status, "parameters": dict(row.point), "metrics": dict(row.metrics)}
    return facts | {"final_equity": float(row.equity[-1])}


def windows_table(rows: Sequence[WindowRow], parameters: Sequence[str], metrics: Sequence[str]) -> Any:
    """Return a row for every window."""
    import pyarrow as pa

    kinds = types()
    spans = {
        "train_start": [row.train[0] for row in rows],
        "train_end": [row.train[1] for row in rows],
        "test_start": [row.test[0] for row in rows],
        "test_end": [row.test[1] for row in rows],
    }
    columns = {name: column(labels, kinds["stamp"]) for name, labels in spans.items()}
    columns["trial"] = column([row.trial for row in rows], pa.int64())
    columns["status"] = column([row.status for row in rows], kinds["text"])
    columns |= {name: values_column([row.point.get(name) for row in rows]) for name in parameters}
    for name in metrics:
        kind = pa.int64() if is_count(name) else kinds["number"]
        columns[f"test.{name}"] = column([row.metrics.get(name) for row in rows], kind)
    columns["test.final_equity"] = column([float(row.equity[-1]) for row in rows], kinds["number"])
    return pa.table(columns)


def account_table(rows: Sequence[WindowRow]) -> Any:
    """Return the account at each close of each test; windows are counted from 0."""
    import pyarrow as pa

    kinds = types()
    numbers = [number for number, row in enumerate(rows) for _ in row.labels]
    return pa.table(
        {
            "label": column(np.concatenate([row.labels for row in rows]), kinds["stamp"]),
            "window": column(numbers, pa.int64()),
            "equity": column(np.concatenate([row.equity for row in rows]), kinds["number"]),
        }
    )
