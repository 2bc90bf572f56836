"""`orchestrate init`: a project that runs at once, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from orchestrate.cli.app import application
from orchestrate.config.resolve import resolve
from orchestrate.domain.errors import StoreError
from orchestrate.usecases.init import FILES, write_starter
from orchestrate.usecases.running.run import run
from orchestrate.wiring import choices, describe, settings_types


def init(*arguments: str) -> Result:
    return CliRunner().invoke(application(), ["init", *arguments])


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_the_project_is_written_and_named(tmp_path: Path):
    result = init(str(tmp_path / "new" / "project"))
    assert result.exit_code == 0
    assert everything(tmp_path / "new" / "project") == sorted(FILES)
    assert result.stdout.splitlines() == [str(tmp_path / "new" / "project" / name) for name in FILES]
    assert "orchestrate backtest backtest.yaml" in result.stderr


def test_here_when_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("mine")
    assert init().exit_code == 0
    assert everything(tmp_path) == sorted([*FILES, "README.md"])
    assert (tmp_path / "README.md").read_text() == "mine"


def test_it_runs_and_keeps_its_gates(tmp_path: Path):
    write_starter(tmp_path)
    resolution = resolve(tmp_path / "backtest.yaml", catalogue=describe, settings=settings_types(), choices=choices())
    assert resolution.problems == ()
    assert resolution.plan is not None
    result = run(resolution.plan)
    assert result.status == "completed"
    assert not [finding for finding in result.findings if finding.severity == "error"]
    assert {strategy.framework for strategy in result.strategies.values()} == {"backtrader", "nautilus"}
    assert all(len(strategy.trades) >= 5 for strategy in result.strategies.values())
    equity = result.portfolio_equity
    assert min(equity[i] / max(equity[: i + 1]) for i in range(0, len(equity), 10)) > 0.5  # the gate of the file


def test_its_strategy_is_understood(tmp_path: Path):
    write_starter(tmp_path)
    description = describe("my_strategy.py:Pullback", tmp_path)
    assert (description.kind, description.relations) == ("signals", ("pullback < trend",))
    assert {name: parameter.default for name, parameter in (description.parameters or {}).items()} == {
        "trend": 100,
        "pullback": 5,
    }


def test_its_workflow_is_yaml_and_calls_commands_there_are(tmp_path: Path):
    write_starter(tmp_path)
    workflow: Any = yaml.safe_load((tmp_path / ".github/workflows/backtest.yml").read_text())
    commands = [step["run"].split() for step in workflow["jobs"]["backtest"]["steps"] if "run" in step]
    own = [command[1] for command in commands if command[0] == "orchestrate"]
    assert own == ["validate", "backtest", "parity"]


def test_both_engines_trade_its_strategies_alike(tmp_path: Path):
    write_starter(tmp_path)
    result = CliRunner().invoke(application(), ["parity", str(tmp_path / "backtest.yaml"), "--format", "junit"])
    assert result.exit_code == 0
    assert 'tests="6" failures="0" errors="0" skipped="0"' in result.stdout


@pytest.mark.parametrize("there", ["backtest.yaml", ".gitignore", ".github", ".github/workflows/backtest.yml"])
def test_nothing_is_overwritten(tmp_path: Path, there: str):
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("mine")
    result = init(str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(tmp_path / there) in result.stderr
    assert everything(tmp_path) == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_all_that_is_in_the_way_is_named(tmp_path: Path):
    assert init(str(tmp_path)).exit_code == 0
    result = init(str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "nothing was written: these files exist already",
        *[f"    {tmp_path / name}" for name in FILES],
        "    hint: name another folder",
    ]


def test_a_link_to_nowhere_is_in_the_way_too(tmp_path: Path):
    (tmp_path / "backtest.yaml").symlink_to(tmp_path / "nowhere")
    assert init(str(tmp_path)).exit_code == 2


def test_a_file_where_the_folder_should_be(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    result = init(str(tmp_path / "file"))
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1] == f"    {tmp_path / 'file'}"


@pytest.mark.parametrize("fails_at", range(len(FILES)))
def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int):
    (tmp_path / "kept.txt").write_text("mine")
    opened = Path.open
    seen: list[Path] = []

    def open_until(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if mode == "xb":
            seen.append(self)
            if len(seen) > fails_at:
                raise OSError(28, "No space left on device")
        return opened(self, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", open_until)
    with pytest.raises(StoreError, match="No space left on device"):
        write_starter(tmp_path / "deep" / "down")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_a_folder_that_cannot_be_made_is_reported_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = init(str(tmp_path / "here"))
    assert result.exit_code == 4
    assert result.stderr == f"the project can't be written to {tmp_path / 'here'}: Permission denied\n"


def test_an_interrupt_takes_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written: list[bytes] = []

    def read_then_interrupt(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
        written.append(read(path))
        if len(written) == 3:
            raise KeyboardInterrupt
        return written[-1]

    monkeypatch.setattr(Path, "read_bytes", read_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_starter(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
