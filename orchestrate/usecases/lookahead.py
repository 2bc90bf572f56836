"""Check the vectorised strategies of a run for look-ahead, and report results and coverage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.results import Coverage, Finding
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.strategies.calls import CallScope, error_kind, error_text
from orchestrate.orchestration.strategies.cuts import Acted, demanded, no_action, simulate_acted
from orchestrate.orchestration.strategies.deciders import VectorDecider
from orchestrate.orchestration.strategies.lookahead import (
    OTHER,
    CheckStopped,
    Counts,
    LookAheadReport,
    Subject,
    Verdict,
    check_lookahead,
)
from orchestrate.usecases.brackets import BracketEnds
from orchestrate.usecases.running.watchdog import Watchdog

#: The share of a run's time that the check may take beyond the bars that it always looks at.
SHARE: Final = 0.1
_NAMED: Final = 3
_FLAGS: Final = {"entries": ("enter_long", "enter_short"), "exits": ("exit_long", "exit_short")}
_MESSAGES: Final[Mapping[Verdict, tuple[Any, str]]] = {
    "looks ahead": ("error", "looks ahead on {symbol}: {side} at {label} changes when later bars are missing"),
    "not repeatable": (
        "error",
        "not repeatable on {symbol}: asked again about the same bars, {side} at {label} changes",
    ),
    "keeps state": (
        "warning",
        "not repeatable on {symbol}: asked again about the same bars, {side} at {label} changes; "
        "a new instance answers as in the run",
    ),
    "rounding": ("warning", "on {symbol}, {side} at {label} depends on rounding: it changes with the number of bars"),
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A vectorised strategy whose every call is timed, and breaks with an ordinary exception."""

    strategy: Any
    scope: CallScope
    stop: Callable[[], bool] | None = None

    def __deepcopy__(self, seen: dict[int, Any]) -> Watched:
        return Watched(deepcopy(self.strategy, seen), self.scope, self.stop)

    def signals(self, bars: Bars) -> Any:
        if self.stop is not None and self.stop():
            raise CheckStopped("the run was stopped")
        try:
            with self.scope:
                return self.strategy.signals(bars)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from None


@dataclass(frozen=True, slots=True)
class Checked:
    """A vectorised strategy that has answered: `acted` upon which flags, by symbol; `twin`: the same, made anew."""

    id: str
    strategy: object
    twin: object
    decider: VectorDecider
    acted: Mapping[str, Acted]


