"""Rebalances of strategies that hold structures: whole ones at quotes, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import nan

import pytest

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.options.makers import covered_call
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.strategies.protocols import Signal
from tests.orchestration.harness import HarnessRun, Part, Scripted
from tests.orchestration.loop.rebalancing.rebalances import ENGINES, rebalancing, walk
from tests.orchestration.options.chains import Quotes, contract, options_market
from tests.orchestration.options.test_structures import condor

pytestmark = pytest.mark.parametrize("engine", list(ENGINES))


def stage(quoted: Quotes | None = None) -> Market:
    return options_market((100,) * 8, quoted=quoted)


def halved(engine: str, market: Market, structure: Structure, shares: int = 0) -> HarnessRun:
    """After the bar 2 the weight of a strategy is halved."""
    said = {0: [Signal.structure(structure)], 1: [Signal.add("X", shares)] if shares else []}
    parts = {"s": Part(Scripted(said), ("X", "XO"), 50, framework=engine)}
    plan = rebalancing(threshold="0.9")
    weights: Mapping[str, Decimal] = {"s": Decimal("0.25")}

    def act(orchestrator):
        orchestrator.session.portfolio.rebalancer.rebalance_now("schedule", weights)

    return walk(market, parts, plan, {2: act}, capital=80_000)


def trims(run: HarnessRun) -> list[tuple[str, float]]:
    """(symbol, quantity) of what the rebalance has traded, by symbol."""
    fills = [one.fill for one in run.orchestrator.fills if str(one.reason) == "rebalance"]
    return sorted((fill.symbol.split(" ", 2)[-1], fill.quantity) for fill in fills)


def test_a_trim_closes_whole_structures(engine):
    """Half of five condors is two of them, each leg of which is as much."""
    market = stage()
    run = halved(engine, market, condor(market, 5))
    assert sorted(quantity for _, quantity in trims(run)) == [-2.0, -2.0, 2.0, 2.0]


def test_legs_of_other_ratios_are_trimmed_in_proportion(engine):
    """Three of (1, -2, 1) halved are one of it, never three of six of the middle leg."""
    market = stage()
    legs = ((95.0, 1), (100.0, -2), (105.0, 1))
    butterfly = Structure(tuple(Leg(contract(market, "call", strike), ratio) for strike, ratio in legs), 3)
    run = halved(engine, market, butterfly)
    assert sorted(quantity for _, quantity in trims(run)) == [-1.0, -1.0, 2.0]


def test_one_structure_is_left(engine):
    market = stage()
    assert trims(halved(engine, market, condor(market))) == []


def test_shares_of_structures_go_with_them_and_others_by_themselves(engine):
    """Two covered calls and 50 shares: one call with its 100 shares, and 25 of the others."""
    market = stage()
    run = halved(engine, market, replace(covered_call(contract(market, "call", 105)), quantity=2), shares=50)
    assert sorted(quantity for _, quantity in trims(run)) == [-100.0, -25.0, 1.0]


def test_a_structure_without_a_quote_is_left_with_a_finding(engine):
    market = stage({(3, "call", 105.0): (nan, nan)} | {(day, "call", 105.0): (0.0, 0.0) for day in (3, 4, 5, 6)})
    run = halved(engine, market, condor(market, 4))
    assert trims(run) == []
    (finding,) = [one for one in run.orchestrator.session.structures.findings() if "rebalance" in one.message]
    assert (finding.where, finding.count) == ("strategies.s", 1)
