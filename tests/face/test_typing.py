"""The wheel, in an environment of its own, is typed for its users: by mypy and by pyright, in their strict modes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = {name: Path(__file__).with_name(name) for name in ("every_name.py", "wrong_uses.py")}


def tool(*words: str | Path, folder: Path, expected: int = 0) -> str:
    """What a tool of this environment prints, run in `folder`."""
    # pyright's launcher asks the package index for newer versions unless it is asked not to
    environ = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tool("hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Path:
    """A virtual environment with the wheel in it; its dependencies are those of this environment."""
    folder = wheel.parent / "venv"
    tool("venv", "--without-pip", folder, folder=wheel.parent)
    packages = next(folder.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(packages)
    ours = [path for path in sys.path if path.endswith("-packages")]
    (packages / "dependencies.pth").write_text("\n".join(ours))
    for name, script in SCRIPTS.items():
        (folder / name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def python(environment: Path) -> Path:
    return environment / "bin" / "python"


def faulty_lines(name: str) -> set[tuple[str, int]]:
    """The lines of a script that say that they are a fault."""
    lines = SCRIPTS[name].read_text(encoding="utf-8").splitlines()
    return {(name, number) for number, line in enumerate(lines, 1) if line.endswith("# fault")}


def test_the_wheel_has_what_is_no_python(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"orchestrate/py.typed", "orchestrate/starter/my_strategy.py", "orchestrate/starter/backtest.yaml"} <= {
        *names
    }
    assert "orchestrate/shipped_strategies/momentum.py" in names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_a_users_script_runs_on_the_wheel(environment: Path):
    code = "import every_name, orchestrate; every_name.main(); print(orchestrate.__file__)"
    command = [python(environment), "-c", code]
    done = subprocess.run(command, cwd=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(environment)


def test_mypy_finds_every_fault_and_no_other(environment: Path):
    told = tool(
        *("mypy", "--strict", "--config-file=", "--cache-dir", ROOT / ".mypy_cache" / "users"),
        *("--python-executable", python(environment), *SCRIPTS),
        folder=environment,
        expected=1,
    )
    errors = re.findall(r"^(\w+\.py):(\d+): error", told, re.M)
    assert {(name, int(line)) for name, line in errors} == faulty_lines("wrong_uses.py"), told


def test_pyright_finds_every_fault_and_no_other(environment: Path):
    told = tool(
        *("pyright", "--outputjson", "--pythonpath", python(environment), *SCRIPTS), folder=environment, expected=1
    )
    found = json.loads(told)["generalDiagnostics"]
    errors = {(Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in found}
    assert errors == faulty_lines("wrong_uses.py"), told
