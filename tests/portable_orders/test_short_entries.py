"""Short entries that rest: the higher they fill, the more they cost; what can't be paid at that bar is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, FillRule
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import HarnessRun, Part, Scripted, run_harness

CAPITAL = 1_000


def run(
    engine: str,
    plan: Mapping[int, Sequence[Signal]],
    prices: Sequence[Bar],
    *,
    feed: str = "on_demand",
    fill: FillRule = "next_open",
) -> HarnessRun:
    rules = ExecutionRules(fill, commission=Commission(minimum=1.0))
    adapters = {engine: build_adapter(engine, {"feed": feed})}
    full = (engine,) if feed == "full" else ()
    part = Part(Scripted(plan), framework=engine)
    return run_harness(
        market_of(bars(prices)), {"s": part}, rules, capital=Decimal(CAPITAL), adapters=adapters, full=full
    )


RISING = [(10.0, 10.0, 10.0, 10.0), (12.0, 15.0, 12.0, 15.0), (15.0, 20.0, 15.0, 20.0), (20.0, 20.0, 18.0, 18.0)]
#: (signal, prices, quantity that is paid, price): 999.00 pay for it after the fee of 1.00.
CUT = {
    "a trailing entry has followed": ({"trail": 1.0}, RISING, -52.0, 19.0),
    "a trailing entry is jumped": ({"trail": 1.0}, [*RISING[:3], (17.0, 17.0, 16.0, 16.0)], -58.0, 17.0),
    "an open beyond the limit": ({"limit": 9.0}, [RISING[0], (12.0, 12.0, 11.0, 11.0)], -83.0, 12.0),
    "at a stop-limit's stop": ({"stop": 9.9, "limit": 9.0}, [RISING[0], (10.0, 10.0, 9.5, 9.5)], -100.0, 9.9),
    "a triggered stop-limit at a higher open": (
        {"stop": 8.0, "limit": 7.9},
        [RISING[0], (7.0, 7.0, 7.0, 7.0), (12.0, 12.0, 12.0, 12.0)],
        -83.0,
        12.0,
    ),
}


@pytest.mark.parametrize("feed", ["on_demand", "full"])
@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
@pytest.mark.parametrize("name", CUT)
def test_a_short_entry_is_cut_to_what_it_costs_where_it_fills(name: str, engine: str, feed: str) -> None:
    terms, prices, quantity, price = CUT[name]
    done = run(engine, {0: [Signal.enter("A", "short", 110, **terms)]}, prices, feed=feed)
    assert done.fills() == [(quantity, price)]


def test_a_short_entry_that_can_be_paid_is_not_cut() -> None:
    done = run("backtrader", {0: [Signal.enter("A", "short", 50, trail=1.0)]}, RISING)
    assert done.fills() == [(-50.0, 19.0)]
    assert done.reasons("s") == [("approved", "", -50.0)]


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_a_reversal_that_rests_is_an_opening_as_a_whole(engine: str) -> None:
    """It fills once the long is closed: all of it is paid then, from what is left if that closes at 10 (998.00)."""
    prices = [(10.0, 10.0, 10.0, 10.0)] * 3 + [(10.0, 11.0, 10.0, 11.0)]
    reversal = [Signal.exit("A", limit=11.0), Signal.enter("A", "short", 200, limit=11.0)]
    done = run(engine, {0: [Signal.enter("A", quantity=50)], 2: reversal}, prices)
    assert done.fills() == [(50.0, 10.0), (-50.0, 11.0), (-90.0, 11.0)]


def walk(dice: Random) -> list[Bar]:
    """Bars with gaps, in cents."""
    prices, last = [], 1_000
    for _ in range(14):
        start = max(200, last + dice.choice([0, 0, dice.randint(-300, 300)]))
        last = max(200, start + dice.randint(-150, 150))
        high, low = max(start, last) + dice.randint(0, 100), max(100, min(start, last) - dice.randint(0, 100))
        prices.append((start / 100, high / 100, low / 100, last / 100))
    return prices


def spoken(dice: Random, closes: Sequence[float]) -> dict[int, list[Signal]]:
    """Entries of both sides with all that the account pays for, replaced at times, and exits."""
    plan: dict[int, list[Signal]] = {}
    for bar, close in enumerate(closes):
        near = round(close + dice.randint(-150, 150) / 100, 2)
        side = dice.choice(["short", "short", "long"])
        below = round(near - 0.2 if side == "short" else near + 0.2, 2)
        kinds: list[dict[str, Any]] = [{"trail": 0.5}, {"limit": near}, {"stop": near}, {"stop": near, "limit": below}]
        said = [Signal.exit("A")] if dice.random() < 0.3 else []
        if dice.random() < 0.6:
            said.append(Signal.enter("A", side, dice.choice([40, 100, 400]), tag=f"t{bar}", **dice.choice(kinds)))
        elif bar and dice.random() < 0.5:
            said.append(Signal.replace(f"t{bar - 1}", quantity=dice.choice([30, 300])))
        plan[bar] = said
    return plan


@pytest.mark.uncounted
@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_no_opening_of_any_random_run_costs_more_than_its_account_has(engine: str, fill: FillRule) -> None:
    """From flat, what an entry holds at its fill and its fee are at most the cash: on demand, and fed in full."""
    shorts = 0
    for seed in range(40):
        prices = walk(Random(seed))
        plan = spoken(Random(seed), [bar[3] for bar in prices])
        done = run(engine, plan, prices, fill=fill)
        assert done.results["s"].error is None, (seed, done.results["s"].error)
        cash, held = float(CAPITAL), 0.0
        for record in done.orchestrator.fills:
            quantity, price, fee = record.fill.quantity, record.fill.price, record.fill.fee
            if not held:
                assert abs(quantity) * price + fee <= cash + 1e-6, (seed, record)
                shorts += quantity < 0
            cash, held = cash - quantity * price - fee, held + quantity
        assert run(engine, plan, prices, fill=fill, feed="full").fills() == done.fills(), seed
    assert shorts > 40
