"""`orchestrate init`: a project to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write it; made if needed.")] = Path(),
) -> None:
    """Write a project to start from, which runs at once."""
    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import complain, say
    from orchestrate.usecases.init import write_starter

    for path in write_starter(directory):
        say(one_line(path))
    go = "" if directory == Path() else f"cd {one_line(directory)} && "
    complain(f"\nRun it: {go}orchestrate backtest backtest.yaml")
