"""`orchestrate backtest`: run a configuration and leave a run behind that can be judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from orchestrate.cli.failures import failures_shown
from orchestrate.cli.options import DataPaths, NoCache, Reports, Settings, TimeLimit, Tracebacks, Verbose

if TYPE_CHECKING:
    from orchestrate.reporting.ci.notes import Note
    from orchestrate.usecases.backtest import Outcome, Request

#: Beside text and json, the keys of `RUN_FORMATS` in reporting/ci/formats.py.
RunFormat = Annotated[
    Literal["text", "json", "junit", "github"], typer.Option("--format", help="How the result is printed.")
]
Config = Annotated[str, typer.Argument(metavar="CONFIG", help="The configuration to run.", show_default=False)]
Gates = Annotated[
    list[str] | None,
    typer.Option("--gate", metavar="GATE", help="Require, such as 'sharpe >= 1'.", show_default=False),
]
Baseline = Annotated[
    str, typer.Option("--baseline", metavar="RUN|FILE", help="What gates with 'baseline' compare with.")
]
NoLookaheadCheck = Annotated[
    bool, typer.Option("--no-lookahead-check", help="Don't check vectorised strategies for look-ahead.")
]
Report = Annotated[bool, typer.Option("--report", help="Write the run's page, and the index of all runs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; print only where the run is.")]


def backtest(
    config: Config,
    settings: Settings = None,
    data: DataPaths = None,
    gates: Gates = None,
    baseline: Baseline = "",
    output: RunFormat = "text",
    reports: Reports = Path("reports"),
    time_limit: TimeLimit = None,
    no_lookahead_check: NoLookaheadCheck = False,
    no_cache: NoCache = False,
    quiet: Quiet = False,
    report: Report = False,
    verbose: Verbose = False,
    traceback: Tracebacks = False,
) -> None:
    """Run a configuration, store the run, and judge it by its gates."""
    import os

    from orchestrate.usecases.backtest import Request

    request = Request(
        config,
        overrides=tuple(settings or ()),
        data=tuple(data or ()),
        gates=tuple(gates or ()),
        baseline=baseline,
        reports=reports,
        time_limit=time_limit,
        lookahead=not no_lookahead_check,
        cache=not no_cache,
        environ=os.environ,
    )
    outcome = _run(request, output, quiet=quiet)
    _print(outcome, config, output, Detail(quiet, verbose, traceback))
    if report and outcome.folder is not None:
        _write_page(outcome.folder, reports, is_alone=output == "text")
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _run(request: Request, output: RunFormat, *, quiet: bool) -> Outcome:
    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.reporting.progress import progress_bar
    from orchestrate.usecases.backtest import backtest

    name = Path(request.config).name
    shown = failures_shown(request.config, _refusal(request.config, output))
    with shown, results_only(), progress_bar(name, wanted=not quiet) as progress:
        return backtest(request, progress, started_up)


def _refusal(config: str, output: RunFormat) -> Callable[[Sequence[Note]], None] | None:
    """Return how the format shows why there is no run; None for formats that don't."""
    if output in ("text", "json"):
        return None
    from orchestrate.reporting.ci.formats import RUN_FORMATS, Result

    return lambda notes: RUN_FORMATS[output](Result(config, None, notes))


def _to_ci(outcome: Outcome, config: str, output: RunFormat) -> None:
    from orchestrate.reporting.ci.formats import RUN_FORMATS, Result
    from orchestrate.reporting.ci.notes import of_validation

    if outcome.error is None:
        result = Result.of_run(config, outcome.document)
    else:
        result = Result(config, None, of_validation(outcome.document, config))
    RUN_FORMATS[output](result)


class Detail(NamedTuple):
    """How much is printed of a run."""

    quiet: bool
    verbose: bool
    traceback: bool


def _print(outcome: Outcome, config: str, output: RunFormat, detail: Detail) -> None:
    """Print the outcome: results on stdout, what was wrong on stderr; raise the error of a run that never began."""
    if output == "json":
        from orchestrate.reporting.output import say_json

        say_json(outcome.document)
    elif output != "text":
        _to_ci(outcome, config, output)
    if outcome.error is not None:
        raise outcome.error
    if output == "text":
        _show(outcome, detail)
    _explain(outcome.document, in_full=detail.quiet or output != "text")


def _write_page(folder: Path, reports: Path, *, is_alone: bool) -> None:
    """Write the page of a run; its path is a result unless stdout is for a document."""
    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import complain, say
    from orchestrate.usecases.pages.page import report_page

    path = one_line(report_page(folder.name, reports).as_posix())
    if is_alone:
        say(path)
    else:
        complain(path)


def _show(outcome: Outcome, detail: Detail) -> None:
    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import say

    if detail.quiet:
        say(one_line(outcome.document["paths"]["run"]))
        return
    from orchestrate.reporting.text.summary import show

    show(outcome.document, verbose=detail.verbose, tracebacks=outcome.tracebacks if detail.traceback else {})


def _explain(document: dict[str, Any], *, in_full: bool) -> None:
    """Print what ended the run before its end, and `in_full` all that the summary shows of why its code is not 0."""
    from orchestrate.reporting.output import complain
    from orchestrate.reporting.text.reasons import end_of, reasons

    for line in end_of(document):
        complain(line)
    if in_full:
        for line in reasons(document):
            complain(line)
