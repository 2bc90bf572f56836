"""`orchestrate data`: what the reader makes of data files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrate.cli.options import NoCache, ResultFormat
from orchestrate.domain.text.printable import one_line

if TYPE_CHECKING:
    from orchestrate.usecases.inspect_data import Inspection

UNUSABLE = 3


def data(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files with bars.", show_default=False)],
    output: ResultFormat = "text",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of a data entry.", show_default=False),
    ] = None,
    no_cache: NoCache = False,
) -> None:
    """Show how data files are read, without running anything.

    Range, frequency, calendar, findings, first and last rows.
    """
    import os

    from orchestrate import wiring
    from orchestrate.data.files.bounds import require_room
    from orchestrate.reporting.output import say, say_json, terminal_width

    require_room()
    from orchestrate.usecases import inspect_data

    cache = wiring.column_cache(os.environ, wanted=not no_cache)
    inspections = [inspect_data.inspect(file, settings or (), cache) for file in files]
    if output == "json":
        say_json({"schema_version": inspect_data.SCHEMA_VERSION, "files": [item.to_dict() for item in inspections]})
    else:
        width = terminal_width()
        say("\n\n".join("\n".join(_as_text(item, width)) for item in inspections))
    if not all(item.usable for item in inspections):
        raise typer.Exit(UNUSABLE)


def _as_text(item: Inspection, width: int | None) -> list[str]:
    from orchestrate.reporting.output import wrapped

    if item.error:
        return [item.error]
    days = f", {' '.join(item.weekdays)}" if item.weekdays else ""
    lines = [
        one_line(item.file),
        f"  {item.bars} bars of {item.frequency}, {item.first} to {item.last}{days}",
        f"  {item.periods_per_year:.6g} bars a year, {item.precision} decimals",
        *_as_table(item),
    ]
    for finding in item.findings:
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        lines += wrapped(one_line(f"  {finding.severity}: {finding.message}{times}"), width, "      ")
        more = one_line(", ".join(finding.first[1:]))
        if more:
            lines.append(f"      then {more}{', …' if finding.count > len(finding.first) else ''}")
    return lines if item.findings else [*lines, "  no issues found"]


def _as_table(item: Inspection) -> list[str]:
    rows = [["", "open", "high", "low", "close", "volume"]]
    for bar in (*item.head, None, *item.tail):
        if bar is not None:
            stamp, *prices, volume = bar
            rows.append([str(stamp), *(f"{price:.{item.precision}f}" for price in prices), f"{volume:.10g}"])
        elif item.bars > len(item.head) + len(item.tail):
            rows.append(["…", *[""] * 5])
    widths = [max(len(row[place]) for row in rows) for place in range(6)]
    return [f"  {row[0].ljust(widths[0])}  {'  '.join(map(str.rjust, row[1:], widths[1:]))}".rstrip() for row in rows]
