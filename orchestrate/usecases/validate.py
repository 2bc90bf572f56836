"""Validate a configuration; with `deep`, load its data and check strategies for look-ahead."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrate import wiring
from orchestrate.config.resolution import Resolution
from orchestrate.data.files.bounds import require_room
from orchestrate.domain.errors import DataError, OrchestrateError, Problem, UserInterrupt, gravest
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.results import Finding
from orchestrate.supervision import settings
from orchestrate.usecases import compatibility

if TYPE_CHECKING:
    from orchestrate.data.files.cache import ColumnCache
    from orchestrate.domain.market.timeline import Market
    from orchestrate.usecases.lookahead import Outcome
    from orchestrate.usecases.running.watchdog import Watchdog

SCHEMA_VERSION: Final = 1
JUDGED: Final = 1


@dataclass(frozen=True, slots=True)
class Validation:
    """What is known of one file. `looked_ahead` are strategies whose past changes when later bars are missing.

    `incompatible`: by what they do, the strategies are less compatible than the file requires.
    """

    file: str
    resolution: Resolution
    findings: tuple[Finding, ...]
    looked_ahead: tuple[str, ...] = ()
    unusable: bool = False
    incompatible: bool = False

    @property
    def exit_code(self) -> int:
        """The exit code for this file alone (docs/reference/command-line.md)."""
        if self.resolution.exit_code:
            return self.resolution.exit_code
        if self.unusable:
            return DataError.exit_code
        return JUDGED if self.looked_ahead or self.incompatible else 0


def validate(
    file: str,
    *,
    overrides: Sequence[str] = (),
    data: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    deep: bool = False,
    cache: bool = True,
    ready: Callable[[], None] | None = None,
) -> Validation:
    """Return everything that can be said of `file`; `deep` loads its data and checks its strategies for look-ahead.

    `cache`: whether data may come from, and go to, the cache of parsed columns that `environ` leads to. `ready` is
    called before the code of any strategy is loaded.
    """
    resolution = wiring.read_plan(file, overrides, data, environ).refused(settings.problems(environ or {}))
    if not deep or resolution.exit_code or resolution.plan is None or not resolution.plan.data:
        known = (*resolution.findings, *_known_compatibility(resolution), *_of_sweep(resolution))
        return Validation(file, resolution, known)
    try:
        require_room()
    except DataError as error:
        return _unusable(file, resolution, error)
    with redirect_stdout(sys.stderr):  # what strategies print is no part of the result
        return _deep(file, resolution, resolution.plan, wiring.column_cache(environ or {}, wanted=cache), ready)


def _known_compatibility(resolution: Resolution) -> tuple[Finding, ...]:
    """Return the findings about all strategies together that need no data."""
    return () if resolution.compatibility is None else compatibility.findings(resolution.compatibility)


def _of_sweep(resolution: Resolution) -> tuple[Finding, ...]:
    """Return how many trials the file's sweep has, and notes about it."""
    if resolution.sweep is None:
        return ()
    from orchestrate.sweep.points import extent

    return (*resolution.notes, Finding("info", "sweep", extent(resolution.sweep)))


def _deep(
    file: str, resolution: Resolution, plan: RunPlan, cache: ColumnCache | None, ready: Callable[[], None] | None
) -> Validation:
    from orchestrate.data.loading import load_market
    from orchestrate.usecases.running.stopping import interrupts
    from orchestrate.usecases.running.watchdog import Watchdog

    try:
        market, data_findings = load_market(plan, cache=cache)
    except DataError as error:
        return _unusable(file, resolution, error)
    findings = [*resolution.findings, *_of_sweep(resolution), *data_findings, *_unclosed(plan, market)]
    unusable = any(finding.severity == "error" for finding in data_findings)
    caught: list[str] = []
    if ready is not None:
        ready()
    watchdog = Watchdog(plan.execution.strategy_timeout)
    with interrupts(), watchdog.armed():
        for strategy in plan.strategies:
            if strategy.kind == "signals":
                checked = _look_ahead(strategy, plan, market, watchdog)
                findings += checked.findings
                caught += checked.accused
    incompatible = False
    if resolution.compatibility is not None and not unusable:
        report = compatibility.measured(plan, resolution.compatibility, cache)
        findings += compatibility.findings(report)
        incompatible = report.score < plan.portfolio.compatibility.require
    return Validation(file, resolution, tuple(findings), tuple(dict.fromkeys(caught)), unusable, incompatible)


