"""399 pairs of averages: whole processes and warm loops against vectorbt and backtesting.py; trials and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench.goals import SWEEP, Ledger, goals_of
from bench.interleave import interleave, timed
from bench.scenes.whole import ROOT, bars_file, process
from bench.sweeps.scene import PAIRS, SCENE, at, configuration
from orchestrate.usecases.sweeping.workbench import Workbench
from orchestrate.wiring import read_plan

SCRIPTS = ROOT / "bench/sweeps"
PEERS = {"vectorbt": "script_vectorbt.py", "backtesting.py": "script_backtesting.py"}
MODULES = {"vectorbt": "vectorbt", "backtesting.py": "backtesting"}


@dataclass(frozen=True)
class Swept:
    """The seconds of a sweep, and the sum of its final equities; none where it was stored instead of printed."""

    seconds: float
    total: float | None = None


def whole(folder: Path, *arguments: str) -> Swept:
    """From the prompt to the end, as a user waits for it."""
    started = time.perf_counter()
    process(folder, *arguments)
    return Swept(time.perf_counter() - started)


def loop(folder: Path, *arguments: str) -> Swept:
    """As a script has measured itself."""
    total, seconds = map(float, process(folder, *arguments).output.split())
    return Swept(seconds, total)


def seconds_of(swept: Swept) -> float:
    return swept.seconds


@pytest.mark.timeout(3600)
def test_a_sweep(tmp_path: Path, ledger: Ledger) -> None:
    file, bars = str(configuration(tmp_path)), str(bars_file(SCENE, tmp_path))
    there = [name for name, module in MODULES.items() if find_spec(module)]
    contestants: dict[str, Callable[[], Swept]] = {}
    for workers in (1, 2):
        command = ("-m", "orchestrate", "sweep", file, "--workers", str(workers), "-q")
        contestants[f"whole process, {workers} workers"] = partial(whole, tmp_path, *command)
        script = (str(SCRIPTS / "script_loop.py"), file, str(workers))
        contestants[f"loop, {workers} workers"] = partial(loop, tmp_path, *script)
    for name in there:
        contestants[name] = partial(whole, tmp_path, str(SCRIPTS / PEERS[name]), bars)
    if "vectorbt" in there:
        contestants["vectorbt, warm"] = partial(loop, tmp_path, str(SCRIPTS / PEERS["vectorbt"]), bars, "4")
    taken = interleave(contestants, 3, seconds_of, patience=120.0)
    lines = [f"399 pairs of averages, 2,520 days; seconds, median of up to 3, {time.strftime('%Y-%m-%d')}"]
    lines += [f"  {name:<28}{one.middle:8.2f}  {one.broken}".rstrip() for name, one in taken.items()]
    for goal in goals_of(SWEEP):
        mine, _, theirs = goal.measure.partition(" / ")
        if theirs:
            reached = taken[mine].middle / taken[theirs].middle if theirs in taken else None
            ledger.reached(SWEEP, goal.measure, reached, "" if theirs in taken else f"{theirs} not installed")
            shown = "–" if reached is None else f"{reached:.3f}"
            lines.append(f"  {goal.measure:<58} goal {goal.at_most:5.3g}  reached {shown}")
    ledger.report(SWEEP, *lines)
    totals = {round(one.last.total, 2) for one in taken.values() if one.last and one.last.total is not None}
    assert len(totals) == 1


def test_a_trial(tmp_path: Path, ledger: Ledger) -> None:
    plan = read_plan(configuration(tmp_path), environ={}).plan
    assert plan is not None
    workbench, plans = Workbench(plan), [at(plan, pair) for pair in PAIRS[::10]]
    fills = [len(workbench.run(one).fills) for one in plans]
    runs = {str(number): lambda one=one: timed(workbench.trial, one) for number, one in enumerate(plans)}
    quickest = [min(one.seconds) for one in interleave(runs, 9, float).values()]
    an_order, beside = np.polyfit(fills, quickest, 1).tolist()
    ledger.reached(SWEEP, "a trial beside its orders", beside * 1e3)
    ledger.report(
        f"{SWEEP}: a trial",
        f"a trial of 2,520 days: {beside * 1e3:.2f} ms, and {an_order * 1e6:.0f} µs for each fill; CPU, fastest of 9",
    )


def test_memory_of_trials(tmp_path: Path, ledger: Ledger) -> None:
    script = str(SCRIPTS / "script_memory.py"), str(configuration(tmp_path))
    few, many = (float(process(tmp_path, *script, str(trials)).output) for trials in (100, 10_000))
    ledger.reached(SWEEP, "10,000 trials above 100, memory", many - few)
    ledger.report(f"{SWEEP}: memory", f"trials of 2,520 days, at most: 100 {few:.0f} MB, 10,000 {many:.0f} MB")
