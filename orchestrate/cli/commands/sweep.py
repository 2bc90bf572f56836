"""`orchestrate sweep`: run every trial of a sweep, or show one of a stored sweep as a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrate.cli.options import DataPaths, NoCache, Reports, ResultFormat, Settings

if TYPE_CHECKING:
    from orchestrate.usecases.sweeping.sweep import SweepOutcome, SweepRequest

_SHOW = "show"
Words = Annotated[
    list[str],
    typer.Argument(metavar="FILE | show RUN", help="The configuration to vary; or a stored sweep.", show_default=False),
]
Trials = Annotated[
    int | None, typer.Option("--trials", metavar="N", min=1, help="Draw so many points.", show_default=False)
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, help="So many processes.", show_default=False)
]
On = Annotated[str, typer.Option("--on", metavar="PLACE", help="local, ray or ray://HOST:PORT.", show_default=False)]
Resume = Annotated[
    str, typer.Option("--resume", metavar="RUN", help="Go on with an unfinished sweep: its id, or 'latest'.")
]
Trial = Annotated[
    int | None, typer.Option("--trial", metavar="K", min=0, help="show: this trial; else the best.", show_default=False)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; print only where the sweep is.")]


def sweep(
    words: Words,
    settings: Settings = None,
    data: DataPaths = None,
    trials: Trials = None,
    workers: Workers = None,
    on: On = "",
    resume: Resume = "",
    trial: Trial = None,
    output: ResultFormat = "text",
    reports: Reports = Path("reports"),
    no_cache: NoCache = False,
    quiet: Quiet = False,
) -> None:
    """Run the variants of a configuration, or show one of them."""
    import os

    if words[0] == _SHOW:
        _show(words[1:], trial, reports)
        return
    if len(words) > 1:
        raise typer.BadParameter(f"one file at a time, not {len(words)}", param_hint="FILE")
    from orchestrate.usecases.sweeping.sweep import SweepRequest

    request = SweepRequest(
        words[0],
        overrides=tuple(settings or ()),
        data=tuple(data or ()),
        trials=trials,
        workers=workers,
        on=on,
        resume=resume,
        reports=reports,
        cache=not no_cache,
        environ=os.environ,
    )
    outcome = _run(request, quiet=quiet)
    _print(outcome, output, quiet=quiet)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _show(words: list[str], trial: int | None, reports: Path) -> None:
    from orchestrate.reporting.output import say_table
    from orchestrate.usecases.sweeping.show import trial_configuration

    if len(words) != 1:
        raise typer.BadParameter("name one stored sweep", param_hint="show RUN")
    say_table(trial_configuration(reports, words[0], trial))


def _run(request: SweepRequest, *, quiet: bool) -> SweepOutcome:
    from orchestrate.cli.process import started_up
    from orchestrate.cli.streams import results_only
    from orchestrate.reporting.output import complain
    from orchestrate.reporting.progress import sweep_bar
    from orchestrate.usecases.sweeping.sweep import sweep

    def begun(run_id: str, done: int, total: int) -> None:
        started_up()
        known = f", {done} of them done before" if done else ""
        complain(f"sweep {run_id}: {total} trials{known}")

    with results_only(), sweep_bar(Path(request.config).name, wanted=not quiet) as progress:
        return sweep(request, progress, begun)


def _print(outcome: SweepOutcome, output: str, *, quiet: bool) -> None:
    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import complain, say, say_json

    if output == "json":
        say_json(outcome.document)
    elif quiet:
        say(one_line(outcome.folder.as_posix()))
    else:
        from orchestrate.reporting.sweeps.text import show

        show(outcome.document)
    for finding in outcome.document["findings"]:
        if finding["where"] == "sweep" and finding["severity"] == "warning":
            complain(one_line(f"warning: {finding['message']}"))
    for gate in outcome.document["gates"]:
        if not gate["passed"]:
            complain(f"gate failed: {gate['gate']} (value: {gate['value']})")
