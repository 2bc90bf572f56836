"""Memory of whole processes: a strategy more, a framework more, and half a million bars."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from bench.goals import MEMORY, MINUTES, Ledger
from bench.scenes.scene import Scene
from bench.scenes.whole import ALONE, ROOT, backtest, bars_file, configuration, process

RUN = str(ROOT / "bench/scripts/memory_of_a_run.py")
STAGES = str(ROOT / "bench/scripts/memory_by_stage.py")
SCRIPT = str(ROOT / "bench/scripts/script_backtrader.py")
LOOP = """
from bench.scenes import ours
from bench.scenes.scene import Scene
ours.run(Scene(500_000, 1, 5, 60), "backtrader")
"""
FRAMEWORKS = {"Backtrader": ("backtrader",), "Nautilus": ("nautilus",), "both": ("backtrader", "nautilus")}


@pytest.mark.timeout(1800)
def test_a_strategy_more(tmp_path: Path, ledger: Ledger) -> None:
    counts = (1, 50, 100, 200, 400)
    files = [configuration(Scene(2_520, 1, count), tmp_path, "backtrader") for count in counts]
    peaks = [backtest(tmp_path, file).megabytes for file in files]
    slopes = [(more - less) / (many - few) for (few, less), (many, more) in pairwise(zip(counts, peaks, strict=True))]
    ledger.reached(MEMORY, "a strategy more on daily bars", max(slopes))
    ledger.reached(MEMORY, "one from 200 to 400 against one from 50 to 200", slopes[3] * 150 / (peaks[3] - peaks[1]))
    ledger.report(
        "memory: strategies",
        "2,520 days, one symbol, Backtrader; MB at most of the whole process, and of a strategy more",
        *(
            f"  {count:>4} strategies {peak:8.1f} {growth:>8}"
            for count, peak, growth in zip(counts, peaks, ["", *(f"{slope:.2f}" for slope in slopes)], strict=True)
        ),
    )


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("bars", "step", "what"), [(2_520, 86_400, "2,520 days"), (500_000, 60, "500,000 minutes")])
def test_a_framework_more(bars: int, step: int, what: str, tmp_path: Path, ledger: Ledger) -> None:
    """The same five strategies on one framework, and on two."""
    lines = [f"5 strategies, 1 symbol, {what}; MB of a warm run", "               imports   above them"]
    above = {}
    for name, frameworks in FRAMEWORKS.items():
        file = str(configuration(Scene(bars, 1, 5, step), tmp_path, *frameworks))
        modules = process(tmp_path, RUN, file, ORCHESTRATE_CACHE=str(tmp_path / f"{name}-1")).output
        again = process(tmp_path, RUN, file, modules, ORCHESTRATE_CACHE=str(tmp_path / f"{name}-2"))
        imports, peak = json.loads(again.output)
        above[name] = peak - imports
        lines.append(f"  {name:<12}{imports:8.1f}{above[name]:10.1f}")
    for one, other in pairwise(("Backtrader", "Nautilus", "Backtrader")):
        grown = above["both"] / above[one] - 1
        lines.append(f"  {other} beside {one}: {grown:+.1%}")
        note = f"{above[one]:.1f} → {above['both']:.1f} MB"
        ledger.reached(MEMORY, f"{other} beside {one}, above the imports, {what}", grown * 100, note)
    ledger.report(f"memory: frameworks, {what}", *lines)


@pytest.mark.timeout(1800)
def test_half_a_million_bars(tmp_path: Path, ledger: Ledger) -> None:
    lines = ["5 strategies, 1 symbol, 500,000 minutes; MB at most of the whole process"]
    scene = Scene(500_000, 1, 5, 60)
    loop = process(tmp_path, "-c", LOOP).megabytes
    ledger.reached(MINUTES, "loop, memory at most", loop, "imports and bars included")
    lines.append(f"  nothing but the loop on Backtrader {loop:8.0f}")
    for name, frameworks in FRAMEWORKS.items():
        file = configuration(scene, tmp_path, *frameworks)
        first, again = backtest(tmp_path, file, first=True), backtest(tmp_path, file)
        lines.append(f"  {name:<12} bars read from CSV {first.megabytes:6.0f}   read before {again.megabytes:6.0f}")
        if name == "Backtrader":
            note = f"read before: {again.megabytes:.0f} MB"
            ledger.reached(MINUTES, "whole process from CSV, memory at most", first.megabytes, note)
            lines += [f"    {line}" for line in process(tmp_path, STAGES, str(file)).errors.splitlines()]
    raw = process(tmp_path, "-c", ALONE, SCRIPT, str(bars_file(scene, tmp_path))).megabytes
    lines.append(f"  raw Backtrader script with 1 strategy {raw:6.0f}")
    ledger.report("memory: 500,000 minutes", *lines)
