"""`orchestrate reproduce`: does a stored run give the same again."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrate.cli.options import NoCache, Reports, ResultFormat, Root, RunId, TimeLimit


def reproduce(
    run: RunId,
    output: ResultFormat = "text",
    root: Root = None,
    time_limit: TimeLimit = None,
    no_cache: NoCache = False,
    reports: Reports = Path("reports"),
) -> None:
    """Run the plan of a stored run again, and name what differs.

    Code, versions, strategy files, data, and the first row of each table. Exit code 1 if a result differs.
    """
    import os

    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.progress import progress_bar
    from orchestrate.usecases.audit import reproduce as usecase

    require_room()
    request = usecase.Request(run, reports, root, time_limit, not no_cache, os.environ)
    with results_only(), progress_bar(run) as progress:
        done = usecase.reproduce(request, progress, started_up)
    if output == "json":
        from orchestrate.reporting.output import say_json

        say_json(done.document())
    else:
        from orchestrate.reporting.reproduction import show

        show(done.document())
    if done.exit_code:
        raise typer.Exit(done.exit_code)
