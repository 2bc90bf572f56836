"""`orchestrate schema`: what a configuration may say, for editors that complete and check while one writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a configuration."""
    from orchestrate.usecases.schema import schema_text

    text = schema_text()
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        from orchestrate.domain.errors import ConfigurationError

        raise ConfigurationError(f"{output} can't be written: {error.strerror}") from error
    print(f"written: {output}", file=sys.stderr)
