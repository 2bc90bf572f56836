"""`orchestrate compare`: runs side by side, whatever differs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from orchestrate.domain.plan import CapitalPlan

TEXT = """\
   run                      status     period
A  20260101T000000Z-000000  completed  2020-01-01 … 2020-01-05
B  20260102T000000Z-000001  completed  2020-01-01 … 2020-01-05

"""
DATA = """\

data  A             B
hash  dddddddddddd  eeeeeeeeeeee

"""
EQUITY = """\

equity at each step         A       B
2020-01-01           1,000.00  100.00
2020-01-02           1,063.00  110.00
2020-01-03           1,000.00  121.00
2020-01-04           1,065.40  108.90
2020-01-05           1,003.06  130.00
"""


@pytest.fixture
def other(two_strategies, result_of, hand_made):
    """A run of one strategy over the same days."""
    return result_of({"wave": hand_made([100.0, 110.0, 121.0, 108.9, 130.0], [10.0, -5.0])})


@pytest.fixture
def two(stored, two_strategies, other):
    changed = replace(two_strategies.plan, capital=CapitalPlan(Decimal(2000)))
    return [
        stored(two_strategies),
        stored(replace(other, plan=changed, data_hash="e" * 64), "2026-01-02"),
    ]


def test_text(prompt, two):
    done = prompt("compare", *two)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(TEXT)
    lines = done.out.splitlines()
    assert any(line.split() == ["figure", "A", "B", "B", "-", "A"] for line in lines)
    (final,) = (line for line in lines if line.startswith("final equity"))
    assert final.split()[2:] == ["1,003.06", "130.00", "-873.06"]
    assert [line.split()[2:] for line in lines if line.startswith("climb") and "trades" in line] == [["2", "–", "–"]]
    assert [line.split()[2:] for line in lines if line.startswith("wave") and "trades" in line] == [["3", "2", "-1"]]
    assert "configuration  A     B\ncapital.total  1000  2000\n" in done.out
    assert DATA in done.out
    assert done.out.endswith(EQUITY)


def test_json(prompt, two):
    document = prompt("compare", *two, "--format", "json").document
    first, second = (prompt("report", one, "--format", "json").document for one in two)
    keys = ["schema_version", "runs", "figures", "strategies", "configuration", "data", "versions", "equity"]
    assert list(document) == keys
    assert document["runs"] == prompt("runs", "--format", "json").document["runs"][::-1]
    figures = {row["figure"]: row for row in document["figures"]}
    for name, value in first["portfolio"]["metrics"].items():
        other = second["portfolio"]["metrics"][name]
        assert figures[name]["values"] == [value, other]
        assert figures[name]["changes"][1] == (None if None in (value, other) else other - value)
    assert document["data"] == {"same": False, "hashes": ["d" * 64, "e" * 64]}
    assert {"key": "capital.total", "values": [1000, 2000]} in document["configuration"]
    assert document["equity"]["every"] == "step"
    assert document["equity"]["rows"][-1] == {"label": "2020-01-05", "values": [pytest.approx(1003.06), 130.0]}


def test_a_run_and_itself(prompt, two):
    document = prompt("compare", two[0], "latest", two[0], "--format", "json").document
    assert [run["run_id"] for run in document["runs"]] == [two[0], two[1], two[0]]
    assert all(row["changes"][2] in (0, None) for row in document["figures"])
    same = prompt("compare", two[0], two[0])
    assert "configuration: the same\n\ndata: the same\n" in same.out


def test_what_was_changed_of_a_configuration(prompt):
    prompt("backtest", "portfolio.yaml", "-q")
    changes = ["--set", "strategies.trend.config.fast=4", "--set", "execution.lots=fractional"]
    prompt("backtest", "portfolio.yaml", "-q", *changes, "--gate", "sharpe > -9")
    first, second = (path.name for path in sorted(prompt.runs, key=lambda path: (path / "run.json").stat().st_mtime_ns))
    document = prompt("compare", first, second, "--format", "json").document
    found = {row["key"]: row["values"] for row in document["configuration"]}
    assert found.pop("gates")[1][1]["metric"] == "sharpe"
    assert found == {"strategies.trend.config.fast": [3, 4], "execution.lots": ["integer", "fractional"]}
    assert document["data"]["same"]
    assert (document["versions"], document["equity"]["every"]) == ([], "month")


def test_curves_of_different_days(prompt, stored, result_of, hand_made):
    """Before its first and after its last bar a run has no equity; between them the last one counts."""
    from tests.conftest import DAY

    long = result_of({"one": hand_made([100.0 + step for step in range(60)])})
    late = replace(long, labels=long.labels + 40 * DAY, stamps=long.stamps + 40 * DAY)
    rows = prompt("compare", stored(long), stored(late), "--format", "json").document["equity"]["rows"]
    assert rows == [
        {"label": "2020-01-31", "values": [130.0, None]},
        {"label": "2020-02-29", "values": [159.0, 119.0]},
        {"label": "2020-03-31", "values": [None, 150.0]},
        {"label": "2020-04-09", "values": [None, 159.0]},
    ]


def test_runs_without_a_bar(prompt, stored, result_of, hand_made):
    empty = stored(result_of({"one": hand_made([])}))
    done = prompt("compare", empty, empty)
    assert (done.code, "no bar" in done.out) == (0, True)


def test_an_unknown_run_is_code_5(prompt, two):
    done = prompt("compare", two[0], "2099")
    assert (done.code, done.out) == (5, "")


def test_a_damaged_run_is_code_4(prompt, two):
    (prompt.folder / "reports" / two[1] / "equity.parquet").write_bytes(b"")
    assert prompt("compare", *two).code == 4


@pytest.mark.parametrize("runs", [[], ["latest"]])
def test_it_takes_two_runs(prompt, two, runs):
    assert prompt("compare", *runs).code == 2


def test_hostile_texts_are_shown_with_escapes(prompt, stored, two_strategies):
    plan = replace(two_strategies.plan, benchmark="\x1b[31mX\n::error::no")
    done = prompt("compare", stored(two_strategies), stored(replace(two_strategies, plan=plan)))
    (line,) = (line for line in done.out.splitlines() if line.startswith("benchmark"))
    assert line.split(maxsplit=2) == ["benchmark", "–", r"\x1b[31mX\n::error::no"]


def test_a_strategy_that_one_run_lacks_is_one_difference(prompt, stored, two_strategies):
    fewer = replace(two_strategies.plan, strategies=two_strategies.plan.strategies[:1])
    runs = [stored(two_strategies), stored(replace(two_strategies, plan=fewer))]
    (row,) = prompt("compare", *runs, "--format", "json").document["configuration"]
    assert (row["key"], row["values"][0]["id"], row["values"][1]) == ("strategies.climb", "climb", None)
    assert "configuration     A      B\nstrategies.climb  there  –\n" in prompt("compare", *runs).out
