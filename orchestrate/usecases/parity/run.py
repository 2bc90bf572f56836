"""Run the portable strategies of a file on every engine and compare; nothing is stored, no journal is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrate import wiring
from orchestrate.config.resolution import Resolution
from orchestrate.data.files.bounds import require_room
from orchestrate.domain.errors import ConfigurationError, DataError, OrchestrateError, Problem
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.supervision import settings
from orchestrate.usecases.parity.plans import natives_in, portable_plan
from orchestrate.usecases.running.stopping import Stop
from orchestrate.usecases.validate import refusal

Progress = Callable[[int, int], None]
DIFFERENT = 1


@dataclass(frozen=True, slots=True)
class Request:
    """A request to compare engines: a file, and the options of the command line.

    `cache`: whether data may come from, and go to, the cache of parsed columns that `environ` leads to.
    """

    config: str
    overrides: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    time_limit: float | None = None
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The comparison of `engines` and its document; or an `error`, with validate's document.

    `explanations` has the known properties of engines that explain a difference, by id.
    """

    exit_code: int
    document: dict[str, Any]
    engines: tuple[str, ...] = ()
    explanations: Mapping[str, str] = field(default_factory=dict)
    error: OrchestrateError | None = None


def parity(request: Request, progress: Progress | None = None, ready: Callable[[], None] | None = None) -> Outcome:
    """Compare the engines. Those that fail raise; wrong input is an outcome.

    `progress` gets the steps done, of all engines; `ready` is called before the code of any strategy is loaded.
    """
    resolution = wiring.read_plan(request.config, request.overrides, request.data, request.environ)
    resolution = _with_portables(resolution.refused(settings.problems(request.environ)), request.config)
    try:
        plan = resolution.runnable()
        require_room()
        results = _results(request, plan, progress, ready)
    except (ConfigurationError, DataError) as error:
        return _refused(request, resolution, error)
    from orchestrate.usecases.parity.comparison import compare

    report = compare(results, natives_in(plan))
    properties = wiring.engine_properties()
    document = report.document(properties)
    used = {difference["explained_by"] for difference in document["differences"]}
    known = {one.id: one.description for own in properties.values() for one in own if one.id in used}
    return Outcome(0 if report.equal else DIFFERENT, document, report.engines, known)


def _refused(request: Request, resolution: Resolution, error: OrchestrateError) -> Outcome:
    if isinstance(error, ConfigurationError) and resolution.plan is not None:
        resolution = resolution.refused(error.problems)
    return Outcome(error.exit_code, refusal(request.config, resolution, error), error=error)


def _with_portables(resolution: Resolution, file: str) -> Resolution:
    """Refuse a file without a portable strategy."""
    plan = resolution.plan
    if plan is None or len(natives_in(plan)) < len(plan.strategies):
        return resolution
    message = f"no portable strategy to compare: {', '.join(natives_in(plan))} run on their own engine alone"
    return resolution.refused([Problem(file, 0, 0, message, "see docs/strategies.md for portable ones")])


def _results(
    request: Request, plan: RunPlan, progress: Progress | None, ready: Callable[[], None] | None
) -> dict[str, RunResult]:
    """Return the run on each engine. TimeLimitError or InterruptedRunError where one can't end."""
    from orchestrate.usecases.running.run import run

    cache = wiring.column_cache(request.environ, wanted=request.cache)
    engines, results = tuple(wiring.ENGINES), {}
    with Stop(request.time_limit) as stop:
        for place, engine in enumerate(engines):
            results[engine] = run(
                portable_plan(plan, engine),
                progress=None if progress is None else _share(progress, place, len(engines)),
                ready=ready,
                stop=stop,
                lookahead=False,
                cache=cache,
            )
            if stop.reason is not None:
                raise stop.reason
    return results


def _share(progress: Progress, place: int, runs: int) -> Progress:
    """Return the progress of one of several runs of the same length."""
    return lambda done, total: progress(place * total + done, runs * total)
