"""The worst cost of a step's decisions: coordination, allocation, and going from one engine to the other."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np

from bench.goals import STEP, Ledger
from bench.scenes import ours
from bench.scenes.scene import Scene
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Order, Reason, StrategyCommand
from orchestrate.domain.strategies.protocols import Side, Signal
from orchestrate.orchestration.loop.session import Settled
from orchestrate.orchestration.orders.ports import StrategySeat
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.usecases.running.watchdog import Watchdog
from orchestrate.wiring import build_adapter

TIMES = 2_000
RULES = ExecutionRules(commission=Commission(percent=0.1))


def taken(work: Callable[[int], object], after: Callable[[], object] = lambda: None) -> tuple[float, float]:
    """Microseconds of CPU at the median and at the 99th percentile; `after` isn't counted."""
    for warm in range(50):
        work(warm)
        after()
    gc.collect()
    times = []
    for turn in range(50, 50 + TIMES):
        started = time.process_time_ns()
        work(turn)
        times.append(time.process_time_ns() - started)
        after()
    p50, p99 = np.percentile(times, (50, 99)).tolist()
    return p50 / 1000, p99 / 1000


def report(ledger: Ledger, what: str, reached: tuple[float, float]) -> None:
    p50, p99 = reached
    ledger.reached(STEP, f"{what}, p99", p99, f"at the median {p50:.0f} µs")
    ledger.report(f"step: {what}", f"{what}: p99 {p99:.1f} µs, median {p50:.1f} µs")


class Eager:
    """A strategy that enters at every bar, on one side."""

    def __init__(self, side: Side = "long") -> None:
        self.side = side

    def on_bar(self, context):
        return Signal.enter("S0", self.side, quantity=9)


def coordination(policy: str, sides: Sequence[Side]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Call five strategies that all demand the same symbol, and settle their demands by a policy.

    Return what all of that takes, and the part from their intents to recorded decisions.
    """
    scene = Scene(2_520, 1, 5)
    stage, run = ours.market_of(scene), ours.orchestrator(scene, ("backtrader",), "on_demand", "on_bar", Watchdog(5.0))
    run.coordinator = StrategyCoordinator(CONFLICT_POLICIES[policy].settle)
    for entry, side in zip(run.strategies.values(), sides, strict=True):
        entry.strategy = Eager(side)
    run.begin(stage, RULES)
    session, opposite = run.session, len(set(sides)) > 1
    coordinate, alone = session.coordinate, list[int]()

    def timed(intents: list[Intent]) -> list[Settled]:
        started = time.process_time_ns()
        settled = coordinate(intents)
        alone.append(time.process_time_ns() - started)
        return settled

    session.coordinate = timed

    def take_back() -> None:
        assert opposite or len(session.blotter.where(lambda _: True)) == 5
        session.orders.cancel(lambda _: True, Reason.NONE)

    reached = taken(lambda step: run.coordinate_execution(stage.timeline.event(step)), take_back)
    run.end()
    p50, p99 = np.percentile(alone[-TIMES:], (50, 99)).tolist()
    return reached, (p50 / 1000, p99 / 1000)


def test_coordination(ledger: Ledger) -> None:
    """All buy, and every demand ends as a command."""
    report(ledger, "one bar with five competing orders", coordination("independent", ["long"] * 5)[0])


def test_coordination_under_any_policy(ledger: Ledger) -> None:
    """Three buy and two sell; the slowest policy counts."""
    sides: list[Side] = ["long", "short", "long", "long", "short"]
    reached = {policy: coordination(policy, sides) for policy in CONFLICT_POLICIES}
    whole, alone = (max(figures, key=lambda one: one[1]) for figures in zip(*reached.values(), strict=True))
    report(ledger, "one bar with five competing orders under any policy", whole)
    report(ledger, "of that, coordination alone", alone)


def test_allocation(ledger: Ledger) -> None:
    capital, total = PortfolioCapitalManager(), Decimal(1_000_000)
    weights = {f"s{number}": Decimal(number + 1) / 5_050 for number in range(100)}
    report(ledger, "allocation for 100 strategies", taken(lambda _: capital.calculate_allocations(total, weights)))


def test_from_one_engine_to_the_other(ledger: Ledger) -> None:
    """One order filled by each within one step."""
    market = ours.market_of(Scene(2_520, 1, 1))
    engines = [build_adapter(name, {}) for name in ("backtrader", "nautilus")]
    for engine in engines:
        engine.begin(market, [StrategySeat("s", 1e6, ("S0",))], RULES)

    def step(place: int) -> None:
        event = market.timeline.event(place)
        for engine in engines:
            order = Order(f"s-{place}", "s", "S0", -1.0 if place % 2 else 1.0, bool(place % 2), 0.0)
            engine.execute_commands([StrategyCommand("s", "submit", order)])
            assert engine.advance(event.t, event.rows).fills

    reached = taken(step)
    for engine in engines:
        engine.end()
    report(ledger, "an order in each engine within a step", reached)
