"""A strategy that breaks, between two that must not be affected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import (
    Flags,
    HarnessRun,
    Part,
    Scripted,
    Stateless,
    fixed,
    run_harness,
)

BARS = [(10.0 + step, 10.5 + step) for step in range(10)]
RULES = ExecutionRules(commission=Commission(minimum=1.0))
OPEN_IN = {1: [Signal.enter("A")]}


def market() -> Market:
    return market_of(series("A", BARS), series("B", BARS))


def boom(*_: object) -> Any:
    raise RuntimeError("no such bar")


class Raising:
    """Buys 100 at bar 2, then breaks in one of its methods."""

    def __init__(self, where: str) -> None:
        self.where, self.calls = where, 0

    def on_bar(self, context: Any) -> list[Signal]:
        self.calls += 1
        if self.where == "on_bar" and self.calls == 5:
            boom()
        if self.where == "on_rejected" and self.calls == 5:
            return [Signal.exit("A"), Signal.enter("A", "short", 0.4)]
        return [Signal.enter("A")] if self.calls == 2 else []

    def on_start(self) -> None:
        if self.where == "on_start":
            boom()

    def on_fill(self, fill: object) -> None:
        if self.where == "on_fill":
            boom()

    def on_rejected(self, decision: object) -> None:
        if self.where == "on_rejected":
            boom()

    def on_stop(self) -> None:
        if self.where == "on_stop":
            boom()


def together(broken: object, *, rules: ExecutionRules = RULES, **how: Any) -> HarnessRun:
    """A broken strategy between two honest ones, on the same symbol."""
    parts = {
        "first": Part(Flags(long=[1], out=[6]), pct=30, sizing=fixed(100)),
        "broken": Part(broken, pct=30, sizing=fixed(100)),
        "last": Part(Stateless([2], [7]), pct=30, sizing=fixed(50)),
    }
    return run_harness(market(), parts, rules, **how)


def check_others_unaffected(done: HarnessRun, rules: ExecutionRules = RULES) -> None:
    alone = together(Scripted({}), rules=rules)
    for name in ("first", "last"):
        assert done.results[name].status == "completed"
        assert done.results[name].equity.tolist() == alone.results[name].equity.tolist()
        assert done.results[name].trades == alone.results[name].trades


class Nonsense:
    """`signals` that returns whatever it is given."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.answer = answer

    def signals(self, bars: Any) -> Any:
        return self.answer(len(bars))
