"""`orchestrate report`: show a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def report(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="An id, a unique beginning of one, or 'latest'.", show_default=False)
    ],
    output: Annotated[Literal["text", "json"], typer.Option("--format", help="How the run is printed.")] = "text",
    reports: Annotated[Path, typer.Option("--reports", metavar="DIR", help="Where runs are kept.")] = Path("reports"),
) -> None:
    """Show a stored run again, from what was stored alone."""
    from orchestrate.data.files.bounds import require_room
    from orchestrate.usecases import report as usecase

    require_room()
    usecase.report(run, reports, _as_json if output == "json" else _as_text)


def _as_json(document: dict[str, Any]) -> None:
    from orchestrate.reporting.output import say_json

    say_json(document)


def _as_text(document: dict[str, Any]) -> None:
    from orchestrate.reporting.tables import show

    show(document)
