"""What a structure costs, is worth, can lose and win."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.options.greeks import Greeks
from orchestrate.domain.options.makers import (
    butterfly,
    calendar,
    cash_secured_put,
    covered_call,
    iron_condor,
    straddle,
    strangle,
    vertical,
)
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.structure import Leg, Structure
from tests.domain.options.contracts import CLOSING, FEBRUARY, JANUARY, JUNE, OPENING, call, put

CONDOR = iron_condor(put(745), put(747.5), call(750), call(752.5), quantity=10)


# ---- prices


def test_what_a_buyer_and_a_seller_get_for_a_quote():
    quote = Quote(1.0, 1.4)
    assert (quote.price(buys=True), quote.price(buys=False)) == (1.4, 1.0)
    assert quote.price(buys=True, cross=0.5) == quote.price(buys=False, cross=0.5) == pytest.approx(1.2) == quote.mid
    assert quote.price(buys=True, cross=0.0) == 1.0


@pytest.mark.parametrize("missing", [0.0, nan])
def test_a_missing_side_stops_only_those_who_need_it(missing):
    nobody_sells, nobody_buys = Quote(1.0, missing), Quote(missing, 1.0)
    assert nobody_sells.price(buys=False) == nobody_buys.price(buys=True) == 1.0
    assert isnan(nobody_sells.price(buys=True))
    assert isnan(nobody_buys.price(buys=False))
    assert isnan(nobody_sells.price(buys=False, cross=0.5))
    assert isnan(nobody_buys.price(buys=True, cross=0.5))
    assert isnan(nobody_buys.mid)


@pytest.mark.parametrize("cross", [1.0, 0.5])
def test_what_nobody_buys_is_given_up_at_nothing(cross):
    assert Quote(0.0, 0.05).price(buys=False, cross=cross, gives_up=True) == 0.0
    assert isnan(Quote(0.0, 0.05).price(buys=False, cross=cross))
    assert isnan(Quote(0.0, 0.0).price(buys=False, cross=cross, gives_up=True))
    assert Quote(0.03, 0.05).price(buys=False, gives_up=True) == 0.03


def test_published_prices_of_a_condor_a_straddle_and_a_spread():
    """Lean's accounts of 200,000 end at these amounts, after fees of 26, 13 and 4.50."""
    bought = straddle(put(752.5), call(752.5), quantity=10)
    spread = vertical(call(745, JUNE), call(750, JUNE), quantity=5)
    assert 200_000 - 26 + CONDOR.profit(CONDOR.price(OPENING), CONDOR.mid(CLOSING)) == pytest.approx(197_524.00)
    assert 200_000 - 13 + bought.profit(bought.price(OPENING), bought.mid(CLOSING)) == pytest.approx(197_787.00)
    assert 200_000 - 4.5 + spread.profit(spread.price(OPENING), spread.mid(CLOSING)) == pytest.approx(199_145.50)


def test_the_price_follows_how_much_of_the_spread_is_crossed():
    assert CONDOR.price(OPENING) == pytest.approx(12.2 - 12.0 - 12.9 + 12.8)
    assert (
        CONDOR.price(OPENING, 0.5) == pytest.approx(CONDOR.mid(OPENING)) == pytest.approx(11.5 - 12.6 - 13.55 + 12.25)
    )


def test_a_leg_without_a_quote_has_no_price_nor_has_the_structure():
    quotes = {**OPENING, call(750).symbol: Quote(0.0, 14.2)}
    unpriced = [symbol for symbol, price in CONDOR.fill_prices(quotes).items() if isnan(price)]
    assert unpriced == ["GOOG 2016-01-15 C 750"]
    assert isnan(CONDOR.price(quotes))
    assert isnan(CONDOR.mid(quotes))
    del quotes[call(750).symbol]
    assert isnan(CONDOR.price(quotes))


def test_a_structure_closes_what_nobody_buys_at_nothing():
    held = vertical(put(747.5), put(745)).reversed().reversed()
    quotes = {put(747.5).symbol: Quote(0.0, 0.05), put(745).symbol: Quote(0.0, 0.05)}
    assert held.reversed().fill_prices(quotes, gives_up=True) == {put(747.5).symbol: 0.0, put(745).symbol: 0.05}
    assert held.reversed().price(quotes, gives_up=True) == pytest.approx(0.05)
    assert isnan(held.reversed().price(quotes))


