"""Are the vectorised strategies of a run honest? Their flags once more, on histories that end earlier."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from orchestrate.domain.bars import Bars
from orchestrate.domain.market import Market
from orchestrate.domain.plan import StrategyPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.stamps import label_text
from orchestrate.orchestration.asking import Asking, error_kind, error_text
from orchestrate.orchestration.lookahead import LookAheadReport, check_lookahead
from orchestrate.usecases.watchdog import StrategyTimeout, Watchdog


@dataclass(frozen=True, slots=True)
class Watched:
    """A vectorised strategy whose every call is timed, and breaks with an ordinary exception."""

    strategy: Any
    asking: Asking
    stop: Callable[[], bool] | None = None

    def __deepcopy__(self, seen: dict[int, Any]) -> Watched:
        return Watched(deepcopy(self.strategy, seen), self.asking, self.stop)

    def signals(self, bars: Bars) -> Any:
        if self.stop is not None and self.stop():
            raise TimeoutError("the run was stopped")
        try:
            with self.asking:
                return self.strategy.signals(bars)
        except StrategyTimeout as error:
            raise TimeoutError(str(error)) from None


def look_ahead_findings(
    plan: StrategyPlan,
    pair: tuple[object, object],
    market: Market,
    watchdog: Watchdog,
    stop: Callable[[], bool] | None = None,
) -> list[Finding]:
    """`pair`: the strategy as it ran, and its twin, made anew for the cuts. `stop` is asked before each cut."""
    asking = Asking(plan.id, watchdog)
    strategy, twin = (Watched(one, asking, stop) for one in pair)
    findings = []
    for symbol in plan.symbols:
        series = market.series[symbol]
        try:
            finding = look_ahead_finding(plan.id, check_lookahead(strategy, series, twin=twin), market)
        except Exception as error:
            message = (
                f"could not be checked for look-ahead on {symbol}: {error_kind(error)}: {error_text(error, asking)}"
            )
            finding = Finding("warning", f"strategies.{plan.id}", message)
        if finding is not None:
            findings.append(finding)
    return findings


def look_ahead_finding(strategy_id: str, report: LookAheadReport, market: Market) -> Finding | None:
    """What a user should know of a look-ahead check; None where there is nothing to say."""
    where = f"strategies.{strategy_id}"
    if report.first_row is not None:
        label = label_text(int(market.series[report.symbol].label[report.first_row]))
        return Finding(
            "error",
            where,
            f"looks ahead on {report.symbol}: {report.side} at {label} changes when later bars are missing",
            first=(label,),
        )
    if report.unchecked:
        cuts = ", ".join(str(cut) for cut in report.unchecked)
        message = f"could not be checked for look-ahead on {report.symbol}: it fails on its first {cuts} bars"
        return Finding("warning", where, message, count=len(report.unchecked))
    return None
