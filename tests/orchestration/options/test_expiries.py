"""Expiry: one price for everybody, taken once, and what positions come to at it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.events import (
    OptionAssignedEvent,
    OptionExercisedEvent,
    OptionExpiredEvent,
    OptionSettledEvent,
)
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.options.contract import Delivery
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import DAY, market_of, series
from tests.orchestration.harness import PLAIN, HarnessRun, Part, Scripted, run_harness
from tests.orchestration.options.chains import contract, options_market

RIGHTS = [(right, strike) for strike in (90, 95, 100, 105, 110) for right in ("call", "put")]


def held_to_expiry(market: Market, *legs: tuple[str, float, int], strategies: int = 1) -> HarnessRun:
    structure = Structure(tuple(Leg(contract(market, right, strike), ratio) for right, strike, ratio in legs))
    parts = {
        f"s{number}": Part(Scripted({0: [Signal.structure(structure)]}), ("X", "XO"), 100 // strategies)
        for number in range(strategies)
    }
    return run_harness(market, parts, PLAIN, capital=1_000_000)


def with_chain(market: Market, settlement: str = "pm", **changes: object) -> Market:
    chain = market.chains["XO"]
    own = replace(chain, terms=replace(chain.terms, settlement=settlement), **changes)
    return replace(market, chains={"XO": own}).with_room()


def test_one_price_counts_for_all_legs_and_strategies() -> None:
    run = held_to_expiry(
        options_market((100, 100, 107)), ("call", 105, -1), ("call", 100, 1), ("put", 100, 1), strategies=2
    )
    [settled] = run.of(OptionSettledEvent)
    assert (settled.chain, settled.underlying, settled.settlement, settled.price) == ("XO", "X", "pm", 107.0)
    symbol = settled.expires_on
    assert [(one.strategy_id, one.symbol, one.quantity, one.cash) for one in run.of(OptionExercisedEvent)] == [
        (name, f"XO {symbol} C 100", 1.0, 700.0) for name in ("s0", "s1")
    ]
    assert [(one.quantity, one.cash, one.shares, one.early) for one in run.of(OptionAssignedEvent)] == [
        (-1.0, -200.0, 0.0, "")
    ] * 2
    assert {one.symbol for one in run.of(OptionExpiredEvent)} == {f"XO {symbol} P 100"}


@pytest.mark.parametrize(
    ("ratio", "kind", "shares"), [(1, OptionExercisedEvent, -100.0), (-1, OptionAssignedEvent, 100.0)]
)
def test_a_delivery_is_reported_with_its_shares(ratio: int, kind: type, shares: float) -> None:
    run = held_to_expiry(options_market((100, 100, 97), delivery="physical"), ("put", 100, ratio))
    [event] = run.of(kind)
    assert (event.price, event.cash, event.shares) == (97.0, -100.0 * shares, shares)
    assert run.results["s0"].open_positions[0].quantity == shares


@pytest.mark.parametrize(("close", "exercised"), [(100.009, 0), (100.01, 1)])
def test_a_cent_in_the_money_is_exercised(close: float, exercised: int) -> None:
    run = held_to_expiry(options_market((100, 100, close)), ("call", 100, 1))
    assert (len(run.of(OptionExercisedEvent)), len(run.of(OptionExpiredEvent))) == (exercised, 1 - exercised)


def test_the_last_price_before_the_expiry_counts_where_its_day_has_no_bar() -> None:
    """The bar of the day after says only that the day is over."""
    market = options_market((100, 100, 103, 90))
    chain = market.chains["XO"]
    bars = series("X", [(close, close) for close in (100, 100, 103, 90)], days=(0, 1, 2, 4))
    expiry = int(bars.available_at[2]) + DAY
    days = replace(chain.contracts, expiry=np.full(10, expiry), day=np.full(10, expiry // DAY))
    chain = replace(chain, contracts=days, moments=bars.available_at, quoted_at=bars.available_at)
    quotes = series("XO", [(close, close) for close in (100, 100, 103, 90)], days=(0, 1, 2, 4))
    gap = replace(market_of(bars, quotes), chains={"XO": chain}).with_room()
    run = held_to_expiry(gap, ("call", 100, 1))
    [settled] = run.of(OptionSettledEvent)
    assert (settled.price, settled.t) == (103.0, int(bars.timestamp[3]))


@pytest.mark.parametrize("settlement", ["am", "pm"])
def test_a_given_price_counts_in_place_of_the_close(settlement: str) -> None:
    market = options_market((100, 100, 107))
    day = contract(market, "call", 100).expires_on
    run = held_to_expiry(with_chain(market, settlement, settlement_prices={day: 104.5}), ("call", 100, 1))
    assert [one.price for one in run.of(OptionSettledEvent)] == [104.5]
    assert run.of(OptionExercisedEvent)[0].cash == 450.0


def test_what_nobody_knows_the_settlement_of_is_not_opened() -> None:
    market = with_chain(options_market((100, 100, 107)), "am", settlement_prices={"2019-01-01": 1.0})
    run = held_to_expiry(market, ("call", 100, 1))
    assert run.reasons("s0") == [("rejected", "no_settlement", 0.0)]
    assert not run.fills()


def test_what_expires_beyond_the_data_needs_no_settlement() -> None:
    market = options_market((100, 100, 107))
    chain = market.chains["XO"]
    later = replace(chain.contracts, expiry=chain.contracts.expiry + 9 * DAY, day=chain.contracts.day + 9)
    run = held_to_expiry(with_chain(market, "am", contracts=later), ("call", 100, 1))
    assert [one.quantity for one in run.results["s0"].open_positions] == [1.0]


def test_bars_that_act_when_they_begin_settle_what_ends_with_them() -> None:
    """The last bar of a session has its close at the expiry, and is stamped with its beginning."""
    length = 500_000
    market = options_market((100, 100, 107))
    chain = market.chains["XO"]
    bars = replace(market.series["X"], length=length)
    expiry = np.full(10, int(bars.available_at[-1]) + length)
    own = {"X": bars, "XO": market.series["XO"]}
    chain = replace(chain, contracts=replace(chain.contracts, expiry=expiry), lag=length, length=length)
    run = held_to_expiry(replace(market, series=own, chains={"XO": chain}).with_room(), ("call", 100, 1))
    assert [one.price for one in run.of(OptionSettledEvent)] == [107.0]


@settings(max_examples=25, deadline=None)
@given(
    legs=st.dictionaries(st.sampled_from(RIGHTS), st.sampled_from([-2, -1, 1, 3]), min_size=1, max_size=5),
    last=st.integers(8_000, 12_000),
    delivery=st.sampled_from(["cash", "physical"]),
)
def test_a_settled_structure_has_won_its_payoff_less_its_entry(
    legs: dict[tuple[str, float], int], last: int, delivery: Delivery
) -> None:
    """Delivered shares are worth the settlement price, at which they are marked."""
    market = options_market((100, 100, last / 100), delivery=delivery)
    run = held_to_expiry(market, *((right, strike, ratio) for (right, strike), ratio in legs.items()))
    opened = run.orchestrator.fills[: len(legs)]
    entry = sum(record.fill.quantity * record.fill.price * 100 for record in opened)
    structure = Structure(tuple(Leg(contract(market, right, strike), ratio) for (right, strike), ratio in legs.items()))
    payoff = 100 * float(structure.value_at(np.array([last / 100]))[0])
    assert round(run.results["s0"].equity[-1] - 1_000_000, 2) == round(payoff - entry, 2)
    assert all(one.symbol == "X" for one in run.results["s0"].open_positions)
