"""How time grows with strategies and with bars: the loop, a warm run with loading, and the whole process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.goals import Ledger
from bench.interleave import interleave, timed
from bench.races import OURS
from bench.scenes.scene import Scene
from bench.scenes.whole import backtest, configuration, plan
from orchestrate.usecases.running.run import run

KINDS = {"vectorised": "Backtrader", "IStrategy": "IStrategy"}


def measured(scenes: dict[int, Scene], turns: int, folder: Path) -> list[str]:
    """A line for each scene: milliseconds, and how many times the first one's."""
    contestants: dict[tuple[int, str], Callable[[], float]] = {}
    for place, scene in scenes.items():
        file = configuration(scene, folder, "backtrader")
        for kind, name in KINDS.items():
            contestants[place, f"loop, {kind}"] = lambda name=name, scene=scene: OURS[name](scene).seconds
        contestants[place, "warm run, loading"] = lambda file=file: timed(run, plan(file))
        contestants[place, "whole process"] = lambda file=file: backtest(folder, file).seconds
    first = next(iter(scenes))
    backtest(folder, configuration(scenes[first], folder, "backtrader"))  # compiles
    taken = interleave(contestants, turns, float)
    columns = [what for place, what in contestants if place == first]
    lines = [" " * 13 + "".join(f"{what:>26}" for what in columns)]
    for place in scenes:
        cells = [(taken[place, what].middle, taken[first, what].middle) for what in columns]
        lines.append(f"  {place:>9,}  " + "".join(f"{mine * 1000:16.1f} ({mine / one:7.2f})" for mine, one in cells))
    return lines


@pytest.mark.timeout(3600)
def test_growth_with_strategies(tmp_path: Path, ledger: Ledger) -> None:
    scenes = {count: Scene(2_520, 1, count) for count in (1, 5, 10, 50, 100)}
    heading = "1 to 100 strategies, 1 symbol, 2,520 days, Backtrader; CPU ms, in brackets times one strategy's"
    ledger.report("growth with strategies", heading, *measured(scenes, 3, tmp_path))


@pytest.mark.timeout(3600)
def test_growth_with_bars(tmp_path: Path, ledger: Ledger) -> None:
    scenes = {bars: Scene(bars, 1, 5, 60) for bars in (2_520, 20_000, 100_000, 500_000)}
    heading = "5 strategies, 1 symbol, 2,520 to 500,000 minutes, Backtrader; CPU ms, in brackets times 2,520 bars'"
    ledger.report("growth with bars", heading, *measured(scenes, 1, tmp_path))
