"""`orchestrate batch`: run many configurations, several at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrate.cli.options import NoCache, Reports, Settings, TableFormat

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="The configurations to run.", show_default=False)]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=0, help="So many at once; 0: one for each core.")]
On = Annotated[
    str, typer.Option("--on", metavar="local|ray", help="Processes of this machine, or a Ray cluster: ray://HOST:PORT.")
]
NoLookaheadCheck = Annotated[
    bool, typer.Option("--no-lookahead-check", help="Don't check vectorised strategies for look-ahead.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def batch(
    files: Files,
    settings: Settings = None,
    workers: Workers = 0,
    on: On = "local",
    output: TableFormat = "table",
    reports: Reports = Path("reports"),
    no_lookahead_check: NoLookaheadCheck = False,
    no_cache: NoCache = False,
    quiet: Quiet = False,
) -> None:
    """Run many configurations, and store each as a run.

    The exit code is the gravest of all.
    """
    import os

    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.reporting.progress import progress_bar
    from orchestrate.usecases.batch import batch as usecase
    from orchestrate.usecases.batch.files import BatchRequest

    request = BatchRequest(
        tuple(files),
        overrides=tuple(settings or ()),
        workers=workers,
        on=on,
        reports=reports,
        lookahead=not no_lookahead_check,
        cache=not no_cache,
        environ=dict(os.environ),
    )
    started_up()
    with results_only(), progress_bar("batch", wanted=not quiet) as progress:
        document = usecase.batch(request, progress)
    _print(document, output)
    if document["exit_code"]:
        raise typer.Exit(document["exit_code"])


def _print(document: dict[str, Any], output: TableFormat) -> None:
    if output == "json":
        from orchestrate.reporting.output import say_json

        say_json(document)
    else:
        from orchestrate.reporting.lists.batch import show

        show(document)
