"""`orchestrate runs`: list the stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestrate.cli.options import Reports, TableFormat

Status = Annotated[
    Literal["completed", "degraded", "failed", "interrupted"] | None,
    typer.Option("--status", help="Only runs that ended so.", show_default=False),
]
Mode = Annotated[
    Literal["single", "multi"] | None, typer.Option("--mode", help="Only runs of this mode.", show_default=False)
]
Strategy = Annotated[
    str, typer.Option("--strategy", metavar="ID", help="Only runs with this strategy: its id or name.")
]
Since = Annotated[str, typer.Option("--since", metavar="DATE", help="Only runs that began at this date or later.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="GATE", help="Only runs such as 'sharpe > 1'.", show_default=False),
]
Sort = Annotated[str, typer.Option("--sort", metavar="METRIC", help="The highest first; else the latest.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only their ids.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=0, help="At most so many.", show_default=False)]


def runs(
    status: Status = None,
    mode: Mode = None,
    strategy: Strategy = "",
    since: Since = "",
    where: Where = None,
    sort: Sort = "",
    limit: Limit = None,
    output: TableFormat = "table",
    quiet: Quiet = False,
    reports: Reports = Path("reports"),
) -> None:
    """List the stored runs with their figures."""
    from orchestrate.reporting.output import complain, say_json
    from orchestrate.runs.reading import no_run_in, run_ids
    from orchestrate.usecases.stored import runs as usecase

    query = usecase.Query(status or "", mode or "", strategy, since, tuple(where or ()), sort, limit)
    document = usecase.runs(reports, query)
    if output == "json":
        say_json(document)
    else:
        from orchestrate.reporting.lists.runs import show

        show(document, also=[sort], quiet=quiet)
        if not document["runs"] and not run_ids(reports):
            complain(no_run_in(reports))
    for run in document["damaged"]:
        complain(f"warning: {run['message']}")
