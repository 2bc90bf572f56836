"""Random orders of all kinds: both engines fill them as the plain reference does, fed in full and on demand.

`ORCHESTRATE_ORDER_CASES=5000` runs more of them.
"""

from __future__ import annotations

import os
from decimal import Decimal

import pytest

from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.wiring import build_adapter
from tests.orchestration.harness import HarnessRun, Part, run_harness
from tests.portable_orders.cases import TENTHS, Case, Maker, Sayer
from tests.portable_orders.reference import Done

CASES = int(os.environ.get("ORCHESTRATE_ORDER_CASES", "60"))
ENGINES = ("backtrader", "nautilus")
FEEDS = ("full", "on_demand")


def played(case: Case, engine: str, feed: str) -> tuple[HarnessRun, Sayer]:
    market = case.market
    sayer = Sayer(market.timeline.stamps.tolist(), case.operations)
    part = Part(sayer, symbols=tuple(market.series), framework=engine)
    full = (engine,) if feed == "full" else ()
    adapters = {engine: build_adapter(engine, {"feed": feed})}
    return run_harness(market, {"s": part}, case.rules, capital=Decimal(10**9), adapters=adapters, full=full), sayer


def fills_of(done: CrossFrameworkOrchestrator, symbol: str) -> list[Done]:
    steps = {int(t): step for step, t in enumerate(done.session._market.timeline.labels)}
    return [
        Done(steps[one.t], symbol, int(one.fill.quantity), round(one.fill.price * TENTHS))
        for one in done.fills
        if one.fill.symbol == symbol
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
