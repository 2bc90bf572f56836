"""`orchestrate report`: show a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrate.cli.options import Open, Output, Reports, Tracebacks, Verbose

if TYPE_CHECKING:
    from orchestrate.reporting.formats import Detail

Run = Annotated[str, typer.Argument(metavar="[RUN]", help="An id, a unique beginning of one, or 'latest'.")]
#: The keys of `FORMATS` in reporting/formats.py, and a page.
RunFormat = Annotated[
    Literal["text", "json", "md", "csv", "html"], typer.Option("--format", help="How the run is printed.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only where the run is.")]


def report(
    run: Run = "latest",
    output: RunFormat = "text",
    file: Output = None,
    reports: Reports = Path("reports"),
    open_: Open = False,
    verbose: Verbose = False,
    traceback: Tracebacks = False,
    quiet: Quiet = False,
) -> None:
    """Show a stored run or sweep again, from what was stored alone."""
    from orchestrate.data.files.bounds import require_room

    if open_ and output != "html":
        raise typer.BadParameter("it opens pages: give --format html, too", param_hint="--open")
    require_room()
    if output == "html":
        _write_page(run, reports, file, open_=open_)
        return
    from orchestrate.reporting.formats import Detail

    _show(run, reports, output, file, Detail(verbose, traceback, quiet))


def _show(run: str, reports: Path, output: str, file: Path | None, detail: Detail) -> None:
    from orchestrate.reporting.formats import FORMATS
    from orchestrate.reporting.sweeps import formats as sweeps
    from orchestrate.usecases.stored.report import Surface, report

    report(
        run,
        reports,
        Surface(lambda stored: FORMATS[output](stored, file, detail)),
        Surface(lambda stored: sweeps.FORMATS[output](stored, file, detail), sweeps.FILES),
    )


def _write_page(run: str, reports: Path, file: Path | None, *, open_: bool) -> None:
    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import say
    from orchestrate.usecases.pages.page import report_page

    written = report_page(run, reports, file)
    say(one_line(written.as_posix()))
    if open_:
        from orchestrate.cli.browsing import show_page

        show_page(written.absolute().as_uri())
