"""Run the sweep of a configuration: read, run every trial, choose, judge, store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrate import __version__, wiring
from orchestrate.config.resolution import Resolution
from orchestrate.domain.errors import ConfigurationError, InterruptedRunError, Problem
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.sweeps import SweepPlan
from orchestrate.runs.manifest import SCHEMA_VERSION, versions
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.partial import Partial, begin, resume
from orchestrate.supervision import settings
from orchestrate.sweep.executors.registry import place
from orchestrate.usecases.backtest import Request, Start, given_files, overrides_of
from orchestrate.usecases.running.stopping import Stop
from orchestrate.usecases.sweeping.plans import TrialIds, TrialPlans
from orchestrate.usecases.sweeping.store import Facts, Finished, document_of, fingerprint, keep, keep_returns
from orchestrate.usecases.sweeping.trials import Progress, Trials, TrialWorker, run_all
from orchestrate.usecases.sweeping.walk_forward.walk import Walk, WalkForward
from orchestrate.usecases.sweeping.workbench import Workbench

Document = dict[str, Any]
JUDGED = 1


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A request for a sweep: a file, and the options of the command line; None for what the file says.

    `on` is a place such as `local` or `ray://head:10001`. `resume` names an unfinished sweep of the same file.
    """

    config: str
    overrides: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    trials: int | None = None
    workers: int | None = None
    on: str = ""
    resume: str = ""
    reports: Path = Path("reports")
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """A stored sweep: its document, and the folder it is in."""

    exit_code: int
    document: Document
    folder: Path


def _ignore(*_: object) -> None:
    """Show nothing."""


def sweep(
    request: SweepRequest,
    progress: Callable[[Progress], None] = _ignore,
    started: Callable[[str, int, int], None] = _ignore,
) -> SweepOutcome:
    """Run every trial of the file's sweep and store what it found. What is wrong with the file or its data raises.

    `started` gets the id of the sweep, how many trials are done, and how many there are, before the next one. Ctrl-C
    raises InterruptedRunError once the trials under way are done; what is done can be resumed.
    """
    start = Start.now()
    resolution, plan = _resolved(request)
    base = resolution.runnable()
    assert resolution.tree is not None
    files = given_files(Path(request.config))
    cache = wiring.column_cache(request.environ, wanted=request.cache)
    with redirect_stdout(sys.stderr):  # what strategies print is no part of the result
        workbench = Workbench(base, cache=cache)
        data_hash, installed = workbench.market.data_hash, _versions(base)
        plans = TrialPlans(resolution.tree, base, plan.axes)
        with (
            _claimed(request, start, fingerprint(plan, base, data_hash, installed)) as partial,
            TrialJournal(partial.folder) as journal,
        ):
            trials = Trials(plan, TrialWorker(plans, workbench), TrialIds(data_hash, installed), journal)
            walk = None if plan.walk_forward is None else Walk(plan, plans, workbench, installed, partial.folder, cache)
            walked = _through(request, partial, trials, walk, progress, started)
            folder = keep_returns(partial, journal)
            done = Finished(plan, plans, trials, journal, trials.sets(), files, walked)
            figures = document_of(done)
            checks = workbench.check(plans.plan(done.best)) if done.best else ()
            facts = _facts(request, resolution, figures, start, data_hash, installed, done, checks)
            document, folder = keep(partial, folder, done, figures, facts)
    return SweepOutcome(facts.exit_code, document, folder)


def _through(
    request: SweepRequest,
    partial: Partial,
    trials: Trials,
    walk: Walk | None,
    progress: Callable[[Progress], None],
    started: Callable[[str, int, int], None],
) -> WalkForward | None:
    """Run every trial, those of a walk-forward too, and then its tests."""
    with ExitStack() as held:
        trainings = [] if walk is None else held.enter_context(walk.trainings())
        every = [trials, *(training.trials for training in trainings)]
        total = sum(one.total for one in every)
        started(partial.run_id, sum(one.done for one in every), total)
        with Stop() as stop:
            run_all(every, stop, progress)
        if not all(one.finished for one in every):
            raise InterruptedRunError(_interrupted(request, partial, sum(one.done for one in every), total))
        return None if walk is None else walk.tested(trainings)


