"""What a worker of a sweep imports before its first trial: it starts as often as there are cores."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "pydantic",
    "yaml",
    "rich",
    "typer",
    "pandas",
    "scipy",
    "pyarrow",
    "optuna",
    "ray",
    "plotly",
    "nautilus_trader",
}


def test_a_worker_imports_nothing_that_reads_configurations_or_tables() -> None:
    code = "import sys; from orchestrate.usecases.sweeping.trials import Workers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "orchestrate.usecases.running.run" in imported
    assert imported & HEAVY == set()
