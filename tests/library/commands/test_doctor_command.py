"""`orchestrate doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestrate import wiring
from orchestrate.cli.app import application
from orchestrate.domain.engines import Engine
from orchestrate.usecases import doctor
from orchestrate.usecases.doctor import Check, Requirement, examine, read_requirement, satisfies

Writer = Callable[..., Path]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(
        application(), ["doctor", *arguments], env={"COLUMNS": "80", "NO_COLOR": "1", "FORCE_COLOR": "1"}
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(folder: Path, name: str) -> Check:
    return next(check for check in examine(folder) if check.name == name)


def test_a_healthy_place(here: Path):
    result = call()
    assert result.exit_code == 0
    assert result.stdout.endswith("\nReady to run.\n")
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    for name in ("python", "backtrader", "nautilus", "numpy", "reports/", "logs/", "strategies", "terminal"):
        assert name in result.stdout
    assert list(here.iterdir()) == []


def test_as_a_document(here: Path):
    result = call("--format", "json")
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["healthy"]) == (1, True)
    names = [check["name"] for check in document["checks"]]
    assert names[:2] == ["python", "orchestrate"]
    assert names[2] == "backtrader"
    assert set(document["checks"][0]) == {"name", "status", "detail", "fix"}
    versions = {check["name"]: check["detail"] for check in document["checks"]}
    assert versions["backtrader"] == importlib.metadata.version("backtrader")


def test_deep_imports_the_engines_and_nothing_else_does(here: Path):
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from orchestrate.usecases.doctor import examine
        engines = {"backtrader", "nautilus_trader", "pandas", "pyarrow"}
        examine(Path())
        assert not engines & set(sys.modules), engines & set(sys.modules)
        imported = [check for check in examine(Path(), deep=True) if "imported in" in check.detail]
        assert len(imported) == 2, imported
        assert {"backtrader", "nautilus_trader"} <= set(sys.modules)
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_engine_is_an_error_that_says_how_to_get_it(here: Path, monkeypatch: pytest.MonkeyPatch):
    needed = ["backtrader<1.10,>=1.9", "not-to-be-had<3,>=2", 'never-heard-of; extra == "charts"']
    monkeypatch.setattr(doctor, "requires", lambda name: needed)
    assert checked(here, "not-to-be-had") == Check(
        "not-to-be-had", "error", "not installed", "python -m pip install 'not-to-be-had<3,>=2'"
    )
    assert checked(here, "extra 'charts'") == Check(
        "extra 'charts'",
        "info",
        "not installed: never-heard-of",
        "python -m pip install 'orchestrate-portfolio[charts]'",
    )
    result = call()
    assert result.exit_code == 4
    assert "python -m pip install 'not-to-be-had<3,>=2'" in result.stdout
    assert result.stdout.endswith("Something is missing; see above.\n")
    assert json.loads(call("--format", "json").stdout)["healthy"] is False


def test_a_version_out_of_bounds_is_an_error(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "requires", lambda name: ["backtrader<1.0"])
    installed = importlib.metadata.version("backtrader")
    assert checked(here, "backtrader").detail == f"{installed}, but <1.0 is needed"


def test_a_package_that_breaks_on_import(here: Path, write: Writer, monkeypatch: pytest.MonkeyPatch):
    write("site/broken_engine.py", "raise RuntimeError('no such library')")
    write("site/broken_engine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken-engine\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(here / "site"))
    monkeypatch.setattr(doctor, "requires", lambda name: ["broken-engine>=1"])
    monkeypatch.setattr(wiring, "ENGINES", {"broken": Engine("broken", "", "", "broken-engine")})
    assert checked(here, "broken-engine").status == "ok"
    check = next(check for check in examine(here, deep=True) if check.name == "broken-engine")
    assert (check.status, check.detail) == ("error", "1.0 can't be imported: RuntimeError: no such library")


def test_run_from_a_folder_that_was_never_installed(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "DISTRIBUTION", "never-installed")
    assert checked(here, "never-installed").status == "warning"
    assert checked(here, "backtrader").status == "ok"


def test_an_old_python(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (9, 0))
    assert checked(here, "python").status == "error"


def test_folders(here: Path):
    assert checked(here, "reports/").detail.startswith("can be made, ")
    (here / "reports").mkdir()
    assert checked(here, "reports/").detail.startswith("writable, ")
    (here / "logs").write_text("a file")
    assert checked(here, "logs/").status == "error"
    assert "is a file" in checked(here, "logs/").detail


def test_a_folder_that_may_not_be_written_to(here: Path, monkeypatch: pytest.MonkeyPatch):
    (here / "reports").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "reports")  # root may write everywhere
    assert (checked(here, "reports/").status, checked(here, "logs/").status) == ("error", "ok")
    assert checked(here, "reports/").detail == f"{here / 'reports'} can't be written to"


def test_a_broken_strategy_package_is_a_warning(here: Path, write: Writer, monkeypatch: pytest.MonkeyPatch):
    write("site/bought-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bought\nVersion: 1.0\n")
    write("site/bought-1.0.dist-info/entry_points.txt", "[orchestrate.strategies]\nBOUGHT = bought:Own\n")
    monkeypatch.syspath_prepend(str(here / "site"))
    check = checked(here, "strategy BOUGHT")
    assert (check.status, check.detail) == ("warning", "bought:Own: there is no module bought")


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("numpy<3,>=1.26", Requirement("numpy", "<3,>=1.26")),
        ("coverage[toml]<8,>=7.6; extra == 'dev'", Requirement("coverage", "<8,>=7.6", "dev")),
        ('types-PyYAML; extra == "dev"', Requirement("types-PyYAML", "", "dev")),
        ("tomli<3; python_version < '3.9' and extra == 'dev'", None),
        ("tomli<3; extra == 'dev' and python_version >= '3.11'", Requirement("tomli", "<3", "dev")),
        ("rich >=13.9 ; python_version > '3'", Requirement("rich", ">=13.9")),
        ("@@@", None),
    ],
)
def test_requirements_are_read(text: str, requirement: Requirement | None):
    assert read_requirement(text) == requirement


def test_what_a_distribution_is_imported_as():
    assert Requirement("pyyaml", "").package == "yaml"
    assert Requirement("TA-Lib", "").package == "talib"
    assert Requirement("nautilus-trader", "").package == "nautilus_trader"


@pytest.mark.parametrize(
    ("installed", "bounds", "fits"),
    [
        ("1.221.0", "<2,>=1.221", True),
        ("2.0.0", "<2", False),
        ("2.0rc3", "<2", False),
        ("1.9.78.123", ">=1.9.78.123,<1.10", True),
        ("1.10", "<1.10", False),
        ("3.0", "==3", True),
        ("3.0.1", "<=3", False),
        ("3.1", ">3.0", True),
        ("5", "", True),
        ("unknown", ">=1", False),
    ],
)
def test_versions_are_compared_as_numbers(installed: str, bounds: str, fits: bool):
    assert satisfies(installed, bounds) is fits
