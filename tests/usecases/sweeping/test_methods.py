"""What is picked, by each method and way to choose, on one engine that starts fast."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep
from orchestrate.usecases.validate import validate
from tests.usecases.sweeping.conftest import FILE, rows_of, write
from tests.usecases.sweeping.test_sweep import begun, contents

QUICK = FILE.replace("framework: nautilus", "framework: backtrader")


def swept(folder: Path, text: str, **request):
    config = write(folder, f"{QUICK}{text}")
    return sweep(SweepRequest(config, workers=1, reports=folder / "reports", **request))


TPE = """\
sweep:
  parameters: {trend.fast: {from: 2, to: 30, step: 1}, dips.depth: {low: 0.001, high: 0.05}}
  method: tpe
  trials: 10
  batch: 4
  seed: 3
"""


@pytest.mark.uncounted
def test_tpe_is_resumed_with_what_it_has_learned(tmp_path: Path) -> None:
    whole = swept(tmp_path, TPE)
    assert len(rows_of(whole.folder)) == 10
    for name, done in (("begun", 1), ("later", 6)):
        reports = tmp_path / name
        begun((tmp_path / "sweep.yaml").as_posix(), reports, done)
        config = (tmp_path / "sweep.yaml").as_posix()
        resumed = sweep(SweepRequest(config, workers=1, reports=reports, resume="latest"))
        assert contents(resumed.folder) == contents(whole.folder)


def test_halton_and_random_points_are_counted_by_the_command_line(tmp_path: Path) -> None:
    text = "sweep: {parameters: {dips.depth: {low: 0.001, high: 0.05}}, method: halton}\n"
    rows = rows_of(swept(tmp_path, text, trials=3).folder)
    assert len({row["dips.depth"] for row in rows}) == 3


EACH = """\
sweep:
  parameters: {trend.fast: [5, 10, 60], dips.depth: [0.005, 0.02]}
  each: strategy
  select: best
  objective: total_return
  require: ["trades >= 1"]
"""


def test_the_best_set_of_each_strategy_is_found_alone(tmp_path: Path) -> None:
    outcome = swept(tmp_path, EACH)
    rows = rows_of(outcome.folder)
    assert [(row["trend.fast"], row["dips.depth"]) for row in rows[:5]] == [
        *((fast, None) for fast in (5, 10, 60)),
        *((None, depth) for depth in (0.005, 0.02)),
    ]
    assert rows[2]["status"] == "infeasible"
    of_trend = max(rows[:2], key=lambda row: row["trend.total_return"])
    (of_dips,) = (row for row in rows[3:5] if row["eligible"])  # the other one never trades
    best = outcome.document["best"]["parameters"]
    assert best == {"trend.fast": of_trend["trend.fast"], "dips.depth": of_dips["dips.depth"]}
    assert (rows[5]["trend.fast"], rows[5]["dips.depth"]) == tuple(best.values())
    assert rows[5]["trend.total_return"] == of_trend["trend.total_return"]
    assert rows[5]["dips.total_return"] == of_dips["dips.total_return"]
    assert set(outcome.document["strategies"]) == {"trend", "dips"}
    counted = Counter(row["status"] for row in rows)
    assert outcome.document["trials"] == len(rows) == 6
    assert +Counter(outcome.document["statuses"]) == counted
    assert outcome.document["evaluated"] == 6 - counted["infeasible"]
    assert "6 trials (grid, 2 parameters)" in [
        one.message for one in validate((tmp_path / "sweep.yaml").as_posix()).findings
    ]


def test_several_objectives_leave_a_front(tmp_path: Path) -> None:
    text = EACH.replace("  each: strategy\n", "").replace("total_return", "[total_return, {minimize: volatility}]")
    outcome = swept(tmp_path, text)
    done = {row["trial"]: row for row in rows_of(outcome.folder) if row["eligible"]}
    front = outcome.document["front"]
    for number, row in done.items():
        dominated = any(
            other["total_return"] >= row["total_return"]
            and other["volatility"] <= row["volatility"]
            and (other["total_return"], other["volatility"]) != (row["total_return"], row["volatility"])
            for other in done.values()
        )
        assert (number in front) is not dominated
    assert outcome.document["best"]["trial"] == max(front, key=lambda number: done[number]["total_return"])


def test_where_nothing_is_eligible_nothing_is_picked(tmp_path: Path) -> None:
    outcome = swept(tmp_path, EACH.replace("trades >= 1", "trades >= 999").replace("  each: strategy\n", ""))
    assert outcome.document["best"] is None
    assert not (outcome.folder / "best.yaml").exists()
    assert not any(row["eligible"] for row in rows_of(outcome.folder))
    assert outcome.exit_code == 0


def test_a_trial_that_fails_makes_the_code_1(tmp_path: Path) -> None:
    text = "sweep: {parameters: {dips.depth: [0.01, wrong], strategies.trend.sizing.percent: [50]}}\n"
    outcome = swept(tmp_path, text.replace("wrong", "1.0e+30"))
    assert outcome.exit_code == 0
    own = (
        (tmp_path / "own.py")
        .read_text()
        .replace("return len(bars) > 1", "return 1 / (self.depth - 0.5) and len(bars) > 1")
    )
    config = write(tmp_path, QUICK + text.replace("wrong", "0.5"))
    (tmp_path / "own.py").write_text(own)
    outcome = sweep(SweepRequest(config, workers=1, reports=tmp_path / "reports"))
    assert [row["status"] for row in rows_of(outcome.folder)] == ["done", "failed"]
    assert "ZeroDivisionError" in rows_of(outcome.folder)[1]["reason"]
    assert (outcome.exit_code, outcome.document["status"]) == (1, "degraded")


@pytest.mark.parametrize(("gate", "code"), [("sweep.pbo: '<= 1.0'", 0), ("sweep.probabilistic_sharpe: '>= 1.0'", 1)])
def test_gates_judge_the_sweep(tmp_path: Path, gate: str, code: int) -> None:
    text = f"gates: {{{gate}, sharpe: '>= 99'}}\nsweep: {{parameters: {{trend.fast: [2, 5, 9]}}}}\n"
    outcome = swept(tmp_path, text)
    assert outcome.exit_code == code
    assert [one["passed"] for one in outcome.document["gates"]] == [code == 0]
    best = (outcome.folder / "best.yaml").read_text()
    assert "sweep." not in best
    assert 'sharpe: ">= 99"' in best


def test_a_sweep_of_which_nothing_can_be_run_says_why(tmp_path: Path) -> None:
    outcome = swept(tmp_path, "sweep: {parameters: {trend.fast: [60, 70]}}\n")
    assert {row["status"] for row in rows_of(outcome.folder)} == {"infeasible"}
    (message,) = (one["message"] for one in outcome.document["findings"] if one["where"] == "sweep")
    assert message == "no trial was run: strategies.trend: fast < slow must hold, but fast is 60 and slow is 50"
