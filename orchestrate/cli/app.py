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
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final, NoReturn

import typer

import orchestrate
from orchestrate.cli.process import started_up
from orchestrate.domain.errors import OrchestrateError, out_of_memory

#: In the order of `--help`: the name of a command → the module and function behind it.
COMMANDS: Final[dict[str, str]] = {
    "backtest": "orchestrate.cli.commands.backtest:backtest",
    "batch": "orchestrate.cli.commands.batch:batch",
    "sweep": "orchestrate.cli.commands.sweep:sweep",
    "validate": "orchestrate.cli.commands.validate:validate",
    "report": "orchestrate.cli.commands.stored.report:report",
    "runs": "orchestrate.cli.commands.stored.runs:runs",
    "dashboard": "orchestrate.cli.commands.stored.dashboard:dashboard",
    "compare": "orchestrate.cli.commands.stored.compare:compare",
    "clean": "orchestrate.cli.commands.stored.clean:clean",
    "heart": "orchestrate.cli.commands.stored.heart:heart",
    "baseline": "orchestrate.cli.commands.stored.baseline:baseline",
    "explain": "orchestrate.cli.commands.explain:explain",
    "export": "orchestrate.cli.commands.stored.export:export",
    "reproduce": "orchestrate.cli.commands.stored.reproduce:reproduce",
    "verify": "orchestrate.cli.commands.stored.verify:verify",
    "parity": "orchestrate.cli.commands.parity:parity",
    "data": "orchestrate.cli.commands.data:data",
    "schema": "orchestrate.cli.commands.schema:schema",
    "strategies": "orchestrate.cli.commands.strategies:strategies",
    "doctor": "orchestrate.cli.commands.doctor:doctor",
    "init": "orchestrate.cli.commands.init:init",
}

BUG: Final = 4
INTERRUPTED: Final = 130
#: The parent of all of Typer's usage errors; by its version they are its own or those of click.
_UsageError: Final[type[typer.BadParameter]] = typer.BadParameter.__bases__[0]

#: How a validator behind Typer puts it, in some of its versions → how a person does.
_PLAIN: Final = {
    ": Value error, ": ": ",
    "Input should be a valid integer, unable to parse string as an integer": "expected a whole number",
    "Input should be a valid number, unable to parse string as a number": "expected a number",
    "Input should be ": "must be ",
}


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (default: the arguments of the process) and exit; codes: docs/reference/command-line.md."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = _code(words)
    finally:
        started_up()  # at the latest now, so that all that was imported is not looked through once more at exit
    sys.exit(code)


def _code(words: list[str]) -> int:
    """Run the command and return its exit code; or that of an output which can't be written, whatever came of it."""
    try:
        code = application(*words[:1])(args=words, prog_name="orchestrate", standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        return _explain_usage(error)
    except OrchestrateError as error:
        _explain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return int(code or 0)


def application(named: str = "") -> typer.Typer:
    """Return all commands, or the one that is `named`, each under the guard that turns errors into exit codes."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: half the start-up time, and no boxes in a CI log
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=(orchestrate.__doc__ or "").partition("\n\n")[0])(_root)
    for name, target in ({named: COMMANDS[named]} if named in COMMANDS else COMMANDS).items():
        module, _, function = target.partition(":")
        app.command(name)(guarded(getattr(importlib.import_module(module), function)))
    return app


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell)
    ] = False,
) -> None:
    """Take the options that stand before the command."""


def _tell(version: bool) -> None:
    from orchestrate.reporting.output import say

    if version:
        say(f"orchestrate {orchestrate.__version__}")
        raise typer.Exit


def guarded(command: Callable[..., object]) -> Callable[..., object]:
    """Return `command`, with every error turned into a message on stderr and an exit code."""

    @functools.wraps(command)
    def guard(*args: object, **kwargs: object) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.BadParameter):
            raise
        except OrchestrateError as error:
            _leave_with(out_of_memory(error) or error)
        except KeyboardInterrupt:
            _complain("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            spent = out_of_memory(error)
            if spent is not None:
                _leave_with(spent)
            _complain(_traceback(error))
            raise typer.Exit(BUG) from None

    return guard


def _leave_with(error: OrchestrateError) -> NoReturn:
    _explain(error)
    raise typer.Exit(error.exit_code) from None


def _explain(error: OrchestrateError) -> None:
    """Print the message; before it the traceback, if an engine or our own code is the cause."""
    if error.exit_code == BUG and error.__cause__ is not None:
        _complain(_traceback(error.__cause__))
    if str(error):
        _complain(str(error))


def _explain_usage(error: typer.BadParameter) -> int:
    """Print what is wrong with the command line, which may hold the names of anybody's files."""
    text = io.StringIO()
    error.show(text)
    message = text.getvalue().removesuffix("\n")
    for said, plain in _PLAIN.items():
        message = message.replace(said, plain)
    _complain(message)
    return error.exit_code


def _complain(text: str) -> None:
    from orchestrate.reporting.output import complain

    complain(text)


def _traceback(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error)).removesuffix("\n")
