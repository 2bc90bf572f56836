"""Runs in which all strategies share one account; what must hold is checked after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate import wiring
from orchestrate.domain.events import OrderFilledEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Flags, HarnessRun, Part, prepare

ENGINES: Mapping[str, Callable[[], OrchestrationPort]] = {
    "in_memory": InMemoryAdapter,
    "backtrader": lambda: wiring.build_adapter("backtrader", {}),
    "nautilus": lambda: wiring.build_adapter("nautilus", {}),
}
#: The engines of three strategies: each alone, and mixed.
MIXES = {
    "in_memory": ("in_memory",) * 3,
    "backtrader": ("backtrader",) * 3,
    "nautilus": ("nautilus",) * 3,
    "mixed": ("backtrader", "nautilus", "backtrader"),
}
BARS = 14


def pooled(stage: Market, parts: Mapping[str, Part], rules: ExecutionRules, full: Iterable[str] = ()) -> HarnessRun:
    """A whole run; after each step the sum of cash, the allocations and the rooms of new positions are checked."""
    adapters = {name: ENGINES[name]() for name in dict.fromkeys(part.framework for part in parts.values())}
    harness_run = prepare(parts, adapters=adapters, pooled=True, full=full)
    orchestrator = harness_run.orchestrator
    orchestrator.begin(stage, rules)
    try:
        for event in orchestrator.clock():
            known = len(harness_run.events)
            orchestrator.step(event)
            _check_cash(harness_run)
            _check_allocations(harness_run)
            _check_rooms(harness_run, harness_run.events[known:], rules)
        orchestrator.finish()
    finally:
        orchestrator.end()
    return harness_run


def _check_cash(harness_run: HarnessRun) -> None:
    orchestrator = harness_run.orchestrator
    books = [entry.book.cash for entry in orchestrator.strategies.values()]
    assert sum(books) + orchestrator.capital_manager.reserve.cash >= -1e-6


def _check_allocations(harness_run: HarnessRun) -> None:
    """Used + reserved + available = allocated = weight × equity; nothing is available where more is in use."""
    orchestrator, marks = harness_run.orchestrator, harness_run.orchestrator.session.marks
    blotter = orchestrator.session.blotter
    worth = orchestrator.capital_manager.reserve.cash + sum(
        entry.book.equity(marks) for entry in orchestrator.strategies.values()
    )
    for name, entry in orchestrator.strategies.items():
        allocation = orchestrator.capital_manager.allocation(name, marks)
        assert allocation == orchestrator.session.runner.views[name].allocation()
        allocated, in_use = (
            float(allocation.allocated_capital),
            float(allocation.used_capital) + float(allocation.reserved_capital),
        )
        assert allocated == pytest.approx(float(entry.allocation.target_pct) / 100 * worth)
        assert allocation.used_capital == sum(
            abs(held.quantity) * held.average_price for held in entry.book.positions.values()
        )
        assert allocation.reserved_capital == pytest.approx(sum(order.reserve for order in blotter.pending(name)))
        if in_use > allocated:
            assert allocation.available_capital == 0.0
        else:
            assert in_use + float(allocation.available_capital) == pytest.approx(allocated, abs=1e-6)


def _check_rooms(harness_run: HarnessRun, events: list[Any], rules: ExecutionRules) -> None:
    orchestrator = harness_run.orchestrator
    books = {name: entry.book for name, entry in orchestrator.strategies.items()}
    reserve, marks = orchestrator.capital_manager.reserve.cash, orchestrator.session.marks
    prices = marks if rules.fill == "close" else marks.opens
    fills = [event.fill for event in events if isinstance(event, OrderFilledEvent)]
    fees = sum(fill.fee for fill in fills)
    for name in {fill.strategy_id for fill in fills if fill.quantity > 0}:
        worth = reserve + sum(book.equity(prices) for book in books.values())
        share = float(orchestrator.strategies[name].allocation.target_pct) / 100
        assert books[name].used <= share * worth + fees + 1e-6


@dataclass(frozen=True)
class Scenario:
    """Three strategies that buy and sell at random on two random walks; long only."""

    prices: Mapping[str, list[tuple[float, float]]]
    weights: Mapping[str, int]
    sizes: Mapping[str, Sizing]
    entries: Mapping[str, list[int]]
    exits: Mapping[str, list[int]]

    @classmethod
    def of(cls, seed: int, reserve: int = 0) -> Scenario:
        random = np.random.default_rng(seed)
        walks = np.round(10.0 * np.exp(np.cumsum(random.normal(0.0, 0.15, size=(2, 2 * BARS)), axis=1)), 2)
        weights = {"a": 30 - reserve, "b": 30 - reserve, "c": 40 - reserve}

        def bars() -> list[int]:
            return sorted(int(bar) for bar in random.choice(BARS, 5, replace=False))

        return cls(
            {
                name: [(float(walk[2 * bar]), float(walk[2 * bar + 1])) for bar in range(BARS)]
                for name, walk in zip("AB", walks, strict=True)
            },
            weights,
            {name: _size(random) for name in weights},
            {name: bars() for name in weights},
            {name: bars() for name in weights},
        )

    def run(self, rules: ExecutionRules, engines: tuple[str, str, str], full: Iterable[str] = ()) -> HarnessRun:
        stage = market_of(*(series(name, bars) for name, bars in self.prices.items()))
        parts = {
            name: Part(
                Flags(self.entries[name], self.exits[name]),
                ("A", "B"),
                weight,
                self.sizes[name],
                framework=engine,
            )
            for (name, weight), engine in zip(self.weights.items(), engines, strict=True)
        }
        return pooled(stage, parts, rules, full)


def _size(random: np.random.Generator) -> Sizing:
    if random.random() < 0.5:
        return Sizing("percent", Decimal(int(random.integers(40, 101))))
    return Sizing("fixed", Decimal(int(random.integers(500, 9_000))))
