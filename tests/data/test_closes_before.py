"""The closes from before a run's start, beside a market that has none of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.loading import Loaded, load, load_market
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan

HOUR = 3_600 * 10**9
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
HOURS = [f"{day}T{hour:02}:00" for day in DAYS[:3] for hour in range(24)]


def text(stamps: list[str], first: int) -> str:
    rows = (f"{stamp},{price},{price},{price},{price}\n" for price, stamp in enumerate(stamps, first))
    return "date,open,high,low,close\n" + "".join(rows)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "daily.csv").write_text(text(DAYS, 10))
    (tmp_path / "hourly.csv").write_text(text(HOURS, 100))
    return tmp_path


def plan(folder: Path, start: str, *names: str) -> RunPlan:
    data = {name: DataPlan(name, path=f"{name}.csv") for name in names}
    return RunPlan("multi", CapitalPlan(Decimal(1000)), data, {}, (), start=start, root=folder)


def loaded(folder: Path, start: str, *names: str) -> Loaded:
    return load(plan(folder, start, *names), before=names)


def test_closes_end_where_the_market_begins(files: Path) -> None:
    data = loaded(files, "2024-01-03", "daily")
    assert data.before["daily"].closes.tolist() == [10, 11]
    assert data.market.series["daily"].close.tolist() == [12, 13]
    assert data.before["daily"].stamps[-1] < data.market.timeline.stamps[0]


def test_the_market_is_the_same_without_them(files: Path) -> None:
    market, findings = load_market(plan(files, "2024-01-03", "daily", "hourly"))
    data = loaded(files, "2024-01-03", "daily", "hourly")
    assert (data.market.data_hash, data.findings) == (market.data_hash, findings)
    assert data.market.timeline.stamps.tolist() == market.timeline.stamps.tolist()


def test_symbols_that_are_not_named_have_none(files: Path) -> None:
    assert load(plan(files, "2024-01-03", "daily", "hourly"), before=["daily"]).before.keys() == {"daily"}
    assert load(plan(files, "2024-01-03", "daily")).before == {}


@pytest.mark.parametrize(("start", "count"), [("", 0), ("2024-01-01", 0), ("1200-01-01", 0), ("2024-01-04", 3)])
def test_before_a_start_that_may_not_be_there(files: Path, start: str, count: int) -> None:
    assert len(loaded(files, start, "daily").before["daily"].closes) == count


def test_bars_of_two_lengths_meet_when_they_are_known(files: Path) -> None:
    before = loaded(files, "2024-01-03", "daily", "hourly").before
    common = np.intersect1d(before["daily"].stamps, before["hourly"].stamps)
    assert common.tolist() == before["daily"].stamps.tolist()
    place = np.searchsorted(before["hourly"].stamps, common)
    assert before["hourly"].closes[place].tolist() == [123, 147]  # the last hour of each day
    assert (common % (24 * HOUR)).tolist() == [24 * HOUR - 1_000_000] * 2