def test_a_structure_is_liquidated_across_all_spreads():
    assert CONDOR.liquidation(CLOSING) == pytest.approx(11.4 - 13.1 - 12.6 + 11.0)
    worthless = {**CLOSING, put(745).symbol: Quote(0.0, 0.05)}
    assert CONDOR.liquidation(worthless) == pytest.approx(0.0 - 13.1 - 12.6 + 11.0)
    assert isnan(CONDOR.liquidation({**CLOSING, put(747.5).symbol: Quote(0.0, 0.0)}))


def test_shares_count_in_the_price_of_a_covered_call():
    bought = covered_call(call(750), quantity=2)
    quotes = {**OPENING, "GOOG": Quote(748.4, 748.4)}
    assert bought.price(quotes) == pytest.approx(748.4 - 12.9)
    assert bought.money(bought.price(quotes)) == pytest.approx(2 * (74_840 - 1_290))


def test_small_and_large_contracts_in_one_structure():
    mini = call(750, root="GOOG7", multiplier=10.0)
    mini = replace(mini, underlying="GOOG")
    mixed = Structure((Leg(call(750), -1), Leg(mini, 10)))
    assert mixed.bounds == (0.0, 0.0)
    assert mixed.money(mixed.net({call(750).symbol: 12.0, mini.symbol: 13.0})) == pytest.approx(100.0)


# ---- greeks


def test_greeks_are_summed_in_units_of_the_underlying():
    part = Greeks(0.5, 0.01, -0.2, 0.9)
    known = {call(750).symbol: part, call(752.5).symbol: Greeks(0.4, 0.01, -0.1, 0.8)}
    total = vertical(call(750), call(752.5), quantity=3).greeks(known)
    assert total == Greeks(*(pytest.approx(value) for value in (30.0, 0.0, -30.0, 30.0)))
    assert covered_call(call(750)).greeks(known) == Greeks(50.0, -1.0, 20.0, -90.0)
    assert isnan(CONDOR.greeks(known).delta)


# ---- at expiry


@pytest.mark.parametrize(
    ("structure", "least", "greatest"),
    [
        (CONDOR, -2.5, 0.0),
        (iron_condor(put(7090), put(7185), call(7510), call(7605)), -95.0, 0.0),
        (iron_condor(put(7135), put(7185), call(7500), call(7660)), -160.0, 0.0),
        (vertical(call(745), call(750)), 0.0, 5.0),
        (vertical(put(745), put(750)), -5.0, 0.0),
        (butterfly(call(740), call(750), call(760)), 0.0, 10.0),
        (butterfly(put(720), put(750), put(760)), -20.0, 10.0),
        (straddle(put(750), call(750)), 0.0, inf),
        (strangle(put(745), call(755), sold=True), -inf, 0.0),
        (cash_secured_put(put(750)), -750.0, 0.0),
        (Structure((Leg(call(740), 1), Leg(call(750), -2))), -inf, 10.0),
        (Structure((Leg(call(740), -1), Leg(call(750), 2))), -10.0, inf),
        (Structure((Leg(put(740), -3), Leg(put(750), 2))), -720.0, 20.0),
    ],
)
def test_least_and_greatest_value_at_expiry(structure, least, greatest):
    assert structure.bounds == (least, greatest)
    assert structure.reversed().bounds == (-greatest, -least)


def test_gross_losses_of_published_condors():
    condors = (
        iron_condor(put(7090), put(7185), call(7510), call(7605), quantity=2),
        iron_condor(put(7135), put(7185), call(7500), call(7660), quantity=2),
    )
    assert [condor.greatest_loss(0.0) for condor in condors] == [19_000.0, 32_000.0]
    assert CONDOR.greatest_loss(0.0) == 2_500.0


@pytest.mark.parametrize(
    "structure", [calendar(call(750), call(750, FEBRUARY)), covered_call(call(750)), Structure((Leg("GOOG", 100),))]
)
def test_calendars_and_structures_with_shares_are_not_bounded(structure):
    assert structure.bounds is None
    assert structure.greatest_loss(1.0) is None
    assert structure.greatest_profit(1.0) is None
    assert structure.share_of_profit(1.0, 2.0) is None
    assert structure.bounded(-123.0) == -123.0


