"""How structures are filled: across part of the spread, at fresh quotes, for a fee a contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.domain.options.makers import cash_secured_put, covered_call, vertical
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.option_rules import OptionRules
from orchestrate.domain.strategies.protocols import Signal
from tests.orchestration.harness import Scripted
from tests.orchestration.options.chains import contract, options_market
from tests.orchestration.options.test_structures import ENGINES, condor, ran

FLAT = (100, 100, 100, 100)


def rules(**options: object) -> ExecutionRules:
    return ExecutionRules(commission=Commission(per_share=0.5), options=OptionRules(**options))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("cross", "bought", "sold"), [(1.0, 0.32, 0.33), (0.5, 0.3, 0.35), (0.0, 0.28, 0.37)])
def test_a_part_of_the_spread_is_crossed(engine, cross, bought, sold):
    """Outer legs are quoted 0.28 to 0.32, inner ones 0.33 to 0.37."""
    market = options_market(FLAT)
    run = ran(engine(), market, Scripted({0: [Signal.structure(condor(market))]}), rules=rules(cross=cross))
    assert run.fills()[:4] == [(1.0, bought), (-1.0, sold), (-1.0, sold), (1.0, bought)]


@pytest.mark.parametrize("engine", ENGINES)
def test_fills_are_rounded_to_one_digit_more_than_quotes(engine):
    """A third of four cents: 0.28 + 0.0133 and 0.37 - 0.0133."""
    market = options_market(FLAT)
    run = ran(engine(), market, Scripted({0: [Signal.structure(condor(market))]}), rules=rules(cross=1 / 3))
    assert run.fills()[:4] == [(1.0, 0.293), (-1.0, 0.357), (-1.0, 0.357), (1.0, 0.293)]


@pytest.mark.parametrize("engine", ENGINES)
def test_half_a_crossing_needs_both_sides(engine):
    market = options_market(FLAT, quoted={(0, "put", 95.0): (0.3, 0.0)})
    put = cash_secured_put(contract(market, "put", 95))
    whole, half = (
        ran(engine(), market, Scripted({0: [Signal.structure(put)]}), rules=rules(cross=cross)) for cross in (1.0, 0.5)
    )
    assert whole.fills()[0] == (-1.0, 0.3)
    assert half.reasons("s0") == [("rejected", "no_quote", 0.0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_contracts_have_their_own_fee_with_a_minimum_an_order(engine):
    """Three calls at 0.65 pay 1.95; one pays the least, 1.00; 100 shares pay the run's commission."""
    market = options_market((100, 100, 100, 108), delivery="physical")
    calls = Structure((Leg(contract(market, "call", 105), 3), Leg(contract(market, "call", 110), -1)))
    covered = covered_call(contract(market, "call", 110))
    strategy = Scripted({0: [Signal.structure(calls), Signal.structure(covered)]})
    run = ran(engine(), market, strategy, capital=50_000, rules=rules(per_contract=0.65, minimum=1.0))
    fees = [(record.fill.symbol[0], record.fill.fee) for record in run.orchestrator.fills[:4]]
    assert [fee for _, fee in fees] == [1.95, 1.0, 50.0, 1.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_shares_of_a_structure_slip_as_market_orders_do(engine):
    market = options_market(FLAT)
    call = covered_call(contract(market, "call", 105))
    slips = replace(rules(), slippage=Slippage(percent=1.0))
    run = ran(engine(), market, Scripted({0: [Signal.structure(call)]}), capital=50_000, rules=slips)
    assert run.fills()[:2] == [(100.0, 101.0), (-1.0, 0.33)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("max_age", "fills"), [("", 0), ("9d", 0), ("10d", 1)])
def test_a_quote_of_ten_days_ago_counts_where_its_age_is_allowed(engine, max_age, fills):
    """The only bid is that of the first day; since then nobody quotes the put."""
    silent = {(day, "put", 95.0): (float("nan"), float("nan")) for day in range(1, 12)}
    market = options_market((100,) * 12, quoted=silent)
    put = cash_secured_put(contract(market, "put", 95))
    run = ran(engine(), market, Scripted({10: [Signal.structure(put)]}), rules=rules(max_age=max_age))
    assert run.fills()[:1] == [(-1.0, 1.13)][:fills]
    assert [reason for _, reason, _ in run.reasons("s0")][:1] == ["" if fills else "no_quote"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bid_of_nothing_opens_no_short(engine):
    market = options_market(FLAT, quoted={(0, "put", 90.0): (0.0, 0.05)})
    put = cash_secured_put(contract(market, "put", 90))
    run = ran(engine(), market, Scripted({0: [Signal.structure(put)]}), rules=rules())
    assert run.reasons("s0") == [("rejected", "no_quote", 0.0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_side_at_all_refuses_a_close(engine):
    market = options_market(FLAT, quoted={(1, "call", 105.0): (0.0, 0.0)})
    spread = vertical(contract(market, "call", 100), contract(market, "call", 105))
    strategy = Scripted({0: [Signal.structure(spread)], 1: [Signal.close(spread)]})
    run = ran(engine(), market, strategy, rules=rules())
    assert run.reasons("s0")[1] == ("rejected", "no_quote", 0.0)
    assert len(run.fills()) == 4  # opened, and settled on the last day


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cross": 1.5}, "cross must lie in 0..1"),
        ({"quotes": "later"}, "quotes must be"),
        ({"max_age": "soon"}, "frequency must be like"),
        ({"per_contract": -1.0}, "a fee is never negative"),
        ({"minimum": 1.0}, "a minimum needs per_contract"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        OptionRules(**settings)
