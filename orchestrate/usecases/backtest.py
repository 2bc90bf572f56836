"""Turn a configuration into a stored run: read, run, measure, judge, store, write the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from orchestrate import __version__, supervision, wiring
from orchestrate.analytics.gates import gate_problem
from orchestrate.config.resolution import Resolution
from orchestrate.data.files.bounds import require_room
from orchestrate.domain.errors import ConfigurationError, DataError, OrchestrateError, Problem, out_of_memory
from orchestrate.domain.gates import parse_gate
from orchestrate.domain.plan import Gate, RunPlan
from orchestrate.domain.results import Finding, RunResult
from orchestrate.domain.strategies.compatibility import CompatibilityReport
from orchestrate.runs.journal import Journal
from orchestrate.runs.run_logger import RunLogger, starting_lines
from orchestrate.runs.store import Claim, claim
from orchestrate.supervision import settings
from orchestrate.supervision.board import BEGUN, CLOSED, DUE, JOURNAL, board
from orchestrate.usecases.compatibility import falls_short, summary, with_returns
from orchestrate.usecases.running.stopping import Stop
from orchestrate.usecases.stored.baseline import compared
from orchestrate.usecases.validate import refusal

Document = dict[str, Any]
#: Environment variables that configure a run begin so.
_VARIABLES = "ORCHESTRATE__"
JUDGED = 1
#: The address space that the least run takes, storing it included.
_ROOM = 200_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a run: a file, and the options of the command line.

    `baseline` names the run or the file that gates compare with.
    `cache`: whether data may come from, and go to, the cache of parsed columns that `environ` leads to.
    """

    config: str
    overrides: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    baseline: str = ""
    reports: Path = Path("reports")
    time_limit: float | None = None
    lookahead: bool = True
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stored run in `folder` and its document; or an `error`, with validate's document where the input is wrong.

    `tracebacks` are those of strategies that failed.
    """

    exit_code: int
    document: Document
    folder: Path | None = None
    error: OrchestrateError | None = None
    tracebacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """When a run began: as a date, and on the clock that measures how long it takes."""

    moment: datetime
    ticks: float

    @classmethod
    def now(cls) -> Start:
        """Begin now."""
        return cls(datetime.now(UTC), time.monotonic())

    def elapsed(self) -> float:
        """Return the seconds since."""
        return time.monotonic() - self.ticks


def backtest(
    request: Request,
    progress: Callable[[int, int], None] | None = None,
    ready: Callable[[], None] | None = None,
) -> Outcome:
    """Run a request. Engines that fail, and files that can't be written, raise; wrong input is an outcome.

    `progress` and `ready` as `run` takes them.
    """
    start = Start.now()
    resolution = _resolved(request)
    plan = resolution.plan
    if plan is None:
        return _refused(request, resolution, ConfigurationError(resolution.mistakes))
    patience = settings.seconds(settings.JOURNAL_WAIT, request.environ)
    given = given_files(Path(request.config))  # now: a long run may outlive the file
    with (
        claim(request.reports, start.moment) as claimed,
        Journal(plan.logging, claimed.run_id, patience=patience, root=plan.root) as journal,
    ):
        run_logger = RunLogger(journal, plan)
        begin = partial(_started, run_logger)
        _state(journal, plan, request.reports)
        if not wiring.estimates_weights(plan):
            begin(plan)
        try:
            resolution.runnable()
            require_room(_ROOM)
            with Stop(request.time_limit) as stop:
                result = _run(request, plan, journal, progress, ready, None if run_logger.begun else begin, stop)
                stop.disarm()
                result = replace(result, findings=(*resolution.findings, *_unsupervised(), *result.findings))
                outcome = _kept(request, given, result, claimed, start, stop.reason, resolution.compatibility)
        except BaseException as error:
            refusal = _broken_off(request, resolution, run_logger, error, start)
            if refusal is None:
                raise
            return refusal
        _log_end(run_logger, result, outcome)
    return outcome


def _broken_off(
    request: Request, resolution: Resolution, run_logger: RunLogger, error: BaseException, start: Start
) -> Outcome | None:
    """Tell the journal why nothing is stored; return the outcome where the input is at fault, else None."""
    wrong = out_of_memory(error) or error
    if isinstance(wrong, ConfigurationError) and not run_logger.begun:
        return _refused(request, resolution.refused(wrong.problems), wrong)
    run_logger.failed(wrong, duration_seconds=start.elapsed())
    board().words[JOURNAL] = CLOSED
    return _refused(request, resolution, wrong) if isinstance(wrong, DataError) else None


def _log_end(run_logger: RunLogger, result: RunResult, outcome: Outcome) -> None:
    """Tell the journal that the run is stored."""
    facts = outcome.document
    run_logger.ended(
        result,
        exit_code=outcome.exit_code,
        duration_seconds=facts["duration_seconds"],
        final_equity=facts["portfolio"]["final_equity"],
    )
    board().words[JOURNAL] = CLOSED


def _state(journal: Journal, plan: RunPlan, reports: Path) -> None:
    """Tell the supervisor what it needs to write to the journal should this process end without a word."""
    facts = {"journal": str(journal.path), "run_id": journal.run_id, "user": journal.user, "reports": str(reports)}
    board().state(facts | {"several": len(plan.strategies) > 1})
    board().name(strategy.id for strategy in plan.strategies)
    board().state({"started": starting_lines(plan, None)})
    board().words[JOURNAL] = DUE


def _started(run_logger: RunLogger, plan: RunPlan) -> None:
    """Tell the journal that the run begins, with the weights of this plan."""
    run_logger.started({strategy.id: strategy.weight for strategy in plan.strategies})
    board().words[JOURNAL] = BEGUN


def _unsupervised() -> tuple[Finding, ...]:
    if supervision.possible():
        return ()
    return (Finding("info", "process", "no supervisor on this system: code that can't be broken off is not ended"),)


def _run(
    request: Request,
    plan: RunPlan,
    journal: Journal,
    progress: Callable[[int, int], None] | None,
    ready: Callable[[], None] | None,
    begin: Callable[[RunPlan], None] | None,
    stop: Stop,
) -> RunResult:
    cache = wiring.column_cache(request.environ, wanted=request.cache)
    from orchestrate.library.private_import import loaded_files
    from orchestrate.usecases.running.run import run
    from orchestrate.usecases.running.sources import named_sources

    with loaded_files() as sources:
        result = run(
            plan,
            emit=journal,
            progress=progress,
            ready=ready,
            begin=begin,
            stop=stop,
            lookahead=request.lookahead,
            cache=cache,
        )
    return replace(result, sources=named_sources(sources, plan.root))


def _kept(
    request: Request,
    given: Mapping[str, bytes],
    result: RunResult,
    claimed: Claim,
    start: Start,
    stopped: OrchestrateError | None,
    before: CompatibilityReport | None,
) -> Outcome:
    """Measure and judge `result`, and store everything.

    `before`: the compatibility of several strategies as far as it was known without a run.
    """
    from orchestrate.runs.manifest import manifest, seal
    from orchestrate.runs.reading import document, tracebacks

    figures, report = _measured(result, before)
    code = _exit_code(result, figures, stopped)
    files = _files(given, result, figures, report)
    facts = manifest(
        result,
        run_id=claimed.run_id,
        version=__version__,
        exit_code=code,
        started=start.moment,
        duration_seconds=start.elapsed(),
        journal=result.plan.logging.path,
        overrides=overrides_of(request),
        files=files,
        distributions=wiring.distributions(),
    )
    folder = claimed.keep(files | {"run.json": seal(json_bytes(facts))})
    return Outcome(code, document(facts, figures, folder), folder, tracebacks=tracebacks(facts))


def _measured(result: RunResult, before: CompatibilityReport | None) -> tuple[Document, CompatibilityReport | None]:
    """Return the figures of a run, judged by its gates, and how compatible its strategies turned out to be."""
    from orchestrate.analytics.gates import judge
    from orchestrate.analytics.summary import summarise

    figures = summarise(result)
    figures["gates"] = judge(result.plan.gates, figures)
    report = None if before is None else with_returns(before, result, figures["correlation"])
    if report is not None:
        figures["compatibility"] = summary(report, result.plan.portfolio.compatibility.require)
    return figures, report


def _files(
    given: Mapping[str, bytes], result: RunResult, figures: Document, report: CompatibilityReport | None
) -> dict[str, bytes]:
    """Return what is stored of a run, beside its manifest."""
    from orchestrate.runs.parquet import parquet_files

    return {
        **given,
        "plan.json": json_bytes(result.plan.to_dict()),
        **({} if report is None else {"compatibility.json": json_bytes({"schema_version": 1} | report.document())}),
        "metrics.json": json_bytes(figures),
        **parquet_files(result),
    }


def _exit_code(result: RunResult, figures: Document, stopped: OrchestrateError | None) -> int:
    if result.status == "interrupted" and stopped is not None:
        return stopped.exit_code
    failed = result.status in ("degraded", "failed") or bool(result.looked_ahead) or falls_short(figures)
    return JUDGED if failed or not all(gate["passed"] for gate in figures["gates"]) else 0


def _resolved(request: Request) -> Resolution:
    """Read the configuration, the gates of the command line, and the settings in the environment."""
    resolution = wiring.read_plan(request.config, request.overrides, request.data, request.environ)
    gated = _gated(resolution, request.gates)
    return _compared(gated, request).refused(settings.problems(request.environ))


def _compared(resolution: Resolution, request: Request) -> Resolution:
    """Look up the figures of the baseline for the gates that compare with one."""
    plan = resolution.plan
    if plan is None:
        return resolution
    try:
        gates = compared(plan.gates, request.baseline, request.reports)
    except ConfigurationError as error:
        return resolution.refused(error.problems)
    return replace(resolution, plan=replace(plan, gates=gates))


def _gated(resolution: Resolution, texts: tuple[str, ...]) -> Resolution:
    """Add the gates of the command line to the plan of `resolution`, or what is wrong with them to its problems."""
    gates: list[Gate] = []
    problems: list[Problem] = []
    plan = resolution.plan
    for text in texts:
        try:
            gate = parse_gate(text)
        except ValueError as error:
            problems.append(Problem("--gate", 0, 0, str(error)))
            continue
        gates.append(gate)
        frameworks = {strategy.framework for strategy in plan.strategies} if plan else set()
        ids = [one.id for one in plan.strategies] if plan else []
        wrong = gate_problem(gate, ids, sorted(frameworks), plan.benchmark) if plan else None
        if wrong:
            problems.append(Problem("--gate", 0, 0, *wrong))
    if problems:
        return resolution.refused(problems)
    return replace(resolution, plan=replace(plan, gates=(*plan.gates, *gates))) if plan else resolution


def _refused(request: Request, resolution: Resolution, error: OrchestrateError) -> Outcome:
    """Return the outcome of input that can't be run, reported as `validate` reports it."""
    return Outcome(error.exit_code, refusal(request.config, resolution, error), error=error)


def given_files(config: Path) -> dict[str, bytes]:
    """Return the configuration as it was given: `config.yaml`, and what it extends as `extends-1.yaml` and so on."""
    from orchestrate.config.document.nodes import Scalar, Table
    from orchestrate.config.document.parser import read_file

    files: dict[str, bytes] = {}
    path: Path | None = config
    while path is not None:
        files[f"extends-{len(files)}.yaml" if files else "config.yaml"] = path.read_bytes()
        node, _ = read_file(path, path.name)
        base = node.get("extends") if isinstance(node, Table) else None
        path = path.parent / str(base.value) if isinstance(base, Scalar) else None
    return files


def overrides_of(request: Request) -> Document:
    """Return what the command line and the environment override in the file."""
    variables = {name: value for name, value in sorted(request.environ.items()) if name.startswith(_VARIABLES)}
    given = {"set": list(request.overrides), "data": list(request.data), "gates": list(request.gates)}
    more = {"baseline": request.baseline, "environment": variables}
    return {name: facts for name, facts in {**given, **more}.items() if facts}


def json_bytes(content: object) -> bytes:
    return json.dumps(content, indent=2, allow_nan=False).encode("ascii") + b"\n"
