"""Run a plan on paper: the backtest of bars that are still to come, with fills of its engines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from orchestrate import wiring
from orchestrate.data.feeds.receiver import Source
from orchestrate.data.loading import Loaded
from orchestrate.domain.errors import ChangedDataError, ConfigurationError, Problem
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.orchestration.loop.clock import Clock
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.usecases.live.feed import FeedSettings, LiveFeed, symbols_of
from orchestrate.usecases.running.run import run_on
from orchestrate.usecases.running.setup import Equipment, Followers


@dataclass(slots=True, kw_only=True)
class LiveEquipment(Equipment):
    """What a run is made with whose bars arrive: one plan, one feed, one run."""

    feed: LiveFeed

    def data(self, plan: RunPlan) -> Loaded:  # noqa: ARG002  # the feed is the plan's
        """Return the market that will arrive, once its first tick has."""
        return Loaded(self.feed.market(), ())

    def clock(self) -> Clock:
        """Return the clock that waits for bars."""
        return self.feed.clock()

    def stored(self, market: Market) -> Market:  # noqa: ARG002  # the feed's own
        """Return what has arrived."""
        return self.feed.stored()

    def require_unchanged(self, orchestrator: CrossFrameworkOrchestrator) -> None:
        """Raise ChangedDataError if what strategies saw is not what has arrived."""
        if not all(shown.intact for shown in orchestrator.session.runner.past.values()):
            ran = ", ".join(orchestrator.strategies)
            raise ChangedDataError(f"the bars were changed during the run, by one of the strategies that ran: {ran}")


def paper(
    plan: RunPlan,
    source: Source,
    settings: FeedSettings,
    *,
    seconds: float | None = None,
    followers: Followers | None = None,
    now: Callable[[], int] = time.time_ns,
    clock: Callable[[], float] = time.monotonic,
) -> RunResult:
    """Run the plan on ticks of `source` until it is over, `seconds` have passed by `clock`, or the followers stop it.

    Weights are those of the plan, and vectorised strategies are not checked for look-ahead: there is nothing ahead.
    DataError where no tick comes, or no bar of a symbol.
    """
    _require_possible(plan)
    followers = followers or Followers()
    end = None if seconds is None else clock() + seconds

    def stop() -> bool:
        return (end is not None and clock() >= end) or (followers.stop is not None and followers.stop())

    plan = replace(plan, start="", end="")
    with LiveFeed(source, plan, settings, now=now, stop=stop) as feed:
        result = run_on(LiveEquipment(feed=feed), plan, followers)
    return replace(result, findings=(*result.findings, *feed.findings()))


def _require_possible(plan: RunPlan) -> None:
    """ConfigurationError for what only stored bars can do."""
    problems = [Problem(where, 0, 0, f"{what} in a live run yet") for where, what in _impossible(plan)]
    if not symbols_of(plan):
        problems.append(Problem("strategies", 0, 0, "a live run needs symbols", "write 'symbols: [EURUSD]' at each"))
    if problems:
        raise ConfigurationError(problems)


def _impossible(plan: RunPlan) -> Iterator[tuple[str, str]]:
    """Yield where a plan needs what is known of stored bars alone, and what that is."""
    for symbol, entry in plan.data.items():
        if entry.resample is not None:
            yield f"data.{symbol}", "a resampled series is not supported"
    for symbol in plan.chains:
        yield f"options.{symbol}", "a chain of options is not supported"
    for symbol, instrument in plan.instruments.items():
        if instrument.fx:
            yield f"instruments.{symbol}.fx", "another currency than the capital's is not supported"
        if instrument.expiry:
            yield f"instruments.{symbol}.expiry", "a settlement is not supported"
    if wiring.estimates_weights(plan):
        yield "portfolio.allocation", "weights from the returns before 'start' are not supported"