def _resolved(request: SweepRequest) -> tuple[Resolution, SweepPlan]:
    """Read the configuration, with what the command line says in place of the file."""
    resolution = wiring.read_plan(request.config, request.overrides, request.data, request.environ)
    resolution = resolution.refused(settings.problems(request.environ))
    if resolution.plan is None:
        raise ConfigurationError(resolution.mistakes)
    if resolution.sweep is None:
        problem = Problem(request.config, 0, 0, "nothing varies", "write sweep: {parameters: {ID.PARAMETER: [5, 10]}}")
        raise ConfigurationError([problem])
    changes: dict[str, Any] = {}
    if request.trials is not None:
        changes["trials"] = request.trials
    if request.on:
        executor, address = place(request.on)
        changes |= {"executor": executor, "address": address}
    if request.workers is not None:
        changes["workers"] = request.workers
    return resolution, replace(resolution.sweep, **changes)


def _versions(base: RunPlan) -> dict[str, str]:
    """Return the versions of everything that a trial depends on."""
    distributions = wiring.distributions()
    frameworks = sorted({strategy.framework for strategy in base.strategies})
    return {"orchestrate": __version__} | versions({name: distributions.get(name, name) for name in frameworks})


def _claimed(request: SweepRequest, start: Start, fingerprint: str) -> Partial:
    """Return a new unfinished sweep, or the one to resume, which must be of the same trials."""
    if not request.resume:
        partial = begin(request.reports, start.moment)
        partial.note({"schema_version": SCHEMA_VERSION, "config": request.config, "fingerprint": fingerprint})
        return partial
    partial = resume(request.reports, request.resume)
    if partial.facts().get("fingerprint") != fingerprint:
        partial.release()
        message = f"the file, its data or what runs it has changed since sweep {partial.run_id} began"
        raise ConfigurationError([Problem("--resume", 0, 0, message, "start a new sweep")])
    return partial


def _interrupted(request: SweepRequest, partial: Partial, done: int, total: int) -> str:
    reports = "" if request.reports == Path("reports") else f" --reports {request.reports.as_posix()}"
    command = f"orchestrate sweep {request.config}{reports} --resume {partial.run_id}"
    return f"interrupted after {done} of {total} trials; to go on: {command}"


def _facts(
    request: SweepRequest,
    resolution: Resolution,
    figures: Document,
    start: Start,
    data_hash: str,
    installed: Mapping[str, str],
    done: Finished,
    checks: Sequence[Finding],
) -> Facts:
    """Return what the manifest says of a sweep; `checks` are those of the pick."""
    failed = figures["statuses"]["failed"]
    caught = any(finding.severity == "error" for finding in checks)
    passed = not caught and all(gate["passed"] for gate in figures["gates"])
    reason = done.trials.why_none  # None where one was run
    notes = [] if reason is None else [Finding("warning", "sweep", f"no trial was run: {reason}")]
    if done.best and any(strategy.kind == "signals" for strategy in done.plans.base.strategies):
        notes.append(Finding("info", "sweep", "the pick alone is checked for look-ahead; other trials are not"))
    given = Request(request.config, request.overrides, request.data, environ=request.environ)
    return Facts(
        status="degraded" if failed else "completed",
        exit_code=0 if passed and not failed else JUDGED,
        started=start.moment,
        duration_seconds=start.elapsed(),
        data_hash=data_hash,
        versions=installed,
        overrides=overrides_of(given),
        findings=(*resolution.findings, *resolution.notes, *notes, *checks, *(done.walk.findings if done.walk else ())),
    )
