"""Structures that wait: for the next quotes, for a limit, until their lifetime ends; rolls."""

from __future__ import annotations

import pytest

from orchestrate.domain.options.makers import covered_call, vertical
from orchestrate.domain.options.structure import Leg
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.option_rules import OptionRules
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from tests.orchestration.harness import PLAIN, Part, Scripted, run_harness
from tests.orchestration.options.chains import contract, options_market
from tests.orchestration.options.test_structures import ENGINES, condor, ran

NEXT = ExecutionRules(options=OptionRules(quotes="next"))
LONG = (100, 100, 100, 102, 102, 102, 102)


def spread(market, low: float = 100, high: float = 105, quantity: int = 1):
    """Time values are the same but for five cents of distance: at 100 it costs 0.09, at 102 2.06."""
    return vertical(contract(market, "call", low), contract(market, "call", high), quantity, "spread")


@pytest.mark.parametrize("engine", ENGINES)
def test_next_quotes_fill_a_step_later(engine):
    market = options_market((100, 100, 102, 102))
    seen = []

    def look(context: Context):
        seen.append((len(context.structures), len(context.waiting)))
        return [Signal.structure(spread(market))]

    run = ran(engine(), market, Scripted({0: look, 1: look, 2: look}), rules=NEXT)
    assert run.fills()[:2] == [(1.0, 0.32), (-1.0, 0.23)]
    assert seen[:2] == [(0, 0), (0, 1)]  # what waits is not ordered twice
    assert run.orchestrator.fills[0].t == market.series["X"].available_at[1]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leg_without_a_next_quote_refuses_the_whole(engine):
    market = options_market((100, 100, 100, 100), quoted={(1, "call", 105.0): (0.0, 0.0)})
    strategy = Scripted({0: [Signal.structure(spread(market))]})
    run = ran(engine(), market, strategy, rules=NEXT)
    assert run.fills() == []
    assert run.reasons("s0") == [("approved", "", 1.0), ("rejected", "no_quote", 0.0)]
    assert strategy.callbacks == ["no_quote", "stop"]


