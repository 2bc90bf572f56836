"""The layers are held by a linter; here each of its contracts is broken once, to see that it bites."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


#: Modules that name an engine outside its folder, and why.
NAME_ENGINES = {
    "orchestrate/__init__.py": "public names: the adapters and their settings are some of them",
    "orchestrate/wiring.py": "it registers the engines",
    "orchestrate/data/files/catalog.py": "a data format that bears the engine's name, and is read by its own class",
}


def words_of(node: ast.AST) -> str:
    """Return the text or the identifiers that a node of a syntax tree is written with."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            return name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Import(names=names):
            return " ".join(alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            return " ".join([module, *(alias.name for alias in names)])
    return ""


def docstrings_of(tree: ast.Module) -> set[ast.AST]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)]
    return {node.body[0].value for node in nodes if isinstance(node.body[0], ast.Expr)}


def names_an_engine(code: str) -> bool:
    names = {name for engine in ENGINES.values() for name in (engine.name, engine.distribution)}
    if not any(name in code.lower() for name in names):
        return False
    tree = ast.parse(code)
    docstrings = docstrings_of(tree)
    written = (words_of(node).lower() for node in ast.walk(tree) if node not in docstrings)
    return any(name in words for words in written for name in names)


def test_an_engine_is_named_in_its_folder_and_in_wiring_alone() -> None:
    modules = [
        (path.relative_to(ROOT).as_posix(), path)
        for folder in ("orchestrate", "strategies")
        for path in (ROOT / folder).rglob("*.py")
        if not path.is_relative_to(ROOT / "orchestrate" / "engines")
    ]
    assert {name for name, path in modules if names_an_engine(path.read_text("utf-8"))} == set(NAME_ENGINES)


@pytest.mark.parametrize(
    "code",
    [
        'FRAMEWORKS = ("backtrader",)',
        "import nautilus_trader.model",
        "from orchestrate.engines.nautilus.settings import Settings",
        "from orchestrate import NautilusSettings",
        "def of_backtrader(): ...",
        "class NautilusCatalog: ...",
        "settings.nautilus",
        "run(backtrader=True)",
        "def run(nautilus): ...",
    ],
)
def test_the_name_of_an_engine_is_noticed(code: str) -> None:
    assert names_an_engine(code)


def test_a_docstring_and_a_comment_may_name_an_engine() -> None:
    assert not names_an_engine('"""Backtrader, Nautilus."""\ndef run():\n    """Nautilus."""\n    # Backtrader\n')
