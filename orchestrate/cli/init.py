"""`orchestrate init`: a project to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write it; made if needed.")] = Path(),
) -> None:
    """Write a project to start from, which runs at once."""
    from orchestrate.usecases.init import write_starter

    for path in write_starter(directory):
        typer.echo(path)
    go = "" if directory == Path() else f"cd {directory} && "
    typer.echo(f"\nRun it: {go}orchestrate backtest backtest.yaml", err=True)