def simulated(decider: VectorDecider, market: Market, sizing: Sizing, rules: ExecutionRules) -> dict[str, Acted]:
    """Return by symbol the flags that a run without limits of capital acts upon, with the exits of its entries."""
    acted: dict[str, Acted] = {}
    for symbol, codes in decider.codes.items():
        ends = BracketEnds(symbol, market, decider.sized.get(symbol), sizing, rules)
        acted[symbol] = simulate_acted(np.asarray(codes), ends.closed_at if ends.has_some else None)
    return acted


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings of a check and its coverage by strategy."""

    findings: tuple[Finding, ...]
    coverage: Mapping[str, Coverage] = field(default_factory=dict)

    @property
    def accused(self) -> tuple[str, ...]:
        """The strategies that look ahead or are not repeatable."""
        grave = (one.where.removeprefix("strategies.") for one in self.findings if one.severity == "error")
        return tuple(dict.fromkeys(grave))


class Allowance:
    """Time that may be spent, shared evenly by as many checks as are still to come."""

    def __init__(self, seconds: float, checks: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._end, self._checks, self._clock = clock() + seconds, checks, clock

    def next(self) -> Callable[[], bool]:
        """Return whether the check that begins now may go on, however often it is called."""
        now = self._clock()
        end = now + (self._end - now) / max(1, self._checks)
        self._checks -= 1
        return lambda: self._clock() < end


def check_run(
    orchestrator: CrossFrameworkOrchestrator,
    twins: Mapping[str, object] | None,
    market: Market,
    watchdog: Watchdog,
    stop: Callable[[], bool] | None,
    began: float,
) -> Outcome:
    """Check the vectorised strategies of a run that `began` then.

    `twins` are second instances that have seen nothing; None where no check is wanted.
    """
    if twins is None:
        return Outcome((Finding("warning", "strategies", "not checked for look-ahead (--no-lookahead-check)"),))
    allowance = SHARE * (time.perf_counter() - began)
    acted = demanded(orchestrator.session.log.decisions, market.timeline.rows)
    vectorised = [
        Checked(
            entry.id,
            entry.strategy,
            twins[entry.id],
            entry.decider,
            {symbol: acted.get((entry.id, symbol), no_action()) for symbol in entry.symbols},
        )
        for entry in orchestrator.strategies.values()
        if isinstance(entry.decider, VectorDecider) and entry.status != "failed"
    ]
    time_left = Allowance(allowance, sum(len(checked.acted) for checked in vectorised))
    outcomes = [check_strategy(checked, market, watchdog, time_left, stop) for checked in vectorised]
    findings = tuple(finding for outcome in outcomes for finding in outcome.findings)
    return Outcome(findings, {name: one for outcome in outcomes for name, one in outcome.coverage.items()})


def check_strategy(
    checked: Checked,
    market: Market,
    watchdog: Watchdog,
    allowance: Allowance | None = None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Check one strategy on all of its symbols; without an `allowance` every flag that was acted upon.

    `stop` is called before each call of the strategy.
    """
    where = f"strategies.{checked.id}"
    findings: list[Finding] = []
    reports: list[LookAheadReport] = []
    subject = _subject(checked, market, watchdog, stop)
    for symbol in checked.decider.codes:
        try:
            report = check_lookahead(subject, symbol, allowance.next() if allowance else None)
        except (Exception, CheckStopped) as error:
            said = f"{error_kind(error)}: {error_text(error, CallScope(checked.id, watchdog))}"
            message = f"could not be checked for look-ahead on {symbol}: {said}"
            findings.append(Finding("warning", where, message))
            continue
        findings += _findings(where, report, market)
        reports.append(report)
    if not reports:
        return Outcome(tuple(findings))
    acted = _total(report.acted for report in reports)
    findings.append(_coverage(where, reports, acted, complete=len(reports) == len(checked.decider.codes)))
    covered = _total(report.covered for report in reports)
    coverage = {name: {"checked": covered[name], "acted_upon": acted[name]} for name in _FLAGS}
    return Outcome(tuple(findings), {checked.id: coverage})


def _subject(checked: Checked, market: Market, watchdog: Watchdog, stop: Callable[[], bool] | None) -> Subject:
    codes = {symbol: np.asarray(one) for symbol, one in checked.decider.codes.items()}
    scope = CallScope(checked.id, watchdog)
    strategy, twin = (Watched(one, scope, stop) for one in (checked.strategy, checked.twin))
    series = {symbol: market.series[symbol] for symbol in codes}
    return Subject(strategy, twin, series, codes, checked.acted, checked.decider.sized)


def _findings(where: str, report: LookAheadReport, market: Market) -> Iterable[Finding]:
    for seen in report.observations:
        label = label_text(int(market.series[report.symbol].timestamp[seen.row]))
        severity, message = _MESSAGES[seen.verdict]
        text = message.format(symbol=report.symbol, side=seen.side, label=label)
        yield Finding(severity, where, text, first=(label,))
    if report.unchecked:
        cuts = ", ".join(str(cut) for cut in report.unchecked[:_NAMED])
        more = f" (and at {len(report.unchecked) - _NAMED} more lengths)" if len(report.unchecked) > _NAMED else ""
        message = f"could not be checked for look-ahead on {report.symbol}: it fails on its first {cuts} bars{more}"
        yield Finding("warning", where, message, count=len(report.unchecked))


def _coverage(where: str, reports: list[LookAheadReport], acted: Mapping[str, int], *, complete: bool) -> Finding:
    """Return how much is checked in every run.

    What is checked beyond depends on time, and two runs should say the same.
    """
    checked = _total(report.checked for report in reports)
    clear = complete and all(report.honest and not report.unchecked for report in reports)
    prefix = "no look-ahead found: " if clear else ""
    least = "" if all(report.complete for report in reports) else "at least "
    flags = " and ".join(f"{checked[name]} of {acted[name]} {name}" for name in _FLAGS)
    others = sum(report.checked[OTHER] for report in reports)
    return Finding("info", where, f"{prefix}{least}{flags} checked, {others} other bars too")


def _total(counts: Iterable[Counts]) -> dict[str, int]:
    """Return how many entries and exits, of both sides and over all symbols."""
    every = list(counts)
    return {name: sum(one[side] for one in every for side in sides) for name, sides in _FLAGS.items()}
