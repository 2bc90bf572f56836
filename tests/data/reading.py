"""Reading a text as a file, and clean twins to hold the result against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from orchestrate.data.columns import Columns
from orchestrate.data.loading import load_market
from orchestrate.data.sources import read_bars
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import CapitalPlan, DataPlan, InstrumentPlan, RunPlan
from orchestrate.domain.results import Finding

Read = Callable[..., tuple[Columns, list[Finding]]]
Load = Callable[..., tuple[Market, tuple[Finding, ...]]]

NAMES = ("open", "high", "low", "close", "volume")


def same(columns: Columns, twin: Columns) -> None:
    """Every column equals the twin's, to the last bit."""
    assert columns.timestamp.astype("M8[ns]").tolist() == twin.timestamp.astype("M8[ns]").tolist()
    for name in NAMES:
        assert getattr(columns, name).tolist() == getattr(twin, name).tolist(), name


def bars(*rows: tuple[str, float, float, float, float, float]) -> Columns:
    """Columns of rows such as ("2014-06-05 09:30", 1, 2, 0.5, 1.5, 100)."""
    label = np.array([row[0].replace(" ", "T") for row in rows], dtype="M8[ns]").astype(np.int64)
    opened, high, low, close, volume = (np.array([row[place] for row in rows], dtype=float) for place in range(1, 6))
    return Columns(label, opened, high, low, close, volume)


def kinds(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Severity and message of each finding."""
    return [(finding.severity, finding.message) for finding in findings]


def read_in(
    folder: Path, content: str | bytes, name: str = "bars.csv", **settings: Any
) -> tuple[Columns, list[Finding]]:
    """The bars of `content` as a file in `folder`, with the settings of a data entry."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_bars(DataPlan(settings.pop("symbol", "X"), path=name, **settings), folder)


def load_in(
    folder: Path,
    data: Mapping[str, str | dict[str, Any]],
    instruments: Mapping[str, dict[str, Any]] | None = None,
    **settings: Any,
) -> tuple[Market, tuple[Finding, ...]]:
    """A market of texts or data entries by symbol, with the settings of a plan."""
    entries = {}
    for symbol, options in data.items():
        entry = options
        if isinstance(entry, str):
            (folder / f"{symbol}.csv").write_text(entry)
            entry = {"path": f"{symbol}.csv"}
        entries[symbol] = DataPlan(symbol, **entry)
    given = {symbol: InstrumentPlan(symbol, **options) for symbol, options in (instruments or {}).items()}
    return load_market(RunPlan("multi", CapitalPlan(Decimal(100_000)), entries, given, (), root=folder, **settings))
