"""The bars of a small market, as ticks, as bars that are built of these, and as runs on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from orchestrate.data.alignment import align, available_at
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.ticks.replay import last_labels, lengths_of, ticks_of
from orchestrate.domain.ticks.steps import StepBuilder, steps_of
from orchestrate.domain.ticks.tick import Tick
from orchestrate.orchestration.loop.clock import FeedClock
from tests.orchestration.loop.feed_runs import Part, buffer_for, facts


def stamped(scene: Market, lengths: dict[str, int] | None = None) -> Market:
    """The market as loading makes it: bars of one length are stamped by label, others at the moment they are known."""
    series = {
        symbol: replace(one, length=(lengths or {}).get(symbol, one.length)) for symbol, one in scene.series.items()
    }
    if len({one.length for one in series.values()}) == 1:
        series = {symbol: replace(one, available_at=one.timestamp) for symbol, one in series.items()}
    else:
        moments = {symbol: available_at(one.timestamp, one.length, "start") for symbol, one in series.items()}
        series = {symbol: replace(one, available_at=moments[symbol]) for symbol, one in series.items()}
    return Market(series, scene.instruments, align(series))


def replayed_facts(
    parts: Iterable[Part],
    scene: Market,
    rules: ExecutionRules,
    ticks: Iterable[Tick] | None = None,
    *,
    announced: bool = True,
    grace: int = 0,
    **how: Any,
) -> dict[str, Any]:
    """All that comes of a run on bars built of ticks, by default of those of the market itself."""
    builder = StepBuilder(lengths_of(scene), grace=grace, last=last_labels(scene) if announced else {})
    buffer = buffer_for(scene)
    clock = FeedClock(buffer, steps_of(ticks_of(scene) if ticks is None else ticks, builder))
    return facts(parts, buffer.market, rules, clock, **how)
