"""Five strategies against one on the same symbol: whole process, warm `run()` with loading, and loop.

And `run()` with five of ours against a raw script's body with one, loading included in both. Every `run()` reads its
bars as if for the first time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bench.goals import FIVE_DAYS, FIVE_MINUTES, FIVE_SPARSE, Ledger
from bench.interleave import interleave, timed
from bench.parts import parts
from bench.races import OURS
from bench.scenes.scene import Scene
from bench.scenes.whole import backtest, bars_file, configuration, plan
from bench.scripts import script_backtrader, script_nautilus
from orchestrate.usecases.running.run import run

KINDS = {"vectorised": "Backtrader", "IStrategy": "IStrategy"}
RAW = {"raw Backtrader": script_backtrader.run, "raw Nautilus": script_nautilus.run}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("workload", "one", "turns", "raw"),
    [
        (FIVE_DAYS, Scene(2_520, 1, 1), 5, ("raw Backtrader", "raw Nautilus")),
        (FIVE_MINUTES, Scene(500_000, 1, 1, 60), 1, ("raw Backtrader",)),
        (FIVE_SPARSE, Scene(500_000, 1, 1, 60, (50, 200)), 1, ()),
    ],
    ids=[FIVE_DAYS, FIVE_MINUTES, FIVE_SPARSE],
)
def test_five_against_one(
    workload: str,
    one: Scene,
    turns: int,
    raw: tuple[str, ...],
    tmp_path: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ORCHESTRATE_CACHE", str(tmp_path / "cache"))
    scenes = {1: one, 5: replace(one, strategies=5)}
    contestants: dict[str, Callable[[], float]] = {}
    for kind, name in KINDS.items():
        for count, scene in scenes.items():
            file = configuration(scene, tmp_path, "backtrader", kind=kind)
            contestants[f"{kind}, whole process, {count}"] = partial(_whole, tmp_path, file)
            contestants[f"{kind}, warm run() with loading, {count}"] = partial(_warm, tmp_path, file)
            contestants[f"{kind}, loop, {count}"] = partial(_loop, name, scene)
        if "raw Nautilus" in raw:
            file = configuration(scenes[5], tmp_path, "nautilus", kind=kind)
            contestants[f"{kind} on Nautilus, warm run() with loading, 5"] = partial(_warm, tmp_path, file)
    path = str(bars_file(scenes[1], tmp_path))
    contestants |= {f"{name}, 1": partial(timed, RAW[name], path) for name in raw}
    _whole(tmp_path, configuration(scenes[1], tmp_path, "backtrader"))  # compiles
    taken = interleave(contestants, turns, float)
    assert not {name: each.broken for name, each in taken.items() if each.broken}
    seconds = {name: each.middle for name, each in taken.items()}
    _report(workload, scenes, seconds, raw, ledger)


def _report(
    workload: str, scenes: dict[int, Scene], seconds: dict[str, float], raw: tuple[str, ...], ledger: Ledger
) -> None:
    lines = [f"{scenes[5]}, against 1 strategy; CPU ms, median", f"  {'':<38}{'5':>10}{'1':>10}   5 / 1"]
    for kind, name in KINDS.items():
        for what in ("whole process", "warm run() with loading", "loop"):
            five, one = (seconds[f"{kind}, {what}, {count}"] for count in (5, 1))
            over = "  over 2, see cause" if five > 2 * one else ""
            lines.append(f"  {kind + ', ' + what:<38}{five * 1000:10.1f}{one * 1000:10.1f}{five / one:8.2f}{over}")
            if what == "whole process":
                note = "" if five <= 1.3 * one else "1.3 was aimed at"
                ledger.reached(workload, f"{kind}, whole process", five / one, note)
        for theirs in raw:
            where = f"{kind} on Nautilus" if theirs == "raw Nautilus" else kind
            five, one = seconds[f"{where}, warm run() with loading, 5"], seconds[f"{theirs}, 1"]
            lines.append(f"  {kind + ', run() / ' + theirs:<38}{five * 1000:10.1f}{one * 1000:10.1f}{five / one:8.2f}")
            ledger.reached(workload, f"{kind}, run() against {theirs} with 1", five / one)
        if seconds[f"{kind}, loop, 5"] > 2 * seconds[f"{kind}, loop, 1"]:
            lines += [f"    cause: {line}" for line in _cause(kind, name, scenes)]
    ledger.report(workload, *lines)


def _cause(kind: str, name: str, scenes: dict[int, Scene]) -> list[str]:
    five, one = (OURS[name](scenes[count]) for count in (5, 1))
    fills = [sum(map(len, done.fills)) for done in (five, one)]
    what = "orders alone" if kind == "vectorised" else "orders and each strategy's own code at every bar"
    return [
        f"the loop is {what}, and neither is shared: {fills[0]:,} fills against {fills[1]:,}",
        f"of five: {parts(lambda around: OURS[name](scenes[5], around=around))}",
    ]


def _whole(folder: Path, file: Path) -> float:
    return backtest(folder, file, first=True).seconds


def _warm(folder: Path, file: Path) -> float:
    made = plan(file)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return timed(run, made)


def _loop(name: str, scene: Scene) -> float:
    return OURS[name](scene).seconds
