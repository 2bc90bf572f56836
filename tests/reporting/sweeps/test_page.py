"""The page of a sweep: what it shows of each kind of sweep, and that it is one small file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pyarrow as pa
import pytest

from orchestrate.domain.sweeps import Axis, Objective
from orchestrate.reporting.page.page import LARGEST
from orchestrate.reporting.page.sweeps.page import SWEEP_SECTIONS, sweep_page
from orchestrate.reporting.page.sweeps.subject import FILES, SweepSubject, few_places
from orchestrate.reporting.sweeps.text import show
from orchestrate.runs.sweeps.reading import read_sweep
from tests.analytics.sweeps.builders import DAY, FAST, FIRST, SLOW, WINDOWS, part_of, sweep_of
from tests.analytics.sweeps.stored import store_sweep

ACCOUNT = {"label": pa.array([FIRST, FIRST + DAY], pa.timestamp("ns", tz="UTC")), "equity": [100_000.0, 101_000.0]}


def page_of(folder, plan, parts, **facts):
    store_sweep(folder, plan, parts, **facts)
    return sweep_page(read_sweep(folder, "latest", FILES))


def figures(page):
    return json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)[1])["figures"]


def sections(page):
    return re.findall(r"<h2 [^>]*>(.*?)</h2>", page)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    plan, part = sweep_of()
    outside = {"out_of_sample": {"sharpe": 0.53, "trades": 7.0}, "windows": WINDOWS, "account": ACCOUNT}
    page = page_of(tmp_path_factory.mktemp("swept") / "reports", plan, [part], **outside)
    return plan, part, page


def test_every_section_has_something_to_show(swept):
    page = swept[2]
    assert sections(page) == list(SWEEP_SECTIONS)
    assert len(page.encode()) < LARGEST
    drawn = {name.split("-")[0] for name in figures(page)}
    assert drawn == {"map", "parallel", "neighbours", "distribution", "splits", "ranks", "tests", "account"}
    assert page.count("<summary>Table</summary>") == len(figures(page))


def test_the_heatmap_marks_pick_peak_and_plateau(swept):
    plan, part, page = swept
    [drawn] = [one for name, one in figures(page).items() if name.startswith("map")]
    names = [trace.get("name") for trace in drawn["data"]]
    assert names == [None, "pick", "peak", "plateau"]
    assert (drawn["data"][0]["x"], drawn["data"][0]["y"]) == (
        ["5", "10", "15", "20", "25"],
        list(map(str, SLOW.values)),
    )
    point = part.trials[part.pick].point
    assert [drawn["data"][1][axis] for axis in "xy"] == [[str(point[FAST.name])], [str(point[SLOW.name])]]
    [frame] = drawn["layout"]["shapes"]
    assert frame["x1"] - frame["x0"] <= 3
    assert "each cell is a trial" in page
    assert plan.select == "best"


def test_the_page_takes_its_figures_from_the_document(swept):
    page = swept[2]
    assert "The pick is doubtful: its Sharpe ratio is not clearly above" in page
    for text in ("<dd>0.40</dd>", "<dd>3.32%</dd>", "<dd>43.29%</dd>", "<dd>0.53</dd>"):
        assert text in page
    assert "fast &lt; slow / 2 must hold, but fast is 15, slow is 30" in page
    assert "strategies.py:12: ZeroDivisionError: division by 0" in page


def test_several_trials_of_a_cell_are_reduced_in_ways_that_are_named(tmp_path):
    stop = Axis("trend.stop", ("strategies", "trend", "config", "stop"), ("narrow", "wide", True))
    plan, part = sweep_of(axes=(FAST, SLOW, stop), days=64, drift=lambda shares: 0.0)
    parts = [replace(part, axes=(FAST, SLOW, stop))]
    page = page_of(tmp_path / "reports", plan, parts)
    maps = {name: one for name, one in figures(page).items() if name.startswith("map")}
    assert len(maps) == 3
    for name, one in maps.items():
        assert [trace["visible"] for trace in one["data"] if trace["type"] == "heatmap"] == [True, False, False, False]
        buttons = re.findall(rf'data-choice="\d" data-of="{name}" aria-pressed="(?:true|false)">(.*?)<', page)
        assert buttons == ["Median", "Mean", "Highest", "Slice at the pick"]
    assert ["narrow", "wide", "true"] in [one["data"][0]["y"] for one in maps.values()]


def test_one_parameter_is_drawn_as_a_curve(tmp_path):
    plan, part = sweep_of(axes=(FAST,), days=64, objectives=(Objective("volatility", maximize=False),))
    page = page_of(tmp_path / "reports", plan, [part])
    drawn = figures(page)
    assert "curve-0" in drawn
    assert not [name for name in drawn if name.startswith(("map", "parallel"))]
    assert [trace["name"] for trace in drawn["curve-0"]["data"]][:2] == ["volatility", "median of its neighbours"]


def test_ranges_are_drawn_in_parts(tmp_path):
    random = np.random.default_rng(3)
    wide = tuple(
        Axis(name, ("portfolio", name), tuple(map(float, random.uniform(5, 25, 9)))) for name in ("low", "high")
    )
    plan, part = sweep_of(axes=wide, days=64, method="random", where=())
    ranged = tuple(replace(axis, values=(), bounds=(5.0, 25.0)) for axis in wide)
    trials = tuple(trial for trial in part.trials if trial.measured.returns is not None)
    parts = [replace(part, axes=ranged, trials=trials)]
    page = page_of(tmp_path / "reports", replace(plan, axes=ranged), parts)
    [drawn] = [one for name, one in figures(page).items() if name.startswith("map")]
    assert drawn["data"][0]["x"][0] == "5–6.67"
    assert "from 5 to 25" in page


def test_each_strategy_has_its_own_charts(tmp_path):
    other = Axis("dips.period", ("strategies", "dips", "config", "period"), tuple(range(5, 15)))
    plan, _ = sweep_of(axes=(FAST, SLOW, other), each="strategy")
    parts = [
        part_of(plan, (FAST, SLOW), days=64, strategy="trend"),
        part_of(plan, (other,), days=64, strategy="dips", first=30),
    ]
    drawn = figures(page := page_of(tmp_path / "reports", plan, parts))
    assert {"map-0-0-1", "curve-1", "splits-0", "splits-1"} <= set(drawn)
    assert "dips: probability of overfitting" in page


def test_a_sweep_without_a_pick_has_a_page(tmp_path):
    plan, part = sweep_of(days=8)
    nothing = replace(part, pick=None, eligible=frozenset())
    page = page_of(tmp_path / "reports", plan, [nothing])
    assert "no trial can be chosen" in page
    assert "no comparison: it takes 16 daily returns" in page
    infeasible = replace(part, pick=None, eligible=frozenset(), trials=part.trials[12:13])
    empty = page_of(tmp_path / "other", plan, [infeasible])
    assert figures(empty) == {}
    assert "no comparison: no trial has returns" in empty


def test_names_and_reasons_are_escaped(tmp_path):
    hostile = "</script><img src=x onerror=alert(1)>&\"'%{y}\u2028"
    axis = replace(FAST, name=f"trend.{hostile}")
    plan, part = sweep_of(axes=(axis, SLOW), days=64)
    failed = replace(part.trials[28], measured=replace(part.trials[28].measured, reason=hostile))
    trials = (*part.trials[:28], failed, *part.trials[29:])
    page = page_of(tmp_path / "reports", plan, [replace(part, trials=trials)])
    assert "<img" not in page
    assert page.count("</script>") == 3


def test_a_page_that_would_be_too_large_shows_less(swept, monkeypatch, tmp_path):
    plan, part, _ = swept
    page = page_of(tmp_path / "reports", plan, [part])
    monkeypatch.setattr("orchestrate.reporting.page.sweeps.page.LARGEST", len(page.encode()))
    smaller = sweep_page(read_sweep(tmp_path / "reports", "latest", FILES))
    assert len(smaller.encode()) < len(page.encode())
    assert "450 of 12,870 splits shown" in smaller


def test_values_of_several_types_are_placed_by_their_text(tmp_path):
    kind = Axis("trend.kind", ("strategies", "trend", "config", "kind"), (5, "ema", 12.5))
    plan, part = sweep_of(axes=(kind,), drift=lambda _: 0.0)
    folder = tmp_path / "reports"
    store_sweep(folder, plan, [part])
    subject = SweepSubject(read_sweep(folder, "latest", FILES))
    assert [row.point["trend.kind"] for row in subject.rows] == [5, "ema", 12.5]


def test_few_places_keep_the_best_tenth_and_what_is_marked():
    values = np.array([np.nan, *range(1000)], dtype=np.float64)
    shown = few_places(values, 100, [7, None, 0])
    assert len(shown) == 101
    assert set(range(991, 1001)) <= set(shown)
    assert 7 in shown
    assert 0 not in shown
    assert list(few_places(values[:5], 100, [])) == [1, 2, 3, 4]


def test_what_was_picked_for_each_strategy_is_shown_together(tmp_path):
    other = Axis("dips.period", ("strategies", "dips", "config", "period"), tuple(range(5, 15)))
    plan, _ = sweep_of(axes=(FAST, other), each="strategy")
    parts = [part_of(plan, (axis,), 64, strategy=name) for axis, name in ((FAST, "trend"), (other, "dips"))]
    folder = store_sweep(tmp_path / "reports", plan, parts)
    sweep = read_sweep(folder.parent, "latest", FILES)
    best = {"trial": 15, "id": "", "parameters": {}, "metrics": {"sharpe": 1.25}, "final_equity": 1.0}
    page = sweep_page(replace(sweep, figures=sweep.figures | {"best": best}))
    assert "All of them together: trial 15, Sharpe 1.25 of the portfolio." in page
    text = StringIO()
    show(sweep.document() | {"best": best}, file=text)
    assert "together          trial 15: Sharpe 1.25\n" in text.getvalue()


@pytest.mark.parametrize(
    ("objective", "reversed_", "ends"),
    [
        (Objective("sharpe"), False, ["var(--loss)", "var(--faint)", "var(--gain)"]),
        (Objective("sharpe", maximize=False), True, ["var(--loss)", "var(--faint)", "var(--gain)"]),
        (Objective("volatility", maximize=False), True, ["var(--faint)", "var(--gain)"]),
        (Objective("max_drawdown"), False, ["var(--faint)", "var(--gain)"]),
    ],
)
def test_the_bluer_the_better(tmp_path, objective, reversed_, ends):
    plan, part = sweep_of(days=64, objectives=(objective,))
    page = page_of(tmp_path / "reports", plan, [part])
    [drawn] = [one for name, one in figures(page).items() if name.startswith("map")]
    cells = drawn["data"][0]
    assert [colour for _, colour in cells["colorscale"]] == ends
    assert cells["reversescale"] is reversed_
