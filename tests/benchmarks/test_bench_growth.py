"""How time and memory grow with strategies and bars: the loop, a warm run with loading, and the whole process.

A process is measured from outside, by the system: its CPU seconds and the most memory it ever held.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import yaml

from orchestrate.domain.plan import RunPlan
from orchestrate.usecases.run import run
from orchestrate.wiring import read_plan
from tests.benchmarks import ours
from tests.benchmarks.scenes import FEE, QUANTITY, Scene

RAW = {
    "raw Backtrader": "tests/benchmarks/script_backtrader.py",
    "raw Nautilus": "tests/benchmarks/script_nautilus.py",
}
ROOT = Path(__file__).parents[2]


def bars_file(scene: Scene, folder: Path) -> Path:
    """The scene's first symbol as a file, written once."""
    path = folder / f"{scene.bars}.csv"
    if not path.exists():
        data = scene.data["S0"]
        stamps = np.datetime_as_string(data["t"].astype("datetime64[ns]"), unit="s")
        rows = zip(stamps, *(data[name].tolist() for name in ("open", "high", "low", "close", "volume")), strict=True)
        lines = (f"{t},{o:.2f},{h:.2f},{low:.2f},{c:.2f},{v:.0f}" for t, o, h, low, c, v in rows)
        path.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    return path


def configuration(scene: Scene, folder: Path, *frameworks: str) -> Path:
    """The scene as a file of ours; strategies take the frameworks in turn."""
    entries = {
        f"s{number:03d}": {
            "name": "MOMENTUM",
            "framework": frameworks[number % len(frameworks)],
            "allocation": 100 / scene.strategies,
            "sizing": {"method": "fixed", "quantity": QUANTITY},
            "config": {"fast": fast, "slow": slow},
        }
        for number, (_, fast, slow) in enumerate(scene.rules)
    }
    document = {
        "capital": 10_000_000,
        "data": {"S0": {"path": str(bars_file(scene, folder))}},
        "execution": {"commission": {"percent": FEE * 100}},
        "strategies": entries,
    }
    path = folder / f"{scene.bars}-{scene.strategies}-{'-'.join(frameworks)}.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def process(folder: Path, *arguments: str) -> tuple[float, float]:
    """CPU seconds and megabytes at most of a whole process; compiled modules are kept in `folder`."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    assert started.returncode == 0, arguments
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def warm(plan: RunPlan) -> float:
    gc.collect()
    started = time.process_time()
    run(plan)
    return time.process_time() - started


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("bars", "step", "turns"), [(2_520, 86_400, 5), (500_000, 60, 1)])
def test_growth(bars: int, step: int, turns: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From one strategy to 100 (five with many bars), all on one symbol and on Backtrader."""
    counts = (1, 5, 10, 50, 100) if bars < 10_000 else (1, 5)
    scenes = {count: Scene(bars, 1, count, step) for count in counts}
    files = {count: configuration(scene, tmp_path, "backtrader") for count, scene in scenes.items()}
    plans = {count: read_plan(path, environ={}).plan for count, path in files.items()}
    process(tmp_path, "-m", "orchestrate", "backtest", str(files[1]), "-q")
    rows: dict[int, list[tuple[float, ...]]] = {count: [] for count in counts}
    for _ in range(turns):
        for count, scene in scenes.items():
            plan = plans[count]
            assert plan is not None
            loops = ours.run(scene, "backtrader").seconds, ours.run(scene, "backtrader", kind="istrategy").seconds
            whole = process(tmp_path, "-m", "orchestrate", "backtest", str(files[count]), "-q")
            rows[count].append((*loops, warm(plan), *whole))
    middle = {count: [median(column) for column in zip(*taken, strict=True)] for count, taken in rows.items()}
    with capsys.disabled():
        print(f"\n\n{bars:,} bars, one symbol, Backtrader; CPU ms, in brackets times as much as one strategy")
        print("  strategies         loop, vectorised       loop, IStrategy   warm run, loading     whole process    MB")
        for count, (vector, stateless, run_, whole, memory) in middle.items():
            cells = zip((vector, stateless, run_, whole), middle[1], strict=False)
            told = "".join(f"{mine * 1000:13.1f} ({mine / one:5.2f})" for mine, one in cells)
            print(f"  {count:>10}  {told}  {memory:6.0f}")
    assert middle[5][3] < 2 * middle[1][3]


@pytest.mark.timeout(1800)
def test_whole_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One strategy on daily bars, from the prompt to the stored run, against raw scripts that store nothing."""
    scene = Scene(2_520, 1, 1)
    bars = str(bars_file(scene, tmp_path))
    commands = {
        "raw Backtrader": (str(ROOT / RAW["raw Backtrader"]), bars),
        "raw Nautilus": (str(ROOT / RAW["raw Nautilus"]), bars),
        "Backtrader": ("-m", "orchestrate", "backtest", str(configuration(scene, tmp_path, "backtrader")), "-q"),
        "Nautilus": ("-m", "orchestrate", "backtest", str(configuration(scene, tmp_path, "nautilus")), "-q"),
        "validate": ("-m", "orchestrate", "validate", str(configuration(scene, tmp_path, "backtrader"))),
        "--help": ("-m", "orchestrate", "--help"),
        "import of backtrader": ("-c", "import backtrader"),
        "import of Nautilus": ("-c", "import nautilus_trader.backtest.engine"),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(6):
        for name, command in commands.items():
            one = process(tmp_path, *command)
            if turn:
                taken[name].append(one)
    seconds = {name: median(second for second, _ in ones) for name, ones in taken.items()}
    with capsys.disabled():
        print(f"\n\nWhole processes, {scene}; CPU ms and MB at most, median of 5")
        for name, ones in taken.items():
            print(f"  {name:<22}{seconds[name] * 1000:9.0f}{median(memory for _, memory in ones):9.0f}")
        told = [("Backtrader", "raw Backtrader", 0.75), ("Nautilus", "raw Nautilus", 0.5)]
        told += [("Backtrader", "raw Nautilus", 0.5)]
        for mine, theirs, goal in told:
            ratio = seconds[mine] / seconds[theirs]
            print(f"  {mine + ' / ' + theirs:<34} goal {goal:5.2f}  reached {ratio:6.3f}")
        print(f"  validate under 400 ms, --help under 150 ms: {seconds['validate'] * 1000:.0f}, ", end="")
        print(f"{seconds['--help'] * 1000:.0f}")
