"""The layers are held by a linter; here each of its contracts is broken once, to see that it bites."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrate
from orchestrate.wiring import ENGINES

ROOT = Path(__file__).parents[1]

VIOLATIONS = {
    "a lower layer imports a higher one": ("domain/seeded.py", "import orchestrate.orchestration.risk.sizing"),
    "a neighbour imports its neighbour": ("config/seeded.py", "import orchestrate.library.catalogue"),
    "reporting reaches for the engine room": ("analytics/seeded.py", "import orchestrate.runs.store"),
    "one engine knows the other": ("engines/backtrader/seeded.py", "import orchestrate.engines.nautilus.settings"),
    "the domain leaves numpy": ("domain/seeded.py", "import pandas"),
    "a room imports the one above": ("orchestration/orders/seeded.py", "import orchestrate.orchestration.loop"),
    "a file stands beside the rooms": ("orchestration/seeded.py", "import orchestrate.domain.orders.order"),
    "orchestration reads YAML": ("orchestration/seeded.py", "import yaml"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    shutil.copytree(ROOT / "orchestrate", folder / "orchestrate", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_layers_are_kept(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("violation", VIOLATIONS, ids=str)
def test_a_violation_is_caught(copy: Path, violation: str) -> None:
    place, line = VIOLATIONS[violation]
    seeded = copy / "orchestrate" / place
    seeded.write_text(line + "\n")
    try:
        done = lint(copy)
    finally:
        seeded.unlink()
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
    assert "seeded" in done.stdout


#: The orchestrator's default for users who build one by hand is a part of the public face.
NAME_ENGINES = {"wiring.py", "orchestration/loop/orchestrator.py"}


def test_an_engine_is_named_in_its_folder_and_in_wiring_alone() -> None:
    names = {name for engine in ENGINES.values() for name in (engine.name, engine.distribution)}
    package = Path(orchestrate.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "engines" not in path.relative_to(package).parts
        and any(
            isinstance(node, ast.Constant) and node.value in names for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert found == NAME_ENGINES