def _unusable(file: str, resolution: Resolution, error: DataError) -> Validation:
    message = f"{error.message}; {error.hint}" if error.hint else error.message
    finding = Finding("error", error.where or "data", message)
    return Validation(file, resolution, (*resolution.findings, finding), unusable=True)


def _unclosed(plan: RunPlan, market: Market) -> list[Finding]:
    from orchestrate.data.files.freshness import unclosed_by_age

    entries = ((entry, market.series[symbol]) for symbol, entry in plan.data.items())
    notes = (unclosed_by_age(entry, plan.root, series.timestamp, series.length) for entry, series in entries)
    return [finding for finding in notes if finding]


def _look_ahead(strategy: StrategyPlan, plan: RunPlan, market: Market, watchdog: Watchdog) -> Outcome:
    """Check every flag that a run without limits of capital acts upon; it is called as at the beginning of a run."""
    from orchestrate.orchestration.strategies.calls import CallScope, error_kind, error_text
    from orchestrate.orchestration.strategies.deciders import VectorDecider
    from orchestrate.usecases.lookahead import Checked, Outcome, check_strategy, simulated

    scope = CallScope(strategy.id, watchdog)
    try:
        with scope:
            instances: list[Any] = [
                wiring.load(wiring.describe(strategy.reference, plan.root), strategy.config) for _ in range(2)
            ]
        with scope:
            decider = VectorDecider(instances[0], {symbol: market.series[symbol] for symbol in strategy.symbols})
            decider.start()
    except UserInterrupt:
        raise
    except BaseException as error:
        symbols = ", ".join(strategy.symbols)
        text = f"{error_kind(error)}: {error_text(error, scope)}"
        message = f"could not be checked for look-ahead on {symbols}: {text}"
        return Outcome((Finding("warning", f"strategies.{strategy.id}", message),))
    acted = simulated(decider, market, strategy.sizing, plan.execution)
    checked = Checked(strategy.id, instances[0], instances[1], decider, acted)
    outcome = check_strategy(checked, market, watchdog)
    gc.collect(0)  # as at the end of a run: files that strategies left open are flushed, then closed
    return outcome


def document(validation: Validation) -> dict[str, object]:
    """Return the JSON document for one file (docs/reference/command-line.md)."""
    resolution = validation.resolution
    return {
        "schema_version": SCHEMA_VERSION,
        "valid": validation.exit_code == 0,
        "mode": resolution.mode,
        "errors": [_error(problem) for problem in resolution.mistakes],
        "findings": [finding.document() for finding in validation.findings],
        "plan": resolution.plan.to_dict() if resolution.plan is not None else None,
    }


def refusal(file: str, resolution: Resolution, error: OrchestrateError) -> dict[str, object]:
    """Return the document for a file that can't be run, with what is wrong with its data as a finding."""
    findings = resolution.findings
    unusable = isinstance(error, DataError)
    if isinstance(error, DataError) and not resolution.missing:
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        findings = (*findings, Finding("error", error.where or "data", message))
    return document(Validation(file, resolution, findings, unusable=unusable))


def _error(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def documents(validations: Sequence[Validation]) -> dict[str, object]:
    """Return the document of one file; of several, one that holds theirs, each with the name of its `file`."""
    if len(validations) == 1:
        return document(validations[0])
    return {
        "schema_version": SCHEMA_VERSION,
        "valid": all(validation.exit_code == 0 for validation in validations),
        "files": [{"file": validation.file, **document(validation)} for validation in validations],
    }


def exit_code(validations: Sequence[Validation]) -> int:
    """Return the gravest of all: a wrong configuration (2), then data (3), then look-ahead (1)."""
    return gravest(validation.exit_code for validation in validations)