@pytest.mark.parametrize("engine", ENGINES)
def test_dearer_quotes_leave_what_can_be_paid(engine):
    """Four spreads of 9 were decided with 40 of money; at 25 each one is left."""
    dear = {(1, "call", 100.0): (0.5, 0.5), (1, "call", 105.0): (0.25, 0.25)}
    market = options_market((100, 100, 100, 100), quoted=dear)
    strategy = Scripted({0: [Signal.structure(spread(market, quantity=4))]})
    run = ran(engine(), market, strategy, rules=NEXT, capital=40)
    assert run.fills()[:2] == [(1.0, 0.5), (-1.0, 0.25)]
    assert run.reasons("s0")[:2] == [("approved", "", 4.0), ("resized", "capital", 1.0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_limit_waits_until_it_is_reached(engine):
    """A debit of at most 1 waits until the market is back at 100."""
    market = options_market((104, 104, 104, 102, 100, 100, 100))
    strategy = Scripted({0: [Signal.structure(spread(market), limit=1.0)]})
    run = ran(engine(), market, strategy, rules=PLAIN)
    (debit,) = {record.t for record in run.orchestrator.fills[:2]}
    assert debit == market.series["X"].available_at[4]
    price, other = (abs(price) for _, price in run.fills()[:2])
    assert price - other <= 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_credit_is_a_negative_limit(engine):
    """Selling the spread brings at least 1: only once the market has risen."""
    market = options_market(LONG)
    sold = spread(market).reversed()
    run = ran(engine(), market, Scripted({0: [Signal.structure(sold, limit=-1.0)]}), rules=PLAIN)
    assert run.orchestrator.fills[0].t == market.series["X"].available_at[3]
    assert len(run.fills()) == 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("terms", "reason"), [({"tif": "day"}, "expired"), ({"until": "2020-01-02"}, "expired"), ({}, "cancelled")]
)
def test_what_waits_ends_whole(engine, terms, reason):
    market = options_market(LONG)
    sold = Signal.structure(spread(market).reversed(), limit=-1.0, **terms)
    strategy = Scripted({0: [sold], 2: [] if terms else [Signal.cancel("spread")]})
    run = ran(engine(), market, strategy, rules=PLAIN)
    assert run.fills() == []
    assert [one for _, one, _ in run.reasons("s0")] == ["", reason, reason]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_never_fills_ends_with_the_data(engine):
    market = options_market((100, 100, 100))
    run = ran(engine(), market, Scripted({0: [Signal.structure(spread(market), limit=-5.0)]}), rules=PLAIN)
    assert run.fills() == []
    assert [reason for _, reason, _ in run.reasons("s0")] == ["", "unfilled_at_end", "unfilled_at_end"]


@pytest.mark.parametrize("engine", ENGINES)
def test_shares_wait_with_the_options_beside_them(engine):
    market = options_market((100, 100, 100, 100))
    call = covered_call(contract(market, "call", 105))
    run = ran(engine(), market, Scripted({0: [Signal.structure(call)]}), rules=NEXT, capital=50_000)
    shares, option = run.orchestrator.fills[:2]
    assert (shares.fill.symbol, shares.fill.price) == ("X", 100.0)
    assert (shares.t, option.t) == (market.series["X"].timestamp[1], market.series["X"].available_at[1])


@pytest.mark.parametrize("engine", ENGINES)
def test_legs_may_be_named(engine):
    market = options_market((100, 100, 100, 100))
    names = [contract(market, "call", strike).symbol for strike in (100, 105)]
    legs = [Leg(names[0]), Leg(names[1], -1), Leg("X", 10)]
    run = ran(engine(), market, Scripted({0: [Signal.structure(legs)]}), rules=PLAIN)
    assert [quantity for quantity, _ in run.fills()[:3]] == [1.0, -1.0, 10.0]


@pytest.mark.parametrize("name", ["XO 2020-01-04 C 101", "XO C", "Y"])
def test_a_leg_that_is_nothing_refuses_the_structure(name):
    market = options_market((100, 100, 100, 100))
    run = ran(ENGINES[0](), market, Scripted({0: [Signal.structure([Leg(name)])]}), rules=PLAIN)
    assert run.reasons("s0") == [("rejected", "not_tradable", 0.0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_roll_closes_and_opens_at_once(engine):
    seen = []

    def roll(context: Context):
        (held,) = context.structures
        return [Signal.roll(held, spread(market, 95, 100), tag="lower")]

    def look(context: Context):
        seen.extend((held.tag, held.quantity, held.symbol) for held in context.structures)

    market = options_market((100,) * 5)
    strategy = Scripted({0: [Signal.structure(spread(market, quantity=2))], 1: roll, 2: look})
    run = ran(engine(), market, strategy, rules=PLAIN)
    rolled = [record for record in run.orchestrator.fills if record.reason == "roll"]
    assert sum(one.fill.quantity for one in rolled) == 0.0
    traded = [(one.fill.symbol[-5:].strip(), one.fill.quantity, one.closing) for one in rolled]
    assert sorted(traded) == [
        ("C 100", -2.0, False),
        ("C 100", -2.0, True),
        ("C 105", 2.0, True),
        ("C 95", 2.0, False),
    ]
    assert seen == [("lower", 2, spread(market, 95, 100).symbol)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_roll_that_cannot_be_paid_leaves_what_is_held(engine):
    def roll(context: Context):
        (held,) = context.structures
        return [Signal.roll(held, condor(market).reversed())]

    market = options_market((100,) * 5, quoted={(1, "put", 95.0): (0.2, 9.0)})
    strategy = Scripted({0: [Signal.structure(spread(market, quantity=2))], 1: roll})
    run = ran(engine(), market, strategy, rules=PLAIN, capital=100)
    assert run.reasons("s0")[1] == ("rejected", "capital", 0.0)
    assert [record.reason for record in run.orchestrator.fills[2:]] == ["settlement"] * 2


def test_a_structure_takes_the_quantity_and_the_tag_of_its_signal():
    market = options_market((100,) * 5)
    legs = Signal.structure(condor(market), 3, tag="mine").legs
    assert legs is not None
    assert (legs.quantity, legs.tag) == (3, "mine")
    rolled = Signal.roll(spread(market, quantity=2), spread(market, 95, 100)).legs
    assert rolled is not None
    assert (rolled.quantity, rolled.tag) == (2, "spread")


def test_rolls_keep_the_quantity_and_change_something():
    market = options_market((100,) * 5)
    with pytest.raises(ValueError, match="2 are held"):
        Signal.roll(spread(market, quantity=2), spread(market, 95, 100, 3))
    with pytest.raises(ValueError, match="changes nothing"):
        Signal.roll(spread(market), spread(market))


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_closed_twice(engine):
    market = options_market((100,) * 5)
    close = Signal.close(spread(market))
    strategy = Scripted({0: [Signal.structure(spread(market))], 1: [close, close], 2: [close]})
    run = ran(engine(), market, strategy, rules=PLAIN)
    assert len(run.fills()) == 4
    assert [reason for _, reason, _ in run.reasons("s0")][-2:] == ["nothing_to_close"] * 2


def test_a_close_makes_room_within_limits():
    """A condor holds back 498 of 600 that a limit allows; at the step of its close another one fits."""
    market = options_market((100,) * 5)
    again = [Signal.close(condor(market)), Signal.structure(condor(market), tag="again")]
    strategy = Scripted({0: [Signal.structure(condor(market))], 1: again})
    part = Part(strategy, ("X", "XO"), limits={"max_position_pct": MaxPositionPct(6.0)})
    run = run_harness(market, {"s0": part}, PLAIN, capital=10_000)
    assert [outcome for outcome, _, _ in run.reasons("s0")[:3]] == ["approved"] * 3


def test_what_nobody_buys_is_reported():
    market = options_market((100,) * 4, quoted={(1, "call", 110.0): (0.0, 0.05)})
    strategy = Scripted({0: [Signal.structure(condor(market))], 1: [Signal.close(condor(market))]})
    run = ran(ENGINES[0](), market, strategy, rules=PLAIN)
    (finding,) = [one for one in run.orchestrator.session.portfolio.findings if "given up" in one.message]
    assert (finding.where, finding.count) == ("strategies.s0", 1)
