"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override a value in the file.", show_default=False)
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read text files anew; neither read nor write the cache of parsed columns.")
]
DataPaths = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="SYMBOL=PATH", help="Where a symbol's bars are.", show_default=False),
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", min=0.0, help="Stop after this long.", show_default=False),
]
ResultFormat = Annotated[Literal["text", "json"], typer.Option("--format", help="How the result is printed.")]
TableFormat = Annotated[Literal["table", "json"], typer.Option("--format", help="A table, or one JSON document.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.", show_default=False)
]
Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]
Reports = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Where runs are kept.")]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Where relative paths of the plan begin, if not where they did.",
        show_default=False,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show all there is: every finding, reason, position.")]
Tracebacks = Annotated[bool, typer.Option("--traceback", help="Show the tracebacks of strategies that failed, too.")]
RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="An id, a unique beginning of one, or 'latest'.", show_default=False)
]
