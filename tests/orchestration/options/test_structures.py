"""Structures from the signal to the settlement: all legs or none, the same on every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrate import BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter, OrchestrationPort
from orchestrate.domain.options.makers import cash_secured_put, covered_call, iron_condor, vertical
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import PLAIN, Flags, HarnessRun, Part, Scripted, fixed, run_harness
from tests.orchestration.options.chains import contract, options_market

ENGINES: list[Callable[[], OrchestrationPort]] = [
    InMemoryAdapter,
    BacktraderOrchestrationAdapter,
    NautilusOrchestrationAdapter,
]
FEES = ExecutionRules(commission=Commission(per_share=0.5))


def ran(engine: OrchestrationPort, market, *strategies: object, capital: int = 10_000, rules=FEES) -> HarnessRun:
    parts = {
        f"s{number}": Part(strategy, ("X", "XO"), 100 // len(strategies), framework=engine.framework)
        for number, strategy in enumerate(strategies)
    }
    return run_harness(market, parts, rules, adapters={engine.framework: engine}, capital=capital)


def condor(market, quantity: int = 1):
    wings = ("put", 90), ("put", 95), ("call", 105), ("call", 110)
    return iron_condor(*(contract(market, right, strike) for right, strike in wings), quantity, "condor")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("closes", "lost"),
    [
        ((100, 100, 101, 100), 0.0),
        ((100, 100, 104, 107), 2.0),
        ((100, 100, 112, 120), 5.0),
        ((100, 100, 93, 80), 5.0),
    ],
)
def test_a_condor_through_its_expiry(engine, closes, lost):
    """A credit of two cents a share, less what the wings let it lose, less fees of its four legs."""
    market = options_market(closes)
    run = ran(engine(), market, Scripted({0: [Signal.structure(condor(market, 2))]}))
    assert run.fills()[:4] == [(2.0, 0.32), (-2.0, 0.33), (-2.0, 0.33), (2.0, 0.32)]
    credit = 200 * (0.33 + 0.33 - 0.32 - 0.32)
    assert run.results["s0"].equity[-1] == pytest.approx(10_000 + credit - 200 * lost - 4 * 2 * 0.5)
    assert not run.results["s0"].open_positions


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leg_without_a_quote_refuses_all(engine):
    market = options_market((100, 100, 100), quoted={(0, "call", 105.0): (0.0, 0.4)})
    strategy = Scripted({0: [Signal.structure(condor(market))]})
    run = ran(engine(), market, strategy)
    assert run.fills() == []
    assert strategy.callbacks == ["no_quote", "stop"]
    assert run.reasons("s0") == [("rejected", "no_quote", 0.0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_whole_structures_are_cut_to_what_can_be_paid(engine):
    """A condor can lose 498: three of four are what 1,500 pays."""
    market = options_market((100, 100, 100))
    run = ran(engine(), market, Scripted({0: [Signal.structure(condor(market, 4))]}), capital=1_500)
    assert [quantity for quantity, _ in run.fills()[:4]] == [3.0, -3.0, -3.0, 3.0]
    assert run.reasons("s0")[0] == ("resized", "capital", 3.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_held_is_seen_and_closed(engine):
    seen = []

    def look(context: Context):
        seen.extend(context.structures)
        return [Signal.close(held) for held in context.structures]

    market = options_market((100, 100, 100, 100))
    run = ran(engine(), market, Scripted({0: [Signal.structure(condor(market))], 1: look, 2: look}))
    (held,) = seen
    assert (held.tag, held.credit, held.dte) == ("condor", pytest.approx(2.0), 2.0)
    assert held.liquidation == pytest.approx(-(0.27 + 0.27 - 0.18 - 0.18))
    assert held.profit == pytest.approx(100 * (0.02 - (0.25 + 0.25 - 0.2 - 0.2)))
    assert len(run.fills()) == 8
    assert not run.results["s0"].open_positions


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leg_that_nobody_buys_is_given_up(engine):
    market = options_market((100, 100, 100, 100), quoted={(1, "call", 110.0): (0.0, 0.05)})
    strategy = Scripted(
        {0: [Signal.structure(condor(market))], 1: lambda context: [Signal.close(context.structures[0])]}
    )
    run = ran(engine(), market, strategy)
    assert (-1.0, 0.0) in run.fills()
    assert not run.results["s0"].open_positions


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("last", "shares", "equity"), [(103, 0.0, 10_000 + 100 * 0.38), (96, 100.0, 10_000 - 362)])
def test_a_put_that_is_assigned_delivers_shares(engine, last, shares, equity):
    """Shares are bought at the strike, without a fee, and are a position like any other."""
    market = options_market((100, 100, 100, last), delivery="physical")
    put = cash_secured_put(contract(market, "put", 100))
    run = ran(engine(), market, Scripted({0: [Signal.structure(put)]}), capital=10_000)
    result = run.results["s0"]
    assert [(one.symbol, one.quantity, one.average_price) for one in result.open_positions] == (
        [("X", shares, 100.0)] if shares else []
    )
    assert result.equity[-1] == pytest.approx(equity - 0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_covered_call_is_called_away(engine):
    market = options_market((100, 100, 100, 108), delivery="physical")
    call = covered_call(contract(market, "call", 105))
    run = ran(engine(), market, Scripted({0: [Signal.structure(call)]}), capital=20_000)
    result = run.results["s0"]
    assert not result.open_positions
    assert result.equity[-1] == pytest.approx(20_000 + 500 + 33 - 100 * 0.5 - 0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_strategies_share_a_contract_and_each_has_its_book(engine):
    market = options_market((100, 102, 107, 107))
    buy = vertical(contract(market, "call", 100), contract(market, "call", 105))
    sell = replace(buy.reversed(), quantity=2)
    run = ran(engine(), market, Scripted({0: [Signal.structure(buy)]}), Scripted({1: [Signal.structure(sell)]}))
    assert [len(run.fills(name)) for name in ("s0", "s1")] == [4, 4]
    assert run.results["s0"].equity[-1] == pytest.approx(5_000 + 500 - 100 * (0.42 - 0.33) - 1.0)
    assert not any(result.open_positions for result in run.results.values())


def test_a_vectorised_strategy_beside_it_trades_as_alone():
    closes = (100, 101, 102, 103, 104, 105)
    alone = run_harness(options_market(closes), {"v": Part(Flags([1], [3]), ("X",), 50, sizing=fixed(5))})
    market = options_market(closes)
    strategy = Scripted({0: [Signal.structure(condor(market))]})
    both = run_harness(
        market,
        {"v": Part(Flags([1], [3]), ("X",), 50, sizing=fixed(5)), "o": Part(strategy, ("X", "XO"), 50)},
    )
    assert both.fills("v") == alone.fills("v") != []
    assert both.results["v"].equity.tolist() == alone.results["v"].equity.tolist()
    assert len(both.fills("o")) == 8


@pytest.mark.parametrize("engine", ENGINES)
def test_shares_that_nobody_can_pay_are_called(engine):
    """One put takes 2,100 of margin and delivers shares for 10,000 into a book of 4,000; the next bar closes them."""
    market = options_market((100, 100, 100, 99, 98, 98), expires=3, delivery="physical")
    strategy = Scripted({0: [Signal.structure(cash_secured_put(contract(market, "put", 100)))]})
    run = ran(engine(), market, strategy, capital=4_000)
    assert run.fills()[-1] == (-100.0, 98.0)
    assert "margin_call" in {str(record.reason) for record in run.orchestrator.fills}
    assert not run.results["s0"].open_positions


@pytest.mark.parametrize("engine", ENGINES)
def test_a_naked_call_is_called_when_the_market_runs_away(engine):
    """It closes at the quote of the step after the call, across the spread."""
    market = options_market((100, 100, 104, 112, 113, 113), expires=5)
    call = Structure((Leg(contract(market, "call", 105), -1),))
    run = ran(engine(), market, Scripted({0: [Signal.structure(call)]}), capital=2_500)
    opened, closed = run.fills()
    assert (opened, closed) == ((-1.0, 0.53), (1.0, 8.14))
    assert str(run.orchestrator.fills[-1].reason) == "margin_call"


@pytest.mark.parametrize("engine", ENGINES)
def test_limits_count_structures_by_what_they_hold_back(engine):
    """A condor holds back 498: 10 percent of 10,000 have room for two of five."""
    market = options_market((100, 100, 100))
    strategy = Scripted({0: [Signal.structure(condor(market, 5))]})
    part = Part(strategy, ("X", "XO"), framework=engine().framework, limits={"max_position_pct": MaxPositionPct(10.0)})
    run = run_harness(market, {"s0": part}, PLAIN, adapters={part.framework: engine()}, capital=10_000)
    assert [quantity for quantity, _ in run.fills()[:4]] == [2.0, -2.0, -2.0, 2.0]
    assert run.reasons("s0")[0] == ("resized", "limit", 2.0)
