"""What a command does before the run begins: how little it imports, and that its haste loses nothing."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from orchestrate.cli.process import start_up, started_up
from tests.reference import least_ratio, python_seconds

CSV = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2024-{1 + day // 28:02}-{1 + day % 28:02},{price},{price + 1},{price - 1},{price},1000\n"
    for day, price in enumerate([100 + (day * 7) % 23 for day in range(120)])
)
RUN = """\
strategy: {strategy}
config: {{}}
capital: 100000
data: {{AAA: {{path: bars.csv}}}}
"""
NOTEKEEPER = '''\
"""Leaves files open, as strategies do, and prints what it finds."""

import gc
import os

LOG = open("of_the_module.txt", "w")
LOG.write("kept")
STATE = open("state.txt", "w")
STATE.write(f"{gc.get_threshold()[0]} {gc.get_freeze_count() > 0} {os.environ.get('OPENBLAS_THREAD_TIMEOUT')}")


class Notekeeper:
    of_the_class = open("of_the_class.txt", "w")
    of_the_class.write("kept")

    def __init__(self):
        self.itself = self
        self.own = open("own.txt", "w")
        self.own.write("kept")

    def should_enter(self, bars):
        if len(bars) == 118:
            self.late = open("late.txt", "w")
            self.late.write("kept")
        return len(bars) == 5

    def should_exit(self, position, bars):
        return len(bars) == 10


class Flags:
    def __init__(self):
        self.own = open("own.txt", "w")
        self.own.write("kept")

    def signals(self, bars):
        return bars.close > 110, bars.close < 105
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bars.csv").write_text(CSV)
    (tmp_path / "momentum.yaml").write_text(RUN.format(strategy="BUY_AND_HOLD"))
    (tmp_path / "notekeeper.py").write_text(NOTEKEEPER)
    (tmp_path / "notes.yaml").write_text(RUN.format(strategy="notekeeper.py:Notekeeper"))
    (tmp_path / "flags.yaml").write_text(RUN.format(strategy="notekeeper.py:Flags"))
    return tmp_path


def python(folder: Path, code: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def command(*arguments: str) -> str:
    return f"import sys; sys.argv[1:] = {arguments!r}; from orchestrate.cli import main; main()"


def modules(folder: Path, *arguments: str) -> list[str]:
    """What a command imports, beyond what Python has imported when it begins."""
    code = f"""
import sys
before = set(sys.modules)
try:
    {command(*arguments)}
finally:
    print("imported", *(set(sys.modules) - before))
