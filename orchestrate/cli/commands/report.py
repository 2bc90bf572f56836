"""`orchestrate report`: show a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from orchestrate.cli.options import Reports, RunId

RunFormat = Annotated[Literal["text", "json"], typer.Option("--format", help="How the run is printed.")]


def report(run: RunId, output: RunFormat = "text", reports: Reports = Path("reports")) -> None:
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
