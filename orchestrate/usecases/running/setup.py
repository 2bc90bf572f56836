"""A run that is about to begin, and whom it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.plan import RunPlan
from orchestrate.engines.stopwatch import Stopwatch
from orchestrate.orchestration.loop.cross_framework import Progress
from orchestrate.usecases.running.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Followers:
    """Whom a run calls as it goes on: with each event, after each step, and before each step, to ask for its end."""

    emit: Callable[[DomainEvent], None] | None
    progress: Progress | None
    stop: Callable[[], bool] | None


@dataclass(frozen=True, slots=True)
class Setup:
    """A run about to begin, with data, engines and weights in force; `began` is the time of its call.

    `root` is the folder of the configuration, absolute: a strategy may change the one that a path starts from.
    """

    plan: RunPlan
    market: Market
    engines: Mapping[str, Stopwatch]
    watchdog: Watchdog
    followers: Followers
    began: float
    root: Path
