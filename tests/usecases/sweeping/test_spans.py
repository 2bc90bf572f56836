"""Where trainings end when series have bars of different lengths: none has a bar that is known only later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.data.loading import load_market
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan
from orchestrate.usecases.sweeping.walk_forward.spans import ends_of


def write(folder: Path, name: str, labels: list[str]) -> None:
    rows = [f"{label},{price},{price + 1},{price - 1},{price}" for price, label in enumerate(labels, 100)]
    (folder / f"{name}.csv").write_text("\n".join(["timestamp,open,high,low,close", *rows, ""]))


def hours(count: int) -> list[str]:
    return [f"2020-01-{6 + hour // 24:02}T{hour % 24:02}:00:00" for hour in range(count)]


@pytest.fixture
def plan(tmp_path: Path) -> RunPlan:
    """Hours, days from a file, and days that are made of the hours."""
    write(tmp_path, "HOURS", hours(240))
    write(tmp_path, "DAYS", [f"2020-01-{day:02}" for day in range(6, 16)])
    data = {
        "HOURS": DataPlan("HOURS", path="HOURS.csv"),
        "DAYS": DataPlan("DAYS", path="DAYS.csv"),
        "MADE": DataPlan("MADE", resample={"of": "HOURS", "to": "1d"}),
    }
    return RunPlan("single", CapitalPlan(1000), data, {}, (), root=tmp_path)


def known(market: Market) -> int:
    """Return when the last of all bars is known, those that are made of others left out."""
    return max(int(one.available_at[-1]) for symbol, one in market.series.items() if symbol != "MADE")


@pytest.mark.parametrize("steps", [range(60), range(72), range(5, 100), range(30, 191), range(240)], ids=str)
def test_a_part_has_no_bar_that_is_known_after_it(plan: RunPlan, steps: range) -> None:
    market, _ = load_market(plan)
    ends = ends_of(plan, market, steps)
    part, _ = load_market(replace(plan, start=ends.start, end=ends.end))
    assert known(part) <= int(market.timeline.stamps[steps[-1]])
    assert int(part.timeline.stamps[0]) <= int(market.timeline.stamps[steps[0]])


def test_a_day_that_is_not_over_takes_its_hours_with_it(plan: RunPlan) -> None:
    market, _ = load_market(plan)
    ten = range(24 * 3 + 10)
    assert ends_of(plan, market, ten).end == "2020-01-08T23:00:00Z"
    alone = replace(plan, data={"HOURS": plan.data["HOURS"]})
    assert ends_of(alone, load_market(alone)[0], ten).end == "2020-01-09T09:00:00Z"


def test_an_end_at_midnight_is_no_whole_day(tmp_path: Path) -> None:
    write(tmp_path, "HOURS", hours(72))
    plan = RunPlan("single", CapitalPlan(1000), {"HOURS": DataPlan("HOURS", path="HOURS.csv")}, {}, (), root=tmp_path)
    market, _ = load_market(plan)
    ends = ends_of(plan, market, range(25))
    assert (ends.start, ends.end) == ("2020-01-06", "2020-01-07T00:00:00Z")
    part, _ = load_market(replace(plan, start=ends.start, end=ends.end))
    assert len(part.timeline) == 25
