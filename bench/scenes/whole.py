"""The scene as files, and whole processes: measured from outside, by the system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from bench.scenes.scene import FEE, QUANTITY, Scene
from orchestrate.domain.plan import RunPlan
from orchestrate.wiring import read_plan

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "bench/scripts/measured.py"
NAMES = {"vectorised": "MOMENTUM", "IStrategy": f"{ROOT}/bench/scenes/crossings.py:Stateless"}

# Backtrader imports TA-Lib where it is installed. Ours brings it; a raw script does without.
NO_TALIB = "import sys; sys.modules['talib'] = None"
ALONE = f"{NO_TALIB}; sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"


@dataclass(frozen=True)
class Used:
    """CPU seconds and megabytes at most of a whole process, and what it printed on stdout and stderr."""

    seconds: float
    megabytes: float
    output: str
    errors: str

    @property
    def equity(self) -> float:
        """The final equity: of a raw script all that it prints, of ours a part of its JSON."""
        result = json.loads(self.output)
        return float(result["portfolio"]["final_equity"] if isinstance(result, dict) else result)


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


def configuration(scene: Scene, folder: Path, *frameworks: str, kind: str = "vectorised") -> Path:
    """The scene as a file of ours; strategies take the frameworks in turn."""
    entries = {
        f"s{number:03d}": {
            "name": NAMES[kind],
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
    path = folder / f"{scene.bars}-{scene.pace[0]}-{scene.strategies}-{'-'.join(frameworks)}-{kind}.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def plan(config: Path) -> RunPlan:
    made = read_plan(config, environ={}).plan
    assert made is not None
    return made


def process(folder: Path, *arguments: str, **environ: str) -> Used:
    """A Python of its own; compiled modules are kept in `folder`, so that only its first processes compile."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    kept |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONPATH": str(ROOT), **environ}
    command = [sys.executable, "-S", str(MEASURED), sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    *errors, last = done.stderr.splitlines()
    seconds, megabytes = map(float, last.split())
    return Used(seconds, megabytes, done.stdout, "\n".join(errors))


def backtest(folder: Path, config: Path, *options: str, first: bool = False) -> Used:
    """Ours at the prompt. `first`: the bars have never been read before."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        environ = {"ORCHESTRATE_CACHE": empty} if first else {}
        return process(folder, "-m", "orchestrate", "backtest", str(config), *(options or ("-q",)), **environ)
