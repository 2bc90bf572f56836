"""Reading 500,000 bars of CSV and of Parquet against pandas, by turns in one run, so that both meet the same machine.

Ours is the whole way from the file to judged columns (order, duplicates, ranges, findings); pandas only parses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.goals import Ledger
from bench.interleave import interleave, timed
from orchestrate.data.alignment import align
from orchestrate.data.calendar import bar_length
from orchestrate.data.findings import Evidence, judge
from orchestrate.data.sources import read_bars
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.plan import DataPlan

BARS = 500_000
TURNS = 5
SPEC = SyntheticSpec(bars=BARS, seed=1, frequency="1min", price=5000, volatility=0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bars.csv` and `bars.parquet` with the same half a million bars."""
    made = tmp_path_factory.mktemp("reading")
    columns = generate("X", SPEC)
    (made / "bars.csv").write_text(csv_text(columns, 2))
    names = ("open", "high", "low", "close", "volume")
    stamps = pa.array(columns.timestamp).cast(pa.timestamp("ns", "UTC"))
    table = pa.table({"timestamp": stamps, **{name: pa.array(getattr(columns, name)) for name in names}})
    pq.write_table(table, made / "bars.parquet")
    return made


def race(**contestants: Callable[[], object]) -> dict[str, float]:
    """CPU seconds of each at the median, by turns."""
    taken = interleave({name: partial(timed, work) for name, work in contestants.items()}, TURNS, float)
    return {name: one.middle for name, one in taken.items()}


def report(ledger: Ledger, what: str, seconds: dict[str, float]) -> None:
    ratio = seconds["orchestrate"] / seconds["pandas"]
    shown = ", ".join(f"{name} {taken:.3f} s" for name, taken in seconds.items())
    ledger.report(f"reading: {what}", f"{what}, {BARS:,} bars: {shown}; {ratio:.2f} × pandas, which only parses")


def read_and_judge(folder: Path, name: str) -> None:
    columns, findings = read_bars(DataPlan("X", path=name), folder)
    assert findings == []
    assert len(columns) == BARS
    assert judge(Evidence("X", columns, bar_length(columns.timestamp))) == []


def test_csv(folder: Path, ledger: Ledger) -> None:
    seconds = race(
        orchestrate=lambda: read_and_judge(folder, "bars.csv"),
        pandas=lambda: pd.read_csv(folder / "bars.csv", parse_dates=["timestamp"]),
    )
    report(ledger, "CSV", seconds)
    assert seconds["orchestrate"] < seconds["pandas"]


def test_parquet(folder: Path, ledger: Ledger) -> None:
    seconds = race(
        orchestrate=lambda: read_and_judge(folder, "bars.parquet"),
        pandas=lambda: pd.read_parquet(folder / "bars.parquet"),
    )
    report(ledger, "Parquet", seconds)
    assert seconds["orchestrate"] < 1.0


def test_alignment(ledger: Ledger) -> None:
    columns = generate("X", SPEC)
    values = columns.open, columns.high, columns.low, columns.close, columns.volume
    series = {
        f"S{place}": BarSeries(
            f"S{place}",
            label := columns.timestamp + place % 2 * 10**9,
            *values,
            available_at=label,
            length=60 * 10**9,
        )
        for place in range(5)
    }
    started = time.process_time()
    timeline = align(series)
    taken = time.process_time() - started
    ledger.report("reading: alignment", f"Alignment, 5 × {BARS:,} bars onto {len(timeline):,} steps: {taken:.3f} s")
    assert np.array_equal(np.sort(np.concatenate([columns.timestamp, columns.timestamp + 10**9])), timeline.stamps)
    assert taken < 1.0
