"""`orchestrate doctor`: show which packages are installed or missing, and how to get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrate.cli.options import TableFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrate.usecases.doctor import Check

UNHEALTHY: Final = 4
_STYLES: Final = {"ok": "green", "info": "dim", "warning": "yellow", "error": "bold red"}


def doctor(
    output: TableFormat = "table",
    deep: Annotated[bool, typer.Option("--deep", help="Also import the engines, which takes some seconds.")] = False,
) -> None:
    """Tell what is installed, what is missing, how to get it."""
    from dataclasses import asdict
    from pathlib import Path

    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.output import say, say_json
    from orchestrate.usecases.doctor import examine

    require_room()
    checks = examine(Path.cwd(), deep=deep)
    healthy = all(check.status != "error" for check in checks)

    if output == "json":
        rows = [asdict(check) for check in checks]
        say_json({"schema_version": 1, "healthy": healthy, "checks": rows})
    else:
        _show(checks)
        say("\nReady to run." if healthy else "\nSomething is missing; see above.")
    if not healthy:
        raise typer.Exit(UNHEALTHY)


def _show(checks: Iterable[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    from orchestrate.reporting.output import show

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for check in checks:
        detail = Text(check.detail, overflow="fold")
        if check.fix:
            detail.append(f"\n{check.fix}", style="bold")
        table.add_row(Text(check.status, style=_STYLES[check.status]), check.name, detail)
    show(table)
