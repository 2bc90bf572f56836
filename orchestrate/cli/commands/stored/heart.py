"""`orchestrate heart`: how people fare with this program, from the journal of all runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.options import Reports, TableFormat

Journal = Annotated[Path, typer.Option("--journal", metavar="FILE", help="The journal; rotated files beside it count.")]
Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=36_500, help="The period that is measured.")]


def heart(
    output: TableFormat = "table",
    journal: Journal = Path("logs/backtest/orchestrate.jsonl"),
    days: Days = 30,
    reports: Reports = Path("reports"),
) -> None:
    """Measure how people fare, from the journal of all runs.

    Happiness, engagement, adoption, retention and task success, each against its target.
    """
    from orchestrate.reporting.output import complain, say_json
    from orchestrate.usecases.heart.heart import heart as usecase

    document = usecase(journal, reports, days)
    if output == "json":
        say_json(document)
    else:
        from orchestrate.reporting.lists.heart import show

        show(document)
    for run in document["damaged"]:
        complain(f"warning: {run['message']}")
    if document["damaged_lines"]:
        complain(f"warning: {document['damaged_lines']} damaged lines of the journal are left out")
