"""One account for all strategies, through the whole loop: nobody above its room, no money that isn't there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestrate import wiring
from orchestrate.domain.accounts import PooledAccount
from orchestrate.domain.events import OrderFilledEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import market, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, Part, Rehearsed, fixed, prepare

ENGINES: Mapping[str, Callable[[], OrchestrationPort]] = {
    "in_memory": InMemoryAdapter,
    "backtrader": lambda: wiring.build_adapter("backtrader", {}),
    "nautilus": lambda: wiring.build_adapter("nautilus", {}),
}
WEIGHTS = {"a": 30, "b": 30, "c": 40}
BARS = 14


def pooled(stage: Market, parts: Mapping[str, Part], rules: ExecutionRules) -> Rehearsed:
    """A whole run; after each step the sum of cash and the rooms of those who have just opened are checked."""
    adapters = {name: ENGINES[name]() for name in dict.fromkeys(part.framework for part in parts.values())}
    rehearsed = prepare(parts, adapters=adapters, pooled=True)
    orchestrator = rehearsed.orchestrator
    orchestrator.begin(stage, rules)
    try:
        for event in orchestrator.clock():
            known = len(rehearsed.events)
            orchestrator.step(event)
            _check(rehearsed, rehearsed.events[known:], rules)
        orchestrator.finish()
    finally:
        orchestrator.end()
    return rehearsed


def _check(rehearsed: Rehearsed, events: list[Any], rules: ExecutionRules) -> None:
    orchestrator = rehearsed.orchestrator
    books = {name: entry.book for name, entry in orchestrator.strategies.items()}
    reserve = orchestrator.capital_manager.reserve.cash
    assert sum(book.cash for book in books.values()) + reserve >= -1e-6
    marks = orchestrator.session.marks
    prices = marks if rules.fill == "close" else marks.opens
    fills = [event.fill for event in events if isinstance(event, OrderFilledEvent)]
    fees = sum(fill.fee for fill in fills)
    for name in {fill.strategy_id for fill in fills if fill.quantity > 0}:
        worth = reserve + sum(book.equity(prices) for book in books.values())
        share = float(orchestrator.strategies[name].allocation.target_pct) / 100
        assert books[name].used <= share * worth + fees + 1e-6


def gain(engine: str, c_out: int = 99, b_in: int = 2) -> Rehearsed:
    """c doubles what it bought for 40,000: all is worth 140,000, 60,000 of it in cash, the rooms of a and b 42,000."""
    stage = market(series("A", [(10.0, 10.0)] * 6), series("C", [(10.0, 10.0)] * 2 + [(20.0, 20.0)] * 4))
    parts = {
        "a": Part(Flags(long=[2]), ("A",), 30, fixed(9_000), framework=engine),
        "b": Part(Flags(long=[b_in]), ("A",), 30, fixed(9_000), framework=engine),
        "c": Part(Flags(long=[0], out=[c_out]), ("C",), 40, fixed(4_000), framework=engine),
    }
    return pooled(stage, parts, PLAIN)


@pytest.mark.parametrize("engine", ENGINES)
def test_openings_of_one_step_share_the_money_that_is_there(engine: str) -> None:
    done = gain(engine)
    assert [done.fills(name) for name in "abc"] == [[(3_000.0, 10.0)], [(3_000.0, 10.0)], [(4_000.0, 10.0)]]
    assert done.reasons("a") == done.reasons("b") == [("resized", "capital", 3_000.0)]
    assert isinstance(done.orchestrator.strategies["a"].account, PooledAccount)


@pytest.mark.parametrize("engine", ENGINES)
def test_closings_of_others_pay_for_openings_of_the_same_step(engine: str) -> None:
    done = gain(engine, c_out=3, b_in=3)
    assert done.fills("b") == [(4_200.0, 10.0)]
    assert sum(entry.book.cash for entry in done.orchestrator.strategies.values()) == 56_000.0


def test_a_gap_at_the_open_is_shared_in_plan_order() -> None:
    """At 10 both could pay for 3,000; at the open of 16 the first takes its room, the other what is left of its own."""
    bars = [(10.0, 10.0), (10.0, 10.0), (16.0, 16.0), (16.0, 16.0)]
    parts = {name: Part(Flags(long=[1]), ("A",), 50, fixed(5_000)) for name in "ab"}
    done = pooled(market(series("A", bars)), parts, PLAIN)
    assert done.fills() == [(3_125.0, 16.0), (3_125.0, 16.0)]
    assert done.reasons("b")[-1] == ("resized", "open_gap", 3_125.0)


def random_run(seed: int, rules: ExecutionRules, engines: tuple[str, str, str], reserve: int) -> Rehearsed:
    random = np.random.default_rng(seed)
    walks = np.round(10.0 * np.exp(np.cumsum(random.normal(0.0, 0.15, size=(2, 2 * BARS)), axis=1)), 2)
    stage = market(
        *(
            series(name, [(walk[2 * n], walk[2 * n + 1]) for n in range(BARS)])
            for name, walk in zip("AB", walks, strict=True)
        )
    )
    parts = {
        name: Part(
            Flags(*(sorted(random.choice(BARS, 5, replace=False)) for _ in range(2))),
            ("A", "B"),
            pct - reserve,
            fixed(int(random.integers(500, 9_000))),
            framework=engine,
        )
        for (name, pct), engine in zip(WEIGHTS.items(), engines, strict=True)
    }
    return pooled(stage, parts, rules)


UNSHRUNK = (Phase.explicit, Phase.generate)  # shrinking whole runs takes minutes
RULES = st.sampled_from([PLAIN, AT_CLOSE, ExecutionRules(commission=Commission(percent=0.1, minimum=1.0))])


@settings(max_examples=80, phases=UNSHRUNK)
@given(seed=st.integers(0, 100_000), rules=RULES, reserve=st.sampled_from([0, 7]))
def test_no_room_is_exceeded_and_no_cash_is_negative(seed: int, rules: ExecutionRules, reserve: int) -> None:
    done = random_run(seed, rules, ("in_memory", "in_memory", "in_memory"), reserve)
    assert done.orchestrator.steps_done == BARS


@settings(max_examples=6, phases=UNSHRUNK)
@given(seed=st.integers(0, 100_000), rules=RULES)
def test_pooled_runs_are_the_same_on_every_engine(seed: int, rules: ExecutionRules) -> None:
    runs = [
        random_run(seed, rules, engines, 0)
        for engines in (
            ("in_memory",) * 3,
            ("backtrader", "nautilus", "backtrader"),
            ("nautilus", "backtrader", "nautilus"),
        )
    ]
    for name in WEIGHTS:
        fills = [run.fills(name) for run in runs]
        assert fills[0] == fills[1] == fills[2]
    assert runs[0].fills()
