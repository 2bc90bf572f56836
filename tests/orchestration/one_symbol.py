"""Runs of one strategy on one symbol."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import PLAIN, Part, fixed, run_harness

FLAT = [(10.0, 10.0)] * 8
RISING = [(10.0 + step, 10.0 + step) for step in range(8)]
ENTER, EXIT = Signal.enter("A"), Signal.exit("A")
SHORT = Signal.enter("A", "short")


def one(bars: Sequence[tuple[float, float]] = RISING) -> Market:
    return market_of(series("A", bars))


def quantities(strategy: object, sizing: Sizing | None = None, rules: ExecutionRules = PLAIN) -> list[float]:
    return [q for q, _ in run_harness(one(), {"s": Part(strategy, sizing=sizing or fixed(5))}, rules).fills()]
