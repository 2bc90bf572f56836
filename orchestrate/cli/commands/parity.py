"""`orchestrate parity`: do all engines give the same result."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrate.cli.failures import failures_shown
from orchestrate.cli.options import DataPaths, NoCache, Settings, TimeLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrate.reporting.ci.notes import Note
    from orchestrate.usecases.parity.run import Outcome

Config = Annotated[str, typer.Argument(metavar="FILE", help="The configuration to compare with.", show_default=False)]
ParityFormat = Annotated[Literal["text", "json", "junit"], typer.Option("--format", help="How the result is printed.")]


def parity(
    config: Config,
    settings: Settings = None,
    data: DataPaths = None,
    output: ParityFormat = "text",
    time_limit: TimeLimit = None,
    no_cache: NoCache = False,
) -> None:
    """Run portable strategies on every engine, and compare.

    Every order, trade and value of equity. Exit code 1 if anything differs.
    """
    import os

    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.reporting.progress import progress_bar
    from orchestrate.usecases.parity import run as usecase

    request = usecase.Request(
        config,
        overrides=tuple(settings or ()),
        data=tuple(data or ()),
        time_limit=time_limit,
        cache=not no_cache,
        environ=os.environ,
    )
    shown = failures_shown(config, partial(_say_refusal, config) if output == "junit" else None)
    with shown, results_only(), progress_bar(Path(config).name) as progress:
        outcome = usecase.parity(request, progress, started_up)
    _print(outcome, output, config)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _print(outcome: Outcome, output: ParityFormat, config: str) -> None:
    """Print the comparison on stdout; raise the error of one that never began."""
    if output == "json":
        from orchestrate.reporting.output import say_json

        say_json(outcome.document)
    if outcome.error is not None:
        if output == "junit":
            from orchestrate.reporting.ci.notes import of_validation

            _say_refusal(config, of_validation(outcome.document, config))
        raise outcome.error
    if output == "junit":
        from orchestrate.reporting.output import say
        from orchestrate.reporting.parity import junit

        say(junit(outcome.document, outcome.engines, config))
    elif output == "text":
        from orchestrate.reporting.parity import show

        show(outcome.document, outcome.engines, outcome.explanations)


def _say_refusal(config: str, notes: Sequence[Note]) -> None:
    from orchestrate.reporting.ci.junit import of_notes
    from orchestrate.reporting.output import say

    say(of_notes(notes, f"parity {config}"))
