"""Conflicts in whole runs: exits that are cut, counts, opposite positions, jumping, natives, errors, and their cost."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.errors import FunctionError
from orchestrate.domain.events import OppositionEndedEvent, OppositionStartedEvent, StrategyConflictDetectedEvent
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView, Settle
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.policies.netting import net_signal
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.orchestration.risk.policies.sides import cancel_both, independent
from orchestrate.orchestration.risk.policies.source import FunctionSource
from orchestrate.orchestration.risk.policies.user import UserPolicy
from orchestrate.orchestration.strategies.calls import CallScope, CallStack
from tests.engines.builders import market_of, series
from tests.orchestration.harness import AT_CLOSE, Flags, Part, Scripted, fixed, prepare, run_harness

BARS = [(10.0, 10.0)] * 8
BUY = Signal.enter("A", "long", quantity=30)
SELL = Signal.enter("A", "short", quantity=20)
OUT = Signal.exit("A")


def counts(done: Any) -> dict[str, tuple[int, int]]:
    return {name: (result.blocked, result.resized) for name, result in done.results.items()}


def included(settle: Settle) -> StrategyCoordinator:
    return StrategyCoordinator(settle, exits="included")


# ---- exits and counts


def test_a_cut_exit_closes_its_part_and_no_more() -> None:
    parts = {
        "a": Part(Scripted({0: [BUY], 2: [OUT], 4: [OUT]}), pct=50),
        "b": Part(Scripted({2: [Signal.enter("A", quantity=20)]}), pct=50),
    }
    done = run_harness(market_of(series("A", BARS)), parts, coordinator=included(net_signal))
    assert done.fills("a") == [(30.0, 10.0), (-10.0, 10.0), (-20.0, 10.0)]
    assert done.fills("b") == []
    assert counts(done) == {"a": (0, 1), "b": (1, 0)}
    assert [(str(d.decision.reason), d.decision.demand.closing) for d in done.orchestrator.session.log.decisions] == [
        ("", False),
        ("conflict", True),
        ("conflict", False),
        ("", True),
    ]


def test_a_refused_exit_is_counted_and_the_position_stays() -> None:
    parts = {"a": Part(Scripted({0: [BUY], 2: [OUT]}), pct=50), "b": Part(Scripted({2: [BUY]}), pct=50)}
    done = run_harness(market_of(series("A", BARS)), parts, coordinator=included(cancel_both))
    assert done.fills() == [(30.0, 10.0)]
    assert done.results["a"].open_positions[0].quantity == 30
    assert counts(done) == {"a": (1, 0), "b": (1, 0)}


def test_a_demand_counts_once_whatever_cuts_it_and_again_at_the_open() -> None:
    """Cut to 150 by the policy, to 100 for want of capital, to 50 because the open is twice the close: twice."""
    prices = [(10.0, 10.0), (10.0, 10.0), (20.0, 20.0), (20.0, 20.0)]
    parts = {
        "a": Part(Scripted({1: [Signal.enter("A", quantity=160)]}), pct=50),
        "b": Part(Scripted({1: [Signal.enter("A", "short", quantity=10)]}), pct=50),
    }
    done = run_harness(
        market_of(series("A", prices)), parts, coordinator=StrategyCoordinator(net_signal), capital=2_000
    )
    assert done.fills() == [(50.0, 20.0)]
    assert done.reasons("a") == [("resized", "capital", 100.0), ("resized", "open_gap", 50.0)]
    first = done.orchestrator.session.log.decisions[0].decision
    assert [(stage.stage, stage.before, stage.after) for stage in first.trail] == [
        ("conflicts", 160, 150),
        ("capital", 150, 100),
    ]
    assert counts(done) == {"a": (0, 2), "b": (1, 0)}


def test_paused_openings_count_and_cancelled_orders_do_not() -> None:
    late = series("B", [(10.0, 10.0)] * 2, days=(0, 7))  # the order waits for a bar that never comes in time
    signalling = Scripted({1: [Signal.enter("B", quantity=5)], 3: [Signal.exit("B")]})
    done = run_harness(market_of(series("A", BARS), late), {"a": Part(signalling, ("A", "B"))})
    assert [reason for _, reason, _ in done.reasons("a")] == ["", "cancelled"]
    assert counts(done) == {"a": (0, 0)}
    session = done.orchestrator.session
    entry = session.entries["a"]
    entry.status = "paused"
    session.coordinate_natives([demand_of("a")])
    assert session.log.decisions[-1].decision.reason == Reason.STRATEGY_PAUSED
    assert entry.blocked == 1


def demand_of(name: str) -> Any:
    from orchestrate.domain.orders.order import Demand

    return Demand(name, "A", 5.0, False, 10.0, 7, 0)


# ---- opposite positions


@pytest.mark.parametrize("rules", [None, AT_CLOSE])
def test_opposite_positions_are_reported_when_they_begin_and_end(rules: Any) -> None:
    parts = {
        "b": Part(Scripted({0: [SELL], 4: [OUT]}), pct=30),
        "a": Part(Scripted({1: [BUY]}), pct=30),
        "c": Part(Scripted({2: [SELL], 5: [OUT]}), pct=30),
    }
    stage = market_of(series("A", BARS))
    done = run_harness(stage, parts, **({} if rules is None else {"rules": rules}))
    later = rules is None
    label = stage.series["A"].timestamp
    [started], [ended] = done.of(OppositionStartedEvent), done.of(OppositionEndedEvent)
    assert (started.symbol, started.strategies, started.t) == ("A", ("b", "a"), label[1 + later])
    assert (ended.symbol, ended.strategies, ended.t) == ("A", ("a", "c"), label[5 + later])


def test_a_flip_within_an_opposition_is_none_of_its_own() -> None:
    """Both turn round at the same open: they stand opposed before and after."""
    parts = {
        "a": Part(Scripted({0: [BUY], 2: [OUT, SELL]}), pct=50),
        "b": Part(Scripted({0: [SELL], 2: [OUT, BUY]}), pct=50),
    }
    done = run_harness(market_of(series("A", BARS)), parts)
    assert len(done.fills()) == 6
    assert len(done.of(OppositionStartedEvent)) == 1
    assert not done.of(OppositionEndedEvent)


# ---- jumping


def flags(seed: int, count: int) -> Flags:
    dice = np.random.default_rng(seed)
    columns = (np.flatnonzero(dice.random(count) < share).tolist() for share in (0.2, 0.15, 0.2, 0.15))
    return Flags(*columns)


@pytest.mark.parametrize("name", [*CONFLICT_POLICIES])
def test_jumping_gives_what_every_bar_gives(name: str) -> None:
    stage = market_of(series("A", [(10.0 + step % 5, 11.0 + step % 3) for step in range(120)]))
    runs = []
    for full in ((), ("in_memory",)):
        parts = {
            name: Part(flags(seed, 120), pct=25, sizing=fixed(20 + seed), priority=seed % 2)
            for seed, name in enumerate("abcd")
        }
        done = run_harness(stage, parts, full=full, coordinator=included(CONFLICT_POLICIES[name].settle))
        conflicts = [(event.t, event.outcome) for event in done.of(StrategyConflictDetectedEvent)]
        assert len(conflicts) >= 5
        opposed = [*done.of(OppositionStartedEvent), *done.of(OppositionEndedEvent)]
        runs.append((done.fills(), conflicts, opposed, counts(done)))
    assert runs[0] == runs[1]


# ---- a function that fails


def failing_at(price: float) -> UserPolicy:
    def rule(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
        if view.prices["A"] >= price:
            raise ValueError("too dear")
        return [demand.quantity for demand in demands]

    return UserPolicy(rule, FunctionSource.of(rule, "rules.py"), CallScope("rules.py:rule", CallStack()))


def test_a_function_that_fails_ends_the_run_after_its_step() -> None:
    prices = [(10.0, 10.0), (10.0, 10.0), (10.0, 10.0), (12.0, 12.0), (12.0, 12.0), (12.0, 12.0)]
    parts = {
        "a": Part(Scripted({0: [BUY], 2: [OUT], 3: [BUY]}), pct=50),
        "b": Part(Scripted({3: [BUY]}), pct=50),
    }
    done = prepare(parts, coordinator=StrategyCoordinator(failing_at(12.0)))
    with pytest.raises(FunctionError, match=r"^rules.py:\d+: rule raises ValueError: too dear$"):
        done.orchestrator.run(market_of(series("A", prices)), AT_CLOSE)
    assert done.orchestrator.steps_done == 4
    assert done.fills("a") == [(30.0, 10.0), (-30.0, 10.0)]
    assert [len(result.equity) for result in done.results.values()] == [4, 4]
    assert done.orchestrator.strategies["a"].strategy.callbacks[-1] == "stop"  # type: ignore[attr-defined]


def test_commands_without_an_engine_raise_at_once() -> None:
    parts = {"a": Part(Scripted({0: [BUY]}), pct=50), "b": Part(Scripted({0: [BUY]}), pct=50)}
    stage = market_of(series("A", BARS))
    done = prepare(parts, coordinator=StrategyCoordinator(failing_at(0.0)))
    done.orchestrator.prepare(stage, AT_CLOSE)
    with pytest.raises(FunctionError, match="too dear"):
        done.orchestrator.coordinate_execution(stage.timeline.event(0))


# ---- cost


def halves(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    return [demand.quantity / 2 for demand in demands]


def slowest(settle: Settle) -> Callable[[], float]:
    """What measures the 99th percentile of coordinating a bar on which five strategies want one symbol, both ways."""
    sides = ["long", "short", "long", "long", "short"]
    parts = {
        name: Part(Scripted({}), pct=20, sizing=fixed(10 + place), priority=place)
        for place, name in enumerate(["a", "b", "c", "d", "e"])
    }
    stage = market_of(series("A", [(10.0, 10.0)] * 3))
    orchestrator = prepare(parts, coordinator=StrategyCoordinator(settle)).orchestrator
    orchestrator.prepare(stage, AT_CLOSE)
    for entry, side in zip(orchestrator.strategies.values(), sides, strict=True):
        signal = [Signal.enter("A", side, quantity=100)]  # type: ignore[arg-type]
        entry.strategy.plan = dict.fromkeys(range(10_000), signal)  # type: ignore[attr-defined]
    event, session = stage.timeline.event(0), orchestrator.session

    def measure() -> float:
        times = []
        for _ in range(100):
            started = time.process_time_ns()
            assert orchestrator.coordinate_execution(event) or settle is cancel_both
            times.append(time.process_time_ns() - started)
            session.orders.cancel(lambda _order: True, Reason.NONE)
            session.log.decisions.clear()
        return float(np.percentile(times, 99))

    return measure


@pytest.mark.slow
def test_no_policy_costs_much_more_than_none() -> None:
    """The least of four rounds each, in turns, of processor time."""
    user = UserPolicy(halves, FunctionSource.of(halves), CallScope("halves", CallStack()))
    policies = {name: policy.settle for name, policy in CONFLICT_POLICIES.items()} | {"function": user}
    measures = {name: slowest(settle) for name, settle in policies.items()}
    gc.collect()
    rounds = [{name: measure() for name, measure in measures.items()} for _ in range(4)]
    least = {name: min(each[name] for each in rounds) for name in measures}
    assert least["independent"] > 0
    assert {name: cost for name, cost in least.items() if cost > 3.0 * least["independent"]} == {}


def test_independent_is_what_a_coordinator_does_by_itself() -> None:
    coordinator = StrategyCoordinator()
    assert (coordinator.policy, coordinator.mode, coordinator.exits) == (independent, "independent", "protected")
