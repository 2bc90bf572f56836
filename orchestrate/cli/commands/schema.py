"""`orchestrate schema`: print the JSON Schema of a configuration, for editors that complete and check it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of a configuration."""
    from orchestrate.reporting.output import complain, say
    from orchestrate.usecases.schema import schema_text

    text = schema_text()
    if output is None:
        say(text.removesuffix("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        from orchestrate.domain.errors import ConfigurationError, OutputError

        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
        kind = OutputError if full else ConfigurationError
        raise kind(f"{output} can't be written: {error.strerror}") from None
    complain(f"written: {output}")
