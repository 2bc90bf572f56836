"""`orchestrate export`: hand on a table of a stored run to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestrate.cli.options import Output, Reports, RunId

Table = Annotated[
    Literal["trades", "equity", "decisions", "fills", "positions", "flows", "exposure", "structures"],
    typer.Argument(metavar="TABLE", help="trades, equity, decisions, fills, positions, flows, exposure or structures."),
]
ExportFormat = Annotated[Literal["csv", "parquet", "xlsx"], typer.Option("--format", help="The format of the table.")]


def export(
    run: RunId,
    table: Table,
    file_format: ExportFormat = "csv",
    output: Output = None,
    reports: Reports = Path("reports"),
) -> None:
    """Export a table of a stored run as csv, parquet or xlsx.

    csv is printed, others go to a file RUN-TABLE.FORMAT.

    Columns are as stored, see docs/reference/results.md.
    """
    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.output import say, say_table
    from orchestrate.usecases.stored import export as usecase

    require_room()
    path = usecase.export(usecase.Request(run, table, file_format, reports, output), say_table)
    if path is not None:
        say(path)
