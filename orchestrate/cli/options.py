"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

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
