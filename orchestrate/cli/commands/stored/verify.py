"""`orchestrate verify`: is a stored run right."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrate.cli.options import NoCache, Reports, ResultFormat, Root, RunId


def verify(
    run: RunId,
    output: ResultFormat = "text",
    root: Root = None,
    no_cache: NoCache = False,
    reports: Reports = Path("reports"),
) -> None:
    """Compute a stored run again from its fills and the data alone.

    Prices, fees, books, equity, margin and figures. Exit code 1, and the first difference, if anything is wrong.
    """
    import os

    from orchestrate.data.files.bounds import require_room
    from orchestrate.usecases.audit import verify as usecase

    require_room()
    done = usecase.verify(usecase.Request(run, reports, root, not no_cache, os.environ))
    if output == "json":
        from orchestrate.reporting.output import say_json

        say_json(done.document())
    else:
        from orchestrate.reporting.verification import show

        show(done.document())
    if done.exit_code:
        raise typer.Exit(done.exit_code)
