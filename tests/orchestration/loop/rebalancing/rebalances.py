"""Runs with rebalancing as lines: fills as they came, and the journal's entry of each rebalance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from orchestrate.domain.events import CapitalRebalancedEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries, Market, Timeline
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.portfolio import Period, PortfolioPlan, RebalancePlan
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.orders.ports import OrchestrationPort
from orchestrate.runs.journal_format import LINES
from tests.engines.builders import market_of
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import PLAIN, HarnessRun, Part, prepare, run_harness

ENGINES: Mapping[str, type] = {
    "in_memory": InMemoryAdapter,
    "backtrader": BacktraderOrchestrationAdapter,
    "nautilus": NautilusOrchestrationAdapter,
}


def engines(*names: str) -> dict[str, OrchestrationPort]:
    """New engines of these names."""
    return {name: ENGINES[name]() for name in names}


def dated(*all_series: BarSeries, **kinds: Instrument) -> Market:
    """A market whose steps have the labels of their bars."""
    plain = market_of(*all_series, **kinds)
    labels = np.max(
        [
            np.where(plain.timeline.rows[one.symbol] >= 0, one.timestamp[plain.timeline.rows[one.symbol]], 0)
            for one in all_series
        ],
        axis=0,
    )
    return replace(plain, timeline=Timeline(plain.timeline.stamps, labels, plain.timeline.rows))


def rebalancing(
    every: Period | None = None, threshold: str | None = None, *, top_up: bool = True, **more: Any
) -> PortfolioPlan:
    """A plan of the portfolio."""
    return PortfolioPlan(
        rebalance=RebalancePlan(None if threshold is None else Decimal(threshold), every, top_up), **more
    )


def run(
    stage: Market, parts: Mapping[str, Part], plan: PortfolioPlan, rules: ExecutionRules = PLAIN, **how: Any
) -> HarnessRun:
    """A whole run, of which every entry in the books has been reconciled."""
    if "adapters" not in how:
        how["adapters"] = engines(*dict.fromkeys(part.framework for part in parts.values()))
    return run_harness(stage, parts, rules, portfolio=plan, **how)


def walk(
    stage: Market,
    parts: Mapping[str, Part],
    plan: PortfolioPlan,
    actions: Mapping[int, Callable[[CrossFrameworkOrchestrator], object]],
    rules: ExecutionRules = PLAIN,
    **how: Any,
) -> HarnessRun:
    """A dense run in which somebody acts before some of the steps."""
    frameworks = tuple(dict.fromkeys(part.framework for part in parts.values()))
    done = prepare(parts, portfolio=plan, adapters=engines(*frameworks), full=frameworks, **how)
    orchestrator = done.orchestrator
    orchestrator.begin(stage, rules)
    for event in orchestrator.clock():
        if event.step in actions:
            actions[event.step](orchestrator)
        orchestrator.step(event)
    orchestrator.finish()
    orchestrator.end()
    return done


def trades(done: HarnessRun) -> list[tuple[int, str, str, float, float, bool]]:
    """(bar, strategy, symbol, quantity, price, does it belong to a rebalance) of every fill, by bar and strategy."""
    steps = {label: step for step, label in enumerate(done.orchestrator._market.timeline.labels.tolist())}
    closed = [
        (
            steps[record.t],
            record.fill.strategy_id,
            record.fill.symbol,
            record.fill.quantity,
            record.fill.price,
            record.reason is Reason.REBALANCE,
        )
        for record in done.orchestrator.fills
    ]
    return sorted(closed, key=lambda trade: trade[:2])


def journal(done: HarnessRun) -> list[dict[str, Any]]:
    """What the journal says of rebalances, in floats."""
    lines = [LINES[CapitalRebalancedEvent](event) for event in done.of(CapitalRebalancedEvent)]
    return [_plain(line.facts) for line in lines if line is not None]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def line(why: str, bar_date: str, before: Mapping[str, float], after: Mapping[str, float], *reserve: float) -> Any:
    """A line of the journal as it should be; `reserve` is before and after."""
    before_it, after_it = reserve or (0.0, 0.0)
    return {
        "before": before,
        "after": after,
        "reserve": {"before": before_it, "after": after_it},
        "why": why,
        "bar_date": bar_date,
    }
