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
SCRIPTS = ("every_name_of_runs.py", "every_name_by_hand.py", "every_name_of_options.py")
WRONG = "wrong_uses.py"


def programs() -> dict[str, str]:
    """Code as users have it, by the name of a file: our scripts, and all that we give users to start from."""
    paths = {name: Path(__file__).with_name(name) for name in (*SCRIPTS, WRONG)}
    paths |= {path.name: path for path in ROOT.glob("strategies/*.py")}  # which import each other
    paths |= {f"example_{path.name}": path for path in ROOT.glob("configs/**/*.py")}
    paths |= {f"starter_{path.name}": path for path in ROOT.glob("orchestrate/starter/*.py")}
    guide = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, re.S)
    texts = {f"guide_{number}.py": block for number, block in enumerate(blocks)}
    return texts | {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


PROGRAMS = programs()


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
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    ours = [path for path in sys.path if path.endswith("-packages")]
    (packages / "dependencies.pth").write_text("\n".join(ours))
    for name, code in PROGRAMS.items():
        (folder / name).write_text(code, encoding="utf-8")
    return folder


def python(environment: Path) -> Path:
    return environment / "bin" / "python"


def faulty_lines() -> set[tuple[str, int]]:
    """The lines that say that they are a fault."""
    lines = PROGRAMS[WRONG].splitlines()
    return {(WRONG, number) for number, line in enumerate(lines, 1) if line.endswith("# fault")}


def test_what_is_checked():
    assert len(faulty_lines()) == 10
    shipped = {path.name for path in ROOT.glob("strategies/*.py")}
    assert {"momentum.py", "spreads.py"} <= shipped <= set(PROGRAMS)
    kinds = {name.partition("_")[0] for name in set(PROGRAMS) - shipped}
    assert kinds == {"every", "wrong", "example", "starter", "guide"}


def test_the_wheel_has_what_is_no_python(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    data = {"orchestrate/py.typed", "orchestrate/starter/my_strategy.py", "orchestrate/starter/backtest.yaml"}
    data |= {f"orchestrate/reporting/page/assets/{name}" for name in ("plotly-cartesian.min.js", "plotly-LICENSE")}
    assert data | {"orchestrate/shipped_strategies/momentum.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "bench/")) or "axe" in name]


@pytest.mark.slow
def test_users_scripts_run_on_the_wheel(environment: Path):
    names = ", ".join(name.removesuffix(".py") for name in SCRIPTS)
    code = f"import orchestrate, {names}; [one.main() for one in ({names})]; print(orchestrate.__file__)"
    command = [python(environment), "-c", code]
    done = subprocess.run(command, cwd=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(environment)


@pytest.mark.slow
def test_mypy_finds_every_fault_and_no_other(environment: Path):
    printed = tool(
        *("mypy", "--strict", "--config-file=", "--cache-dir", ROOT / ".mypy_cache" / "users"),
        *("--python-executable", python(environment), *PROGRAMS),
        folder=environment,
        expected=1,
    )
    errors = re.findall(r"^(\w+\.py):(\d+): error", printed, re.M)
    assert {(name, int(line)) for name, line in errors} == faulty_lines(), printed


@pytest.mark.slow
def test_pyright_finds_every_fault_and_no_other(environment: Path):
    printed = tool(
        *("pyright", "--outputjson", "--pythonpath", python(environment), *PROGRAMS), folder=environment, expected=1
    )
    diagnostics = json.loads(printed)["generalDiagnostics"]
    errors = {(Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in diagnostics}
    assert errors == faulty_lines(), printed
