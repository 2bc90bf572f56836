"""`orchestrate schema`: print the JSON Schema of a configuration, for editors that complete and check it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a configuration."""
    from orchestrate.reporting.output import say, write_text
    from orchestrate.usecases.schema import schema_text

    text = schema_text()
    if output is None:
        say(text.removesuffix("\n"))
    else:
        write_text(output, text)
