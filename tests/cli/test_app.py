"""The frame of the command line: help, version, exit codes, pipes, and how little it costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

import orchestrate
from orchestrate.cli import app
from orchestrate.domain.errors import (
    ConfigurationError,
    DataError,
    EngineError,
    InterruptedRunError,
    NotFoundError,
    TimeLimitError,
)
from tests.reference import least_ratio, python_seconds

ORCHESTRATE = [sys.executable, "-m", "orchestrate"]


def spawn(*arguments, **more):
    return subprocess.run([*ORCHESTRATE, *arguments], capture_output=True, text=True, check=False, **more)


def test_version(prompt):
    assert (prompt("--version").out, prompt("--version").code) == (f"orchestrate {orchestrate.__version__}\n", 0)


def test_help_names_every_command(prompt):
    done = prompt("--help")
    assert "from one YAML file.\n\nOptions:" in done.out
    assert done.code == 0
    for name in app.COMMANDS:
        assert f"  {name} " in done.out
    assert prompt("-h").out == done.out
    assert "\x1b" not in done.out


def test_every_command_has_help_that_fits_a_terminal(prompt):
    for name in app.COMMANDS:
        done = prompt(name, "--help")
        assert done.code == 0
        assert f"Usage: orchestrate {name}" in done.out
        assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        ("backtset",),
        ("backtest",),
        ("backtest", "a.yaml", "b.yaml"),
        ("backtest", "single.yaml", "--format", "xml"),
        ("backtest", "single.yaml", "--time-limit", "soon"),
        ("backtest", "single.yaml", "--time-limit", "-1"),
        ("--nonsense",),
        (),
    ],
)
def test_a_wrong_command_line_is_code_2_and_explained_on_stderr(prompt, arguments):
    done = prompt(*arguments)
    assert done.code == 2
    assert "Usage: orchestrate" in done.out + done.err
    if arguments:
        assert done.out == ""


@pytest.mark.parametrize("words", [("runs", "--limit", "soon"), ("runs", "--limit", "-1"), ("runs", "--status", "odd")])
def test_a_wrong_value_is_explained_without_words_of_a_library(prompt, words):
    err = prompt(*words).err
    assert words[1] in err
    assert "Value error" not in err
    assert "Input should" not in err


@pytest.fixture
def failing(monkeypatch):
    """A command `fail` that raises the given error."""
    raised = {}

    def fail():
        """Fail."""
        print("so far", flush=True)
        raise raised["error"]

    monkeypatch.setattr(
        app, "COMMANDS", {"fail": "orchestrate_test_commands:fail", "fine": "orchestrate_test_commands:fine"}
    )
    module = type(sys)("orchestrate_test_commands")
    module.fail, module.fine = fail, lambda: None
    monkeypatch.setitem(sys.modules, "orchestrate_test_commands", module)
    return raised


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigurationError("wrong"), 2, "wrong\n"),
        (DataError("bad row", where="IBM", hint="look"), 3, "IBM: bad row\n    hint: look\n"),
        (EngineError("it refused"), 4, "it refused\n"),
        (NotFoundError("no such run"), 5, "no such run\n"),
        (TimeLimitError("too long"), 124, "too long\n"),
        (InterruptedRunError("stopped"), 130, "stopped\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (typer.Exit(1), 1, ""),
    ],
)
def test_the_one_place_where_errors_become_codes(prompt, failing, error, code, message):
    failing["error"] = error
    done = prompt("fail")
    assert (done.code, done.out, done.err) == (code, "so far\n", message)


def test_a_bug_keeps_its_traceback(prompt, failing):
    failing["error"] = ZeroDivisionError("by zero")
    done = prompt("fail")
    assert done.code == 4
    assert done.err.startswith("Traceback (most recent call last):")
    assert done.err.endswith("ZeroDivisionError: by zero\n")
    assert "raise raised" in done.err


def test_an_engine_that_failed_shows_where(prompt, failing):
    failing["error"] = EngineError("backtrader failed at step 3")
    failing["error"].__cause__ = IndexError("array index out of range")
    done = prompt("fail")
    assert done.code == 4
    assert "IndexError: array index out of range" in done.err
    assert done.err.endswith("backtrader failed at step 3\n")


def test_a_bad_parameter_found_by_a_command_is_a_usage_error(prompt, failing):
    failing["error"] = typer.BadParameter("not this")
    done = prompt("fail")
    assert done.code == 2
    assert "not this" in done.err


def test_a_command_that_returns_is_0(prompt, failing):
    assert prompt("fine").code == 0


@pytest.mark.parametrize(
    "arguments",
    ["strategies", "--help", "backtest --help", "schema", "backtest single.yaml --format json", "backtest single.yaml"],
)
def test_a_broken_pipe_is_quiet_and_141(prompt, arguments):
    line = f'(sleep 0.2; "{sys.executable}" -m orchestrate {arguments}) | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_letters_that_a_terminal_lacks_are_no_crash(prompt):
    prompt("backtest", "single.yaml")
    done = spawn("report", "latest", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "250 bars, 2" in done.stdout


def test_help_costs_little_more_than_typer():
    """In CPU seconds of whole processes, about 1.3 times as much."""
    helping = "import sys; sys.argv[1:] = ['--help']; from orchestrate.cli import main; main()"
    ratio = least_ratio(lambda: python_seconds(helping), lambda: python_seconds("import typer.core"), enough=2)
    assert ratio < 2


def test_help_loads_nothing_heavy():
    heavy = ["numpy", "pandas", "pyarrow", "pydantic", "yaml", "rich", "backtrader", "nautilus_trader"]
    code = f"""
import sys
from orchestrate.cli import main
sys.argv = ["orchestrate", "--help"]
try:
    main()
except SystemExit:
    print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