def test_a_covered_call_is_worth_its_shares_up_to_the_strike():
    assert covered_call(call(750)).value_at(np.array([0.0, 740.0, 750.0, 800.0])).tolist() == [0.0, 740.0, 750.0, 750.0]


def test_a_mark_is_held_within_what_it_can_become():
    assert [CONDOR.bounded(price) for price in (-2.55, -1.0, 0.1)] == [-2.5, -1.0, 0.0]


def test_profit_as_a_share_of_the_greatest():
    condor = iron_condor(put(740), put(745), call(755), call(760), quantity=2)
    assert condor.greatest_profit(-2.0) == 400.0
    assert condor.greatest_loss(-2.0) == 600.0
    assert condor.share_of_profit(-2.0, -1.0) == 0.5
    assert condor.share_of_profit(-2.0, -5.0) == -1.5


def test_there_is_no_share_of_an_infinite_or_impossible_profit():
    assert straddle(put(750), call(750)).share_of_profit(20.0, 25.0) is None
    assert vertical(call(745), call(750)).share_of_profit(5.5, 5.0) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.integers(-4, 4)), min_size=1, max_size=6))
def test_no_price_of_the_underlying_leads_out_of_the_bounds(legs):
    chosen = {(is_call, strike): ratio for is_call, strike, ratio in legs if ratio}
    if not chosen:
        return
    parts = tuple(Leg((call if right else put)(strike), ratio) for (right, strike), ratio in chosen.items())
    structure = Structure(parts)
    least, greatest = structure.bounds
    values = structure.value_at(np.linspace(0.0, 200.0, 401))
    assert values.min() >= least - 1e-9
    assert values.max() <= greatest + 1e-9
    assert values.min() == least or (least == -inf and values[-1] < values[-2])
    assert values.max() == greatest or (greatest == inf and values[-1] > values[-2])


# ---- what it is


def test_a_structure_is_called_by_its_legs():
    assert vertical(put(747.5), put(750)).symbol == "+1 GOOG 2016-01-15 P 747.5, -1 GOOG 2016-01-15 P 750"
    assert covered_call(call(750)).symbol == "+100 GOOG, -1 GOOG 2016-01-15 C 750"


def test_a_structure_knows_its_underlying_and_first_expiry():
    spread = calendar(call(750), call(750, FEBRUARY))
    assert (spread.underlying, spread.expiry, spread.multiplier) == ("GOOG", JANUARY, 100.0)
    shares = Structure((Leg("GOOG", 100),))
    assert (shares.underlying, shares.expiry, shares.multiplier) == ("", None, 1.0)


def test_symbols_of_legs_become_contracts_and_others_shares():
    named = Structure((Leg("GOOG", 100), Leg(call(750).symbol, -1)), 2, "income")
    assert named.options == ()
    assert named.resolved({call(750).symbol: call(750)}) == covered_call(call(750), quantity=2, tag="income")


def test_a_structure_times_another_quantity():
    assert CONDOR.times(3) == replace(CONDOR, quantity=3)
    assert CONDOR.times(3).money(-1.0) == -300.0


@pytest.mark.parametrize("ratio", [0, 1.5, nan, inf])
def test_a_ratio_is_a_whole_number(ratio):
    with pytest.raises(ValueError, match=r"GOOG: the ratio of a leg is a whole number other than 0, not"):
        Leg("GOOG", ratio)


@pytest.mark.parametrize(
    ("legs", "quantity", "message"),
    [
        ((), 1, "a structure needs a leg"),
        ((Leg("GOOG", 1),), 0, "whole number from 1 on, not 0"),
        ((Leg("GOOG", 1),), 1.5, r"whole number from 1 on, not 1\.5"),
        ((Leg(put(750)), Leg(put(750), -1)), 1, "GOOG 2016-01-15 P 750 is in two legs"),
        ((Leg(put(750)), Leg(put(750, root="SPX"))), 1, "legs are on GOOG and SPX: a structure has one underlying"),
    ],
)
def test_a_structure_that_cannot_be(legs, quantity, message):
    with pytest.raises(ValueError, match=message):
        Structure(legs, quantity)


def test_a_leg_needs_a_name():
    with pytest.raises(ValueError, match="a leg needs a contract or a symbol"):
        Leg("")
