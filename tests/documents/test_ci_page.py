"""The workflows of docs/ci.md: their steps run in a new project, as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
JUNIT = ROOT / "tests/cli/ci/schemas/junit.xsd"
GITHUB, GITLAB, GATES = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
FAILING = "strategies.pullback.trades: '>= 100000'"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project, with `orchestrate` on the path of its shells, and no package index."""
    (tmp_path / "bin").mkdir()
    shims = {"orchestrate": f'exec "{sys.executable}" -m orchestrate "$@"', "python": "true"}
    for name, line in shims.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    folder = tmp_path / "project"
    shell(tmp_path, "orchestrate init project")
    path = folder / "backtest.yaml"
    text = path.read_text(encoding="utf-8").replace("bars: 2520", "bars: 300")
    path.write_text(text.replace("framework: nautilus", "framework: backtrader"))  # one engine is imported faster
    return folder


def shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a step as runners do: it ends with its first command that fails."""
    root = folder if (folder / "bin").is_dir() else folder.parent
    environment = os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment |= {"GITHUB_STEP_SUMMARY": str(root / "summary.md")}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def github_steps() -> Iterator[tuple[str, bool]]:
    """Each script of the workflow, and whether it is run after a failure, too."""
    for step in GITHUB["jobs"]["backtest"]["steps"]:
        if "run" in step:
            yield step["run"], step.get("if") == "always()"


def play_github(project: Path) -> list[int]:
    """Run the steps, after a failure only those that always run; return their codes."""
    codes: list[int] = []
    for script, always in github_steps():
        if always or not any(codes):
            codes.append(shell(project, script).returncode)
    return codes


def uploaded() -> list[str]:
    (step,) = (one for one in GITHUB["jobs"]["backtest"]["steps"] if "upload-artifact" in one.get("uses", ""))
    return str(step["with"]["path"]).split()


def test_github(project: Path) -> None:
    assert play_github(project) == [0, 0, 0, 0, 0]
    assert [path for path in uploaded() if not (project / path).exists()] == []
    assert (project.parent / "summary.md").read_text(encoding="utf-8").startswith("# Run ")
    assert etree.parse(project / "parity.xml").getroot().tag == "testsuites"


def test_github_where_a_gate_fails(project: Path) -> None:
    path = project / "backtest.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('strategies.pullback.trades: ">= 1"', FAILING))
    assert play_github(project) == [0, 0, 1, 0]
    assert (project / "report.html").is_file()
    assert "**failed**" in (project.parent / "summary.md").read_text(encoding="utf-8")


def test_gitlab(project: Path) -> None:
    for job in ("validate", "backtest"):
        steps: dict[str, Any] = GITLAB[job]
        for script in (*GITLAB["default"]["before_script"], *steps["script"], *steps.get("after_script", ())):
            done = shell(project, script)
            assert (done.returncode, done.stderr) == (0, "") or script.endswith("report.html"), done.stderr
        artifacts = steps["artifacts"]
        kept = [*artifacts.get("paths", ()), *artifacts["reports"].values()]
        names = [name for one in kept for name in (one if isinstance(one, list) else [one])]
        assert [name for name in names if not (project / name).exists()] == []
    etree.XMLSchema(etree.parse(JUNIT)).assertValid(etree.parse(project / "backtest.xml"))
    findings = json.loads((project / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert {one["severity"] for one in findings} <= {"info", "minor"}


def test_a_baseline(project: Path) -> None:
    done = shell(project, SHELL)
    assert (done.returncode, json.loads((project / "baseline.json").read_text(encoding="utf-8"))["schema_version"]) == (
        0,
        1,
    )
    path = project / "backtest.yaml"
    text = path.read_text(encoding="utf-8").partition("gates:")[0]
    path.write_text(text + yaml.safe_dump(GATES))
    assert shell(project, "orchestrate backtest backtest.yaml -q").returncode == 2
    assert shell(project, "orchestrate backtest backtest.yaml -q --baseline baseline.json").returncode == 0
