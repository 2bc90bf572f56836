"""Whole processes: one daily strategy from the prompt to the stored run, against raw scripts that store nothing."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from bench.goals import WHOLE, Ledger, goals_of
from bench.interleave import interleave
from bench.scenes.scene import Scene
from bench.scenes.whole import ALONE, NO_TALIB, ROOT, Used, backtest, bars_file, configuration, process


def thousand_runs(folder: Path) -> str:
    """Store a run of the folder a thousand times."""
    run = next(folder.glob("reports/*Z-*"))
    for number in range(1_000):
        copy = folder / "thousand" / f"20260101T{number // 60:02}{number % 60:02}00Z-{number:06x}"
        shutil.copytree(run, copy)
    return "thousand"


@pytest.mark.timeout(1800)
def test_whole_process(tmp_path: Path, ledger: Ledger) -> None:
    scene = Scene(2_520, 1, 1)
    bars = str(bars_file(scene, tmp_path))
    files = {name: configuration(scene, tmp_path, name.lower()) for name in ("Backtrader", "Nautilus")}
    raw = {f"raw {name}": ("-c", ALONE, str(ROOT / f"bench/scripts/script_{name.lower()}.py"), bars) for name in files}
    equities = {name: process(tmp_path, *script).equity for name, script in raw.items()}
    equities |= {name: backtest(tmp_path, file, "--format", "json").equity for name, file in files.items()}
    contestants = {name: partial(process, tmp_path, *script) for name, script in raw.items()}
    for name, file in files.items():
        contestants[name] = partial(backtest, tmp_path, file)
        contestants[f"{name}, first read"] = partial(backtest, tmp_path, file, first=True)
    contestants["validate"] = partial(process, tmp_path, "-m", "orchestrate", "validate", str(files["Backtrader"]))
    contestants["--help"] = partial(process, tmp_path, "-m", "orchestrate", "--help")
    stored = thousand_runs(tmp_path)
    contestants["runs, 1,000 stored"] = partial(process, tmp_path, "-m", "orchestrate", "runs", "--reports", stored)
    contestants["heart, 1,000 stored"] = partial(process, tmp_path, "-m", "orchestrate", "heart", "--reports", stored)
    contestants["Python alone"] = partial(process, tmp_path, "-c", "")
    contestants["import backtrader"] = partial(process, tmp_path, "-c", f"{NO_TALIB}; import backtrader")
    contestants["import nautilus"] = partial(process, tmp_path, "-c", "import nautilus_trader.backtest.engine")
    taken = interleave(contestants, 7, seconds_of)
    lines = [f"{scene}; whole processes, CPU ms (median of 7), MB at most, final equity"]
    for name, one in taken.items():
        megabytes = one.last.megabytes if one.last else 0.0
        equity = f"{equities[name]:16,.2f}" if name in equities else ""
        lines.append(f"  {name:<24}{one.middle * 1000:8.0f}{megabytes:7.0f}{equity}")
    for goal in goals_of(WHOLE):
        mine, _, theirs = goal.measure.partition(" / ")
        value: float | None = taken[mine].middle * 1000
        note = ""
        if theirs:
            same = abs(equities[mine] - equities[theirs]) < 0.005
            value, note = (taken[mine].middle / taken[theirs].middle, "") if same else (None, "equity differs")
        if (mine, theirs) == ("Nautilus", "raw Nautilus"):
            share = taken["import nautilus"].middle / taken["raw Nautilus"].middle
            note = note or f"the import of Nautilus alone is {share:.2f}"
        ledger.reached(WHOLE, goal.measure, value, note)
        outcome = "no ratio: equity differs" if value is None else f"{value:7.3f}" if theirs else f"{value:5.0f} ms"
        lines.append(f"  {goal.measure:<30} goal {goal.at_most:6g}  reached {outcome}")
    ledger.report(WHOLE, *lines)
    assert len({round(equity, 2) for equity in equities.values()}) == 1


def seconds_of(used: Used) -> float:
    return used.seconds
