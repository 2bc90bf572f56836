"""What a step's decisions cost at worst: coordination, allocation, and going from one engine to the other."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.domain.execution import Commission, ExecutionRules
from orchestrate.domain.orders import Order, StrategyCommand
from orchestrate.domain.strategy import Signal
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.ports import Account
from orchestrate.wiring import build_adapter
from tests.benchmarks import ours
from tests.benchmarks.scenes import Scene

TIMES = 2_000
RULES = ExecutionRules(commission=Commission(percent=0.1))


def taken(work: Callable[[int], object]) -> tuple[float, float]:
    """Microseconds of CPU at the median and at the 99th percentile."""
    for warm in range(50):
        work(warm)
    gc.collect()
    times = []
    for turn in range(50, 50 + TIMES):
        started = time.process_time_ns()
        work(turn)
        times.append(time.process_time_ns() - started)
    p50, p99 = np.percentile(times, (50, 99)).tolist()
    return p50 / 1000, p99 / 1000


def told(capsys: pytest.CaptureFixture[str], what: str, reached: tuple[float, float], goal: float) -> None:
    p50, p99 = reached
    with capsys.disabled():
        print(f"\n  {what:<56} goal {goal:6.0f} µs  reached {p99:6.1f} (p99), {p50:6.1f} (p50)")


class Eager:
    """Wants in at every bar, out at the next."""

    def __init__(self) -> None:
        self.held = False

    def on_bar(self, context):
        self.held = not self.held
        return Signal.enter("S0", quantity=1) if self.held else Signal.exit("S0")


def test_coordination(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene(2_520, 1, 5)
    stage, run = ours.market(scene), ours.orchestrator(scene, ("backtrader",), "on_demand", "on_bar")
    for entry in run.strategies.values():
        entry.strategy = Eager()
    run.begin(stage, RULES)
    commanded = []

    def coordinate(step: int) -> None:
        commands = run.desk.coordinate(demands[step])
        commanded.append(len(commands))
        run.desk.cancel(lambda _: True, commands[0].reason)
        run.desk.decisions.clear()

    demands = [
        [demand for demand in run.desk.decide(stage.timeline.event(step)) if not demand.closing]
        for step in range(TIMES + 50)
    ]
    wanting = [five for five in demands if len(five) == 5]
    demands = [wanting[step % len(wanting)] for step in range(TIMES + 50)]
    reached = taken(coordinate)
    run.end()
    assert set(commanded) == {5}
    told(capsys, "one bar with five competing orders", reached, 200)


def test_allocation(capsys: pytest.CaptureFixture[str]) -> None:
    capital, total = PortfolioCapitalManager(), Decimal(1_000_000)
    weights = {f"s{number}": Decimal(number + 1) / 5_050 for number in range(100)}
    told(capsys, "allocation for 100 strategies", taken(lambda _: capital.calculate_allocations(total, weights)), 5_000)


def test_from_one_engine_to_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    """One order filled by each within one step."""
    stage = ours.market(Scene(2_520, 1, 1))
    engines = [build_adapter(name, {}) for name in ("backtrader", "nautilus")]
    for engine in engines:
        engine.begin(stage, [Account("s", 1e6, ("S0",))], RULES)

    def step(place: int) -> None:
        event = stage.timeline.event(place)
        for engine in engines:
            order = Order(f"s-{place}", "s", "S0", -1.0 if place % 2 else 1.0, bool(place % 2), 0.0)
            engine.execute_commands([StrategyCommand("s", "submit", order)])
            assert engine.advance(event.t, event.rows).fills

    reached = taken(step)
    for engine in engines:
        engine.end()
    told(capsys, "an order in Backtrader and one in Nautilus within a step", reached, 1_000)
