"""`orchestrate runs`: stored runs as a list, selected and sorted by their figures."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture
def three(stored, result_of, hand_made, two_strategies, one_failed):
    """A run of January, a degraded one of February, one of a single strategy of March; their ids."""
    alone = result_of({"alone": hand_made([100.0, 110.0, 121.0, 108.9], [10.0, -5.0])})
    return [stored(two_strategies, "2026-01-01"), stored(one_failed, "2026-02-01", 1), stored(alone, "2026-03-01")]


def listed(done):
    assert (done.code, done.err) == (0, "")
    return [run["run_id"] for run in done.document["runs"]]


def test_text(prompt, three):
    done = prompt("runs")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "run                      status     return  Sharpe  drawdown  trades  strategies\n"
        "20260301T000000Z-000002  completed  +8.90%    4.58   -10.00%       2  alone\n"
        "20260201T000000Z-000001  degraded   +0.31%    0.59    -5.93%       5  wave, climb\n"
        "20260101T000000Z-000000  completed  +0.31%    0.59    -5.93%       5  wave, climb\n"
    )


def test_a_figure_that_runs_are_sorted_by_is_shown(prompt, three):
    heads, first, *_ = prompt("runs", "--sort", "volatility").out.splitlines()
    assert heads.split() == ["run", "status", "return", "Sharpe", "drawdown", "trades", "volatility", "strategies"]
    assert first.split()[0] == three[2]


def test_json(prompt, three):
    document = prompt("runs", "--format", "json").document
    assert list(document) == ["schema_version", "runs", "damaged"]
    run = document["runs"][0]
    shown = prompt("report", three[2], "--format", "json").document
    for name in ("run_id", "status", "exit_code", "mode", "duration_seconds", "bars", "start", "end"):
        assert run[name] == shown[name]
    portfolio = shown["portfolio"]
    assert (run["started"], run["strategies"]) == ("2026-03-01T00:00:00Z", ["alone"])
    assert (run["initial_capital"], run["final_equity"]) == (portfolio["initial_capital"], portfolio["final_equity"])
    assert {name: run[name] for name in portfolio["metrics"]} == portfolio["metrics"]


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ([], [2, 1, 0]),
        (["--status", "degraded"], [1]),
        (["--mode", "single"], [2]),
        (["--strategy", "climb"], [1, 0]),
        (["--strategy", "MOMENTUM", "--limit", "2"], [2, 1]),
        (["--since", "2026-02-01"], [2, 1]),
        (["--since", "2026-02-01T00:00:01"], [2]),
        (["--since", "2026-02-01T01:00+02:00"], [2, 1]),
        (["--where", "sharpe > 1"], [2]),
        (["--where", " trades>=5 ", "--where", "max_drawdown > -0.5"], [1, 0]),
        (["--where", "strategies.climb.trades == 2"], [1, 0]),
        (["--where", "strategies.climb.profit_factor > 0"], []),
        (["--sort", "trades"], [1, 0, 2]),
        (["--sort", "sharpe", "--limit", "1"], [2]),
        (["--sort", "strategies.wave.trades"], [1, 0, 2]),
        (["--sort", "duration_seconds", "--limit", "0"], []),
    ],
)
def test_what_is_listed(prompt, three, options, places):
    assert listed(prompt("runs", *options, "--format", "json")) == [three[place] for place in places]


def test_all_that_is_wrong_is_reported_at_once(prompt, three):
    words = [
        "--where",
        "sharpe",
        "--where",
        "cagr > baseline",
        "--where",
        "shape > 1",
        "--where",
        "strategies.wav.trades > 1",
        "--since",
        "today",
    ]
    done = prompt("runs", *words, "--sort", "sharp")
    assert (done.code, done.out) == (2, "")
    assert [line for line in done.err.splitlines() if not line.startswith("    hint")] == [
        "--where: 'sharpe' is not a gate; write METRIC OPERATOR NUMBER, such as 'sharpe >= 0.5'",
        "--where: 'cagr > baseline' needs a number; a list has no baseline",
        "--since: 'today' is not a date",
        "--where: 'shape' names no metric",
        "--where: no strategy 'wav' in this run",
        "--sort: 'sharp' names no metric",
    ]


@pytest.mark.parametrize("options", [["--status", "done"], ["--mode", "both"], ["--limit", "-1"]])
def test_a_wrong_option_is_code_2(prompt, options):
    assert prompt("runs", *options).code == 2


def test_no_runs(prompt):
    done = prompt("runs")
    assert (done.code, done.out) == (0, "no runs\n")
    assert done.err.startswith("there is no run in reports, which doesn't exist\n    hint: ")
    prompt.write("a.yaml", "")
    assert prompt("runs", "--reports", "a.yaml").err.startswith("there is no run in a.yaml, which is no folder\n")
    (prompt.folder / "reports").mkdir()
    assert prompt("runs").err.startswith("there is no run in reports\n    hint: ")
    assert prompt("runs", "--format", "json").document == {"schema_version": 1, "runs": [], "damaged": []}


def test_a_damaged_run_is_named_and_the_others_are_listed(prompt, three):
    path = prompt.folder / "reports" / three[1] / "metrics.json"
    path.write_bytes(path.read_bytes() + b" ")
    done = prompt("runs", "--format", "json")
    assert [run["run_id"] for run in done.document["runs"]] == [three[2], three[0]]
    (damaged,) = done.document["damaged"]
    assert damaged["run_id"] == three[1]
    assert (done.code, done.err) == (0, f"warning: {damaged['message']}\n")


def test_only_what_a_list_needs_is_read(prompt, three):
    for name in ("plan.json", "equity.parquet", "trades.parquet"):
        (prompt.folder / "reports" / three[0] / name).unlink()
    assert listed(prompt("runs", "--format", "json")) == three[::-1]


def test_a_list_loads_nothing_heavy(prompt, three):
    heavy = ["numpy", "pandas", "pyarrow", "yaml", "rich", "backtrader", "nautilus_trader"]
    code = f"""
import sys
from orchestrate.cli import main
sys.argv = ["orchestrate", "runs"]
try:
    main()
except SystemExit:
    print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == [prompt("runs").out.splitlines()[-1], "[]"]
