"""`orchestrate compare`: stored runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.options import Reports, ResultFormat

Runs = Annotated[
    list[str],
    typer.Argument(metavar="RUN RUN…", help="Ids, unique beginnings of ids, or 'latest'.", show_default=False),
]


def compare(runs: Runs, output: ResultFormat = "text", reports: Reports = Path("reports")) -> None:
    """Compare runs: figures, configuration, data, equity.

    Changes are against the first run. Exit code 0 whatever differs.
    """
    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.output import say_json

    if len(runs) < 2:
        raise typer.BadParameter("it takes two runs or more")
    require_room()
    from orchestrate.usecases.stored import compare as usecase

    document = usecase.compare(runs, reports)
    if output == "json":
        say_json(document)
    else:
        from orchestrate.reporting.lists.comparison import show

        show(document)
