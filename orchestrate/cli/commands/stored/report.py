"""`orchestrate report`: show a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestrate.cli.options import Output, Reports

Run = Annotated[str, typer.Argument(metavar="[RUN]", help="An id, a unique beginning of one, or 'latest'.")]
#: The keys of `FORMATS` in reporting/formats.py.
RunFormat = Annotated[Literal["text", "json", "md", "csv"], typer.Option("--format", help="How the run is printed.")]


def report(
    run: Run = "latest", output: RunFormat = "text", file: Output = None, reports: Reports = Path("reports")
) -> None:
    """Show a stored run again, from what was stored alone."""
    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.formats import FORMATS
    from orchestrate.usecases.stored import report as usecase

    require_room()
    usecase.report(run, reports, lambda stored: FORMATS[output](stored, file))
