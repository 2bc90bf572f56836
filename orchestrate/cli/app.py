"""The Typer application: its commands, and the one place where errors become exit codes.

A command is a plain function in a file of its own that imports nothing but typer, the standard library and
`domain.errors` at module level. It prints results to stdout and messages to stderr, returns for code 0, raises
`typer.Exit(code)` for a result that is not 0, and lets errors of the tree in `domain/errors.py` pass. Before it loads a
user's code it calls `started_up` of `process.py`.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final, NoReturn

import typer

import orchestrate
from orchestrate.cli.process import started_up
from orchestrate.domain.errors import OrchestrateError, out_of_memory

#: In the order of `--help`: the name of a command → the module and function behind it.
COMMANDS: Final[dict[str, str]] = {
    "backtest": "orchestrate.cli.backtest:backtest",
    "validate": "orchestrate.cli.validate:validate",
    "report": "orchestrate.cli.report:report",
    "data": "orchestrate.cli.data:data",
    "schema": "orchestrate.cli.schema:schema",
    "strategies": "orchestrate.cli.strategies:strategies",
    "doctor": "orchestrate.cli.doctor:doctor",
    "init": "orchestrate.cli.init:init",
}

BUG: Final = 4
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (default: the process's own arguments) and exit with the code of contracts section 6."""
    _on_broken_pipe(signal_default=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our letters gets a question mark, not a crash
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        application(*words[:1])(args=words, prog_name="orchestrate")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        started_up()  # at the latest now, so that all that was imported is not looked through once more at exit
    sys.exit(0)


def application(named: str = "") -> typer.Typer:
    """All commands, or the one that is `named`, each under the guard that turns errors into exit codes."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: half the start-up time, and no boxes in a CI log
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=orchestrate.__doc__)(_root)
    for name, target in ({named: COMMANDS[named]} if named in COMMANDS else COMMANDS).items():
        module, _, function = target.partition(":")
        app.command(name)(guarded(getattr(importlib.import_module(module), function)))
    return app


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell)
    ] = False,
) -> None:
    """Options that stand before the command."""


def _tell(version: bool) -> None:
    if version:
        typer.echo(f"orchestrate {orchestrate.__version__}")
        raise typer.Exit


def guarded(command: Callable[..., object]) -> Callable[..., object]:
    """`command`, with every error turned into a message on stderr and an exit code."""

    @functools.wraps(command)
    def guard(*args: object, **kwargs: object) -> None:
        _on_broken_pipe(signal_default=False)
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.BadParameter):
            _flush()
            raise
        except OrchestrateError as error:
            _leave_with(out_of_memory(error) or error)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _leave_broken_pipe()
        except SystemExit as left:
            if isinstance(left.__context__, BrokenPipeError):  # Rich's way to say the same
                _leave_broken_pipe()
            raise
        except Exception as error:
            spent = out_of_memory(error)
            if spent is not None:
                _leave_with(spent)
            _traceback(error)
            raise typer.Exit(BUG) from None

    return guard


def _leave_with(error: OrchestrateError) -> NoReturn:
    _explain(error)
    raise typer.Exit(error.exit_code) from None


def _explain(error: OrchestrateError) -> None:
    """The message; before it the traceback of what an engine or our own code did, where that is the cause."""
    if error.exit_code == BUG and error.__cause__ is not None:
        _traceback(error.__cause__)
    print(f"{error}", file=sys.stderr)


def _traceback(error: BaseException | None) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_broken_pipe()


def _leave_broken_pipe() -> NoReturn:
    """Nobody reads any more: leave without another word, also from the interpreter's own last flush."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    raise typer.Exit(BROKEN_PIPE)


def _on_broken_pipe(*, signal_default: bool) -> None:
    """Help and usage errors die of SIGPIPE as any tool does; a command gets the exception, so that it can clean up."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL if signal_default else signal.SIG_IGN)
