"""Random orders of all kinds: both engines fill them as the plain reference does, fed in full and on demand.

`ORCHESTRATE_ORDER_CASES=5000` runs more of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.wiring import build_adapter
from tests.orchestration.harness import HarnessRun, Part, run_harness
from tests.portable_orders.cases import TENTHS, Case, Maker, Sayer, pooled, simulated_pool
from tests.portable_orders.funds import Fees, Pool
from tests.portable_orders.reference import Done, Operation

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

CASES = int(os.environ.get("ORCHESTRATE_ORDER_CASES", "60"))
FEES = (Fees(), Fees(1), Fees(0, 2_500), Fees(5, 1_000))
ENGINES = ("backtrader", "nautilus")
FEEDS = ("full", "on_demand")


def played(case: Case, engine: str, feed: str, capital: int = 10**9) -> tuple[HarnessRun, Sayer]:
    market = case.market
    sayer = Sayer(market.timeline.stamps.tolist(), case.operations)
    part = Part(sayer, symbols=tuple(market.series), framework=engine)
    full = (engine,) if feed == "full" else ()
    adapters = {engine: build_adapter(engine, {"feed": feed})}
    return run_harness(market, {"s": part}, case.rules, capital=Decimal(capital), adapters=adapters, full=full), sayer


def fills_of(done: CrossFrameworkOrchestrator, symbol: str, strategy: str = "s") -> list[Done]:
    steps = {int(t): step for step, t in enumerate(done.session._market.timeline.labels)}
    return [
        Done(steps[one.t], symbol, int(one.fill.quantity), round(one.fill.price * TENTHS))
        for one in done.fills
        if (one.fill.symbol, one.fill.strategy_id) == (symbol, strategy)
    ]


def compare(seed: int) -> None:
    case = Maker(seed).case()
    reference = case.simulated()
    for engine in ENGINES:
        for feed in FEEDS:
            done, sayer = played(case, engine, feed)
            assert done.results["s"].error is None, (seed, done.results["s"].error)
            for symbol in case.market.series:
                expected = [fill for fill in reference.fills if fill.symbol == symbol]
                assert fills_of(done.orchestrator, symbol) == expected, (seed, engine, feed)
            assert sayer.statuses == reference.statuses, (seed, engine, feed)
            assert sum(done.orchestrator.session.orders.touched.values()) == reference.touched, (seed, engine, feed)


@pytest.mark.parametrize("start", range(0, CASES, 20))
def test_both_engines_fill_as_the_reference(start: int) -> None:
    for seed in range(start, min(start + 20, CASES)):
        compare(seed)


@pytest.mark.parametrize("seed", [2178, 2873, 4562])
def test_an_exit_that_rests_closes_what_a_replacement_of_the_same_step_adds(seed: int) -> None:
    compare(seed)


@pytest.mark.parametrize(("seed", "gap"), [(263, 100), (346, 40), (2178, 60)])
def test_orders_on_their_way_are_replaced_while_money_runs_short(seed: int, gap: int) -> None:
    compare_funded(seed, gap)


def require_paid(done: HarnessRun, capital: int, seed: int) -> None:
    """What positions cost as they were opened is at most the capital and what was realised, whenever one opens."""
    realised, held = Fraction(0), dict.fromkeys("AB", (0, Fraction(0)))
    for record in done.orchestrator.fills:
        symbol, quantity, price = record.fill.symbol, int(record.fill.quantity), Fraction(str(record.fill.price))
        before, average = held[symbol]
        after, realised = before + quantity, realised - Fraction(str(record.fill.fee))
        if before * quantity >= 0:
            held[symbol] = after, (average * before + price * quantity) / after
            used = sum(abs(units) * paid for units, paid in held.values())
            assert used <= capital + realised, (seed, record)
        else:
            realised += (average - price) * quantity
            held[symbol] = after, average if after else Fraction(0)


def compare_funded(seed: int, gap: int = 100) -> bool:
    """Compare a case in which money runs short; return whether an opening was cut where it filled."""
    maker = Maker(seed, gap, units=10)
    case, capital = maker.case(), maker.dice.randint(300, 1500)
    case.fees = maker.dice.choice(FEES)
    reference = case.simulated(capital)
    for engine in ENGINES:
        for feed in FEEDS:
            done, sayer = played(case, engine, feed, capital)
            assert done.results["s"].error is None, (seed, done.results["s"].error)
            require_paid(done, capital, seed)
            for symbol in case.market.series:
                expected = [fill for fill in reference.fills if fill.symbol == symbol]
                assert fills_of(done.orchestrator, symbol) == expected, (seed, engine, feed)
            assert sayer.statuses == reference.statuses, (seed, engine, feed)
    return "open_gap" in {reason for _, reason, _ in done.reasons("s")}


WEIGHTS = ({"r": 50, "s": 50}, {"r": 60, "s": 30}, {"r": 20, "s": 70})


def compare_pooled(seed: int, gap: int = 100) -> bool:
    """Compare a case in which two strategies run short of common money; return whether an opening was cut."""
    dice = Random(seed)
    weights = dice.choice(WEIGHTS)
    case, said = pooled(seed, list(weights), gap)
    capital, case.fees = dice.randint(500, 3000), dice.choice(FEES)
    reference = simulated_pool(case, said, Pool.shared(capital * TENTHS, weights, case.fees))
    for feed in FEEDS:
        done, sayers = played_together(case, said, feed, weights, capital)
        for name, sayer in sayers.items():
            assert done.results[name].error is None, (seed, done.results[name].error)
            for symbol in case.market.series:
                own = f"{name}:{symbol}"
                expected = [fill._replace(symbol=symbol) for fill in reference.fills if fill.symbol == own]
                assert fills_of(done.orchestrator, symbol, name) == expected, (seed, feed, name)
            statuses = {tag: status for tag, status in reference.statuses.items() if tag.startswith(f"{name}-")}
            assert sayer.statuses == statuses, (seed, feed)
    return {"open_gap", "capital"} <= {reason for name in weights for _, reason, _ in done.reasons(name)}


def played_together(
    case: Case, said: Mapping[str, Sequence[Sequence[Operation]]], feed: str, weights: Mapping[str, int], capital: int
) -> tuple[HarnessRun, dict[str, Sayer]]:
    """Run two strategies on common money, one on each engine."""
    market = case.market
    sayers = {name: Sayer(market.timeline.stamps.tolist(), each) for name, each in said.items()}
    engines = ENGINES if case.at_close else ENGINES[::-1]
    parts = {
        name: Part(sayer, symbols=tuple(market.series), framework=engine, pct=weights[name])
        for (name, sayer), engine in zip(sayers.items(), engines, strict=True)
    }
    adapters = {engine: build_adapter(engine, {"feed": feed}) for engine in engines}
    full = engines if feed == "full" else ()
    how = {"capital": Decimal(capital), "adapters": adapters, "full": full, "pooled": True}
    return run_harness(market, parts, case.rules, **how), sayers


@pytest.mark.parametrize("start", range(0, CASES, 60))
def test_where_common_money_runs_short_they_fill_as_the_reference(start: int) -> None:
    """Every third seed: each is two strategies, one on each engine."""
    assert sum([compare_pooled(seed) for seed in range(start, min(start + 60, CASES), 3)])


@pytest.mark.parametrize("seed", [54, 171])
def test_orders_of_one_moment_are_paid_in_the_order_of_their_strategies(seed: int) -> None:
    compare_pooled(seed)


@pytest.mark.parametrize("start", range(0, CASES, 20))
def test_where_money_runs_short_they_fill_as_the_reference(start: int) -> None:
    """Openings are cut and refused, at their decision, their release and where a bar fills them."""
    cut = sum([compare_funded(seed) for seed in range(start, min(start + 20, CASES))])
    assert cut