"""
    return python(folder, code).splitlines()[-1].split()[1:]


def distributions(imported: list[str]) -> set[str]:
    """Who brings these modules, Python apart."""
    brought = packages_distributions()
    tops = {name.partition(".")[0] for name in imported}
    return {owner.lower().replace("-", "_") for top in tops for owner in brought.get(top, ())}


COMMAND_LINE = {"typer", "annotated_doc", "shellingham", "typing_extensions", "orchestrate_portfolio"}
#: What reads the configuration, too; Typer itself needs pydantic as soon as a command is given.
READING = {
    *COMMAND_LINE,
    "annotated_types",
    "pydantic",
    "pydantic_core",
    "pyyaml",
    "typing_inspection",
}


def test_help_imports_typer_and_nothing_else(folder):
    assert distributions(modules(folder, "--help")) <= COMMAND_LINE


def test_validate_imports_what_reads_a_configuration(folder):
    assert distributions(modules(folder, "validate", "momentum.yaml")) <= READING


def test_a_sweep_imports_no_more_than_a_run(folder):
    (folder / "sweep.yaml").write_text(
        RUN.format(strategy="MOMENTUM") + "sweep: {parameters: {MOMENTUM.fast: [3, 4]}}\n"
    )
    imported = modules(folder, "sweep", "sweep.yaml", "-q", "--workers", "1")
    assert distributions(imported) - {"cloudpickle"} <= READING | {"numpy", "backtrader", "pyarrow"}


def test_a_run_on_backtrader_imports_the_engine_and_what_stores_a_run(folder):
    imported = modules(folder, "backtest", "momentum.yaml", "-q")
    # pyarrow imports cloudpickle where something has installed that
    assert distributions(imported) - {"cloudpickle"} <= READING | {"numpy", "backtrader", "pyarrow"}
    assert distributions(imported) >= {"numpy", "backtrader", "pyarrow"}
    assert {name for name in imported if name.startswith("backtrader.indicators.")} <= {"backtrader.indicators.contrib"}
    ours = {name.removeprefix("orchestrate.") for name in imported if name.startswith("orchestrate.")}
    assert {name for name in ours if name.startswith("cli.")} == {
        *(
            "cli.app",
            "cli.commands",
            "cli.commands.backtest",
            "cli.failures",
            "cli.options",
            "cli.process",
            "cli.streams",
        )
    }
    assert {name for name in ours if "nautilus" in name} <= {"engines.nautilus", "engines.nautilus.settings"}
    assert not ours & {"reporting.text.summary", "data.memory", "usecases.api", "engines.backtrader.hosting"}


@pytest.mark.parametrize("words", [("backtest", "notes.yaml", "-q"), ("validate", "--deep", "flags.yaml")])
def test_a_strategy_meets_a_process_as_python_starts_it(folder, words):
    usual = python(folder, "import gc; print(gc.get_threshold()[0])").strip()
    python(folder, command(*words))
    threshold, frozen, spin = (folder / "state.txt").read_text().split()
    assert (threshold, frozen, spin) == (usual, "True", "20")
    python(folder, command(*words), OPENBLAS_THREAD_TIMEOUT="24")
    assert (folder / "state.txt").read_text().split()[2] == "24"


def test_what_strategies_leave_open_is_written_at_the_end(folder):
    python(folder, command("backtest", "notes.yaml", "-q"))
    left_open = ("of_the_module", "of_the_class", "own", "late")
    assert [(folder / f"{name}.txt").read_text() for name in left_open] == ["kept"] * len(left_open)
    (folder / "own.txt").unlink()
    python(folder, command("validate", "--deep", "flags.yaml"))
    assert (folder / "own.txt").read_text() == "kept"


def test_what_is_settled_is_settled_once(monkeypatch):
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "4")
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")
    usual, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        start_up()
        assert gc.get_threshold()[0] > 100 * usual[0]
        assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "4"
        assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == "mimalloc"
        started_up()
        settled = gc.get_freeze_count()
        assert settled > frozen
        assert gc.get_threshold() == usual
        kept = [[] for _ in range(1000)]
        started_up()
        assert gc.get_freeze_count() <= settled
        assert len(kept) == 1000
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_only_the_command_settles_its_process(folder):
    code = """
import gc, os
before = gc.get_threshold(), gc.get_freeze_count(), dict(os.environ)
from orchestrate import run_backtest
assert run_backtest("BUY_AND_HOLD", "bars.csv").status == "completed"
from orchestrate.cli import app
try:
    app.run(["backtest", "momentum.yaml", "-q"])
except SystemExit as left:
    assert left.code == 0
assert (gc.get_threshold(), gc.get_freeze_count(), dict(os.environ)) == before
"""
    assert "reports/" in python(folder, code)
    assert gc.get_freeze_count() == 0


def test_a_short_run_takes_little_beside_the_imports_of_its_packages(folder):
    """In CPU seconds of whole processes, 1.5 times as much on a quiet machine and 2.1 on a busy one."""
    packages = "import typer, pydantic, yaml, numpy, pyarrow.parquet, orchestrate.engines.backtrader.lazy_import\n"
    imports, run = packages + "pydantic.BaseModel", command("backtest", "momentum.yaml", "-q")
    whole, least = (partial(python_seconds, code, folder, OPENBLAS_THREAD_TIMEOUT="20") for code in (run, imports))
    assert least_ratio(whole, least, enough=2.5) < 2.5
