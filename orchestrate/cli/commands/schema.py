"""`orchestrate schema`: print the JSON Schema of a configuration, or of what a command prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE|COMMAND",
        help="Write it there; or print the schema of what that command prints as JSON, such as backtest.",
        show_default=False,
    ),
]


def schema(output: Output = None) -> None:
    """Print the JSON Schema of a configuration, or of an output."""
    from orchestrate.domain.errors import ConfigurationError, Problem
    from orchestrate.domain.text.spelling import did_you_mean
    from orchestrate.reporting.output import json_text, say, write_text
    from orchestrate.reporting.schemas.outputs import OUTPUTS, output_schema
    from orchestrate.usecases.schema import schema_text

    if output is not None and output in OUTPUTS:
        say(json_text(output_schema(output)))
        return
    if output is not None and output == Path(output).stem:
        hint = did_you_mean(output, OUTPUTS) or "write ./NAME for a file without an ending"
        raise ConfigurationError([Problem("--output", 0, 0, f"'{output}' is no command that prints JSON", hint)])
    text = schema_text()
    if output is None:
        say(text.removesuffix("\n"))
    else:
        write_text(Path(output), text)
