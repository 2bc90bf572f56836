"""`orchestrate clean`: remove old runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrate.cli.options import Reports, ResultFormat

Keep = Annotated[int, typer.Option("--keep", metavar="N", min=0, help="The latest so many stay.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")]


def clean(
    keep: Keep = 50, dry_run: DryRun = False, output: ResultFormat = "text", reports: Reports = Path("reports")
) -> None:
    """Remove old runs and unfinished sweeps, and print which.

    Those that are being written stay.
    """
    from orchestrate.reporting.output import say, say_json
    from orchestrate.usecases.stored import clean as usecase

    document = usecase.clean(reports, keep, dry_run=dry_run)
    if output == "json":
        say_json(document)
        return
    word = "would be removed" if dry_run else "removed"
    for run_id in document["removed"]:
        say(f"{word}: {run_id}")
    say(f"{len(document['removed'])} {word}, {len(document['kept'])} kept")
