"""`orchestrate parity`: the same portable strategies on both engines, compared."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from orchestrate.wiring import engine_properties

ROOT = Path(__file__).parents[3]


def test_portable_strategies_are_equal_and_natives_skipped(folder):
    done = folder("parity", "mixed.yaml", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = done.document
    trend, dips = document["strategies"]["trend"], document["strategies"]["dips"]
    assert trend["orders"]["compared"] > 10 < dips["orders"]["compared"]
    for one in (trend, dips):
        assert one["orders"]["compared"] == one["orders"]["equal"]
        assert one["trades"]["compared"] == one["trades"]["equal"] > 5
        assert one["equity"] == {"steps": 120, "worst": 0.0}
    assert document == {
        "schema_version": 1,
        "equal": True,
        "strategies": {"trend": trend, "dips": dips},
        "differences": [],
        "skipped": ["native"],
    }


def test_nothing_is_stored_and_no_journal_is_written(folder):
    before = sorted(path.name for path in folder.folder.iterdir())
    assert folder("parity", "mixed.yaml").code == 0
    assert sorted(path.name for path in folder.folder.iterdir()) == before


def test_it_compares_what_backtest_does(folder):
    compared = folder("parity", "mixed.yaml", "--format", "json").document["strategies"]
    ran = folder("backtest", "mixed.yaml", "--format", "json").document["strategies"]
    for name in ("trend", "dips"):
        assert compared[name]["trades"]["compared"] == ran[name]["metrics"]["trades"] > 5


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_orders_that_rest_and_brackets_of_a_single_strategy(folder, fill):
    done = folder("parity", "ladder.yaml", "--format", "json", "--set", f"execution.fill={fill}")
    assert done.code == 0
    (ladder,) = done.document["strategies"].values()
    folder("backtest", "ladder.yaml", "--set", f"execution.fill={fill}")
    explained = folder("explain", "latest", "--format", "json").document["orders"]
    placed = [order for order in explained if order["order_id"]]
    unfilled = [order for order in placed if order["fill"] is None]
    assert ladder["orders"] == {"compared": len(placed), "equal": len(placed)}
    assert len(placed) > len(unfilled) > 10
    assert ladder["trades"]["compared"] == ladder["trades"]["equal"] > 5


def test_settings_of_the_command_line_count(folder):
    done = folder("parity", "none.yaml", "--set", "a=b")
    assert done.code == 2
    settings = ("--set", "start=2010-02-01", "--data", "AAA=bars.csv", "--no-cache")
    rows = "".join(f"2010-{2 + day // 28:02}-{1 + day % 28:02},5,6,4,{5 + day % 2},100\n" for day in range(40))
    folder.write("bars.csv", f"date,open,high,low,close,volume\n{rows}")
    done = folder("parity", "dip.yaml", *settings, "--format", "json")
    assert done.document["strategies"]["Dip"]["equity"]["steps"] == 40


@pytest.mark.parametrize("width", [80, 160])
def test_figures_fit_the_terminal(folder, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    done = folder("parity", "mixed.yaml")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines == [
        "Parity of backtrader and nautilus  equal",
        "",
        "  strategy  equal orders  equal trades  steps  equity apart by",
        "  trend         14 of 14        7 of 7    120                0",
        "  dips          28 of 28      14 of 14    120                0",
        "",
        "Skipped, because natives run on their own engine alone: native",
    ]


def test_junit_has_a_case_for_each_comparison(folder):
    done = folder("parity", "mixed.yaml", "--format", "junit")
    assert done.code == 0
    (suite,) = Xml.fromstring(done.out)
    counts = {"name": "parity mixed.yaml", "tests": "7", "failures": "0", "errors": "0", "skipped": "1"}
    assert {key: suite.get(key) for key in counts} == counts
    suite = suite.findall("testcase")
    names = [(case.get("classname"), case.get("name")) for case in suite]
    assert names == [
        *(("trend", kind) for kind in ("orders", "trades", "equity")),
        *(("dips", kind) for kind in ("orders", "trades", "equity")),
        ("native", "parity"),
    ]
    assert [case.get("classname") for case in suite if case.find("skipped") is not None] == ["native"]


# ---- what can't be compared


def test_a_file_of_natives_alone_is_refused(folder):
    done = folder("parity", "crossing.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("crossing.yaml: no portable strategy to compare: Crossing run")
    document = folder("parity", "crossing.yaml", "--format", "json").document
    assert document["valid"] is False
    assert [error["file"] for error in document["errors"]] == ["crossing.yaml"]


def test_a_wrong_file_is_reported_as_validate_does(folder):
    folder.write("wrong.yaml", "strategy: MOMENTUM\ncapitl: 5\n")
    done = folder("parity", "wrong.yaml", "--format", "json")
    assert done.code == 2
    assert done.document == folder("validate", "wrong.yaml", "--format", "json").document
    assert "unknown key 'capitl'" in done.err


@pytest.mark.parametrize("data", ["AAA=none.csv", "AAA=empty.csv"])
def test_missing_and_unusable_data_are_code_3(folder, data):
    folder.write("empty.csv", "")
    done = folder("parity", "dip.yaml", "--data", data, "--format", "json")
    ran = folder("backtest", "dip.yaml", "--data", data, "--format", "json")
    assert (done.code, done.err) == (3, ran.err)
    assert done.document == ran.document


def test_weights_that_a_function_gets_wrong_are_code_2(folder):
    folder.write("weigh.py", "def weigh(returns):\n    return {'nobody': 1}\n")
    allocation = "portfolio.allocation={method: 'weigh.py:weigh', lookback: 10}"
    settings = ("--set", allocation, "--set", "start=2010-02-15", "--format", "json")
    done = folder("parity", "mixed.yaml", *settings)
    ran = folder("backtest", "mixed.yaml", *settings)
    assert (done.code, done.err) == (2, ran.err)
    assert done.document["errors"] == ran.document["errors"] != []


def test_an_engine_that_is_not_installed_is_reported_as_backtest_does(folder, broken_engine):
    broken_engine("no_such_distribution.adapter:Adapter")
    done = folder("parity", "dip.yaml")
    ran = folder("backtest", "dip.yaml", "--set", "strategy={name: 'rules.py:Dip', framework: nautilus}")
    assert done.code == ran.code == 4
    assert done.err.splitlines()[-1] == ran.err.splitlines()[-1]
    assert "no_such_distribution" in done.err


def test_a_time_limit_ends_it(folder):
    done = folder("parity", "mixed.yaml", "--time-limit", "0")
    assert (done.code, done.out) == (124, "")
    assert "time limit" in done.err


def test_code_that_leaves_the_process_is_code_4(folder):
    folder.write("leaves.py", "import os\n\n\nclass Leaves:\n    def on_bar(self, context):\n        os._exit(0)\n")
    folder.write("leaves.yaml", (folder.folder / "dip.yaml").read_text().replace("rules.py:Dip", "leaves.py:Leaves"))
    command = [sys.executable, "-m", "orchestrate", "parity", "leaves.yaml"]
    done = subprocess.run(command, cwd=folder.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "strategy 'Leaves': the process of the run ended with exit code 0" in done.stderr


# ---- documents


def test_readme_and_reference_show_what_it_prints(folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = folder("parity", str(ROOT / "configs" / "portfolio.yaml"))
    printed = "\n".join(line.rstrip() for line in done.out.splitlines())
    for page in ("README.md", "docs/reference/parity.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert f"```\n$ orchestrate parity configs/portfolio.yaml\n{printed}\n```\n" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert printed in "\n".join(readme.splitlines()[:25])  # its first screen


def test_the_reference_names_each_property():
    page = (ROOT / "docs" / "reference" / "parity.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE)
    assert named == [(one.id, engine) for engine, own in engine_properties().items() for one in own]


def test_the_reference_names_each_key(folder, broken_engine):
    broken_engine("tests.cli.parity.engines:Misprices")
    document = folder("parity", "dip.yaml", "--format", "json").document
    page = (ROOT / "docs" / "reference" / "parity.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page))
    sides = [one["nautilus"] for one in document["differences"]]
    assert {one["kind"] for one in document["differences"]} == {"order", "trade", "equity"}
    assert {key for side in sides for key in side} <= words
    assert {*document, *document["differences"][0]} <= words
