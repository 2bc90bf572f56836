"""What an account must hold for options: published figures, rules, and properties."""

from __future__ import annotations

from itertools import permutations
from math import inf, isinf, nan

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrate.domain.options import makers
from orchestrate.domain.options.margin.requirement import (
    BROAD_INDEX,
    CASH_ACCOUNT,
    EQUITY,
    Holding,
    MarginRule,
    Requirement,
    margin_rule,
    opened,
    requirement,
)
from orchestrate.domain.options.structure import Leg, Structure
from tests.domain.options.contracts import FEBRUARY, JANUARY, JUNE, OPENING, call, put
from tests.domain.options.margin.every_pairing import least_requirement


def held(structure: Structure, *prices: float) -> list[Holding]:
    """Return the options of a structure, opened at prices by leg; at nothing if none are given."""
    options = [leg.symbol for leg in structure.legs if leg.option is not None]
    return opened(structure, dict(zip(options, prices or [0.0] * len(options), strict=True)))


# ---- published


@pytest.mark.parametrize(
    ("condor", "gross"),
    [
        (makers.iron_condor(put(7090), put(7185), call(7510), call(7605), 2), 19_000.0),
        (makers.iron_condor(put(7135), put(7185), call(7500), call(7660), 2), 32_000.0),
        (makers.iron_condor(put(745), put(747.5), call(750), call(752.5), 10), 2_500.0),
    ],
)
def test_published_margins_of_condors(condor, gross):
    assert requirement(held(condor), 7_300.0) == Requirement(gross, gross, loss=gross)


def test_a_condor_at_its_published_quotes_needs_its_loss_and_what_it_cost():
    condor = makers.iron_condor(put(745), put(747.5), call(750), call(752.5), 10)
    needed = requirement(opened(condor, condor.fill_prices(OPENING)), 748.4)
    assert (needed.gross, needed.credit, needed.required) == tuple(pytest.approx(x) for x in (2_500, -100, 2_600))


@pytest.mark.parametrize(("contract", "price", "needed"), [(call(192), 196.0, 10_640.0), (put(192), 182.0, 10_080.0)])
def test_published_margins_of_naked_shorts(contract, price, needed):
    assert requirement([Holding(contract, -2, 14.0, 14.0)], price) == Requirement(
        needed, needed, 0.0, ((contract.symbol, 2),)
    )


# ---- naked


@pytest.mark.parametrize(
    ("contract", "rule", "margin"),
    [
        (call(110), EQUITY, 10.0),
        (call(105), EQUITY, 15.0),
        (call(150), EQUITY, 10.0),
        (put(95), EQUITY, 15.0),
        (put(60), EQUITY, 6.0),
        (call(102), BROAD_INDEX, 13.0),
        (put(90), BROAD_INDEX, 9.0),
        (put(110), BROAD_INDEX, 15.0),
    ],
)
def test_a_naked_short_needs_a_share_of_the_underlying_beside_its_premium(contract, rule, margin):
    assert requirement([Holding(contract, -1, 1.0, 3.0)], 100.0, rule).required == pytest.approx(100 * (3 + margin))


def test_of_a_strangle_the_greater_side_counts_and_the_premium_of_the_other():
    strangle = makers.strangle(put(95), call(105), 3, sold=True)
    # put: 2 + 15, call: 4 + 15
    assert requirement(held(strangle, 2.0, 4.0), 100.0).required == pytest.approx(300 * (4 + 15 + 2))
    # put: 2 + 20 - 2, call: 4 + 10, since a call at 120 is 20 out of the money
    wide = makers.strangle(put(98), call(120), sold=True)
    assert requirement(held(wide, 2.0, 4.0), 100.0).required == pytest.approx(100 * (2 + 18 + 4))


def test_sides_of_a_strangle_that_need_as_much_count_once():
    strangle = makers.strangle(put(95), call(110), sold=True)
    # 1 + 15 and 6 + 10
    assert requirement(held(strangle, 1.0, 6.0), 100.0).required == pytest.approx(100 * (16 + 1))


def test_a_naked_short_counts_less_than_a_wing_that_is_further_away():
    """As brokers' rules have it: the lesser of the two; the long has then cost its price and no more."""
    spread = makers.vertical(put(40), put(100))
    needed = requirement(held(spread, 0.5, 3.0), 100.0)
    assert needed.required == pytest.approx(100 * (3 + 20) + 50)
    assert needed.naked == ((put(100).symbol, 1),)


# ---- defined


@pytest.mark.parametrize(
    ("structure", "prices", "required"),
    [
        (makers.vertical(call(95), call(100)), (6.0, 3.0), 300.0),
        (makers.vertical(put(95), put(100)), (2.0, 4.0), 300.0),
        (makers.iron_condor(put(90), put(95), call(105), call(115)), (1.0, 2.0, 2.0, 0.5), 750.0),
        (makers.iron_butterfly(put(95), put(100), call(100), call(105)), (1.0, 3.0, 3.0, 1.0), 100.0),
        (makers.butterfly(call(95), call(100), call(105)), (6.0, 3.0, 1.0), 100.0),
        (makers.butterfly(call(95), call(100), call(115)), (6.0, 3.0, 0.5), 1_050.0),
        (makers.butterfly(put(80), put(100), put(105)), (0.5, 3.0, 6.0), 1_550.0),
        (makers.straddle(put(100), call(100)), (3.0, 4.0), 700.0),
        (makers.calendar(call(100), call(100, FEBRUARY)), (3.0, 5.0), 200.0),
        (makers.calendar(put(100), put(100, JUNE)), (3.0, 7.0), 400.0),
        (Structure((Leg(call(100), -1), Leg(call(105), 2))), (4.0, 1.5), 400.0),
        (Structure((Leg(put(100), -3), Leg(put(95), 3), Leg(put(90), 2))), (4.0, 2.0, 1.0), 1_100.0),
    ],
)
def test_what_structures_of_defined_risk_require(structure, prices, required):
    needed = requirement(held(structure, *prices), 100.0)
    assert needed.required == pytest.approx(required)
    assert needed.naked == needed.covered == ()
    if structure.is_bounded:
        assert required == pytest.approx(structure.greatest_loss(structure.net(dict(_fills(structure, prices)))))


def _fills(structure, prices):
    return zip((leg.symbol for leg in structure.legs), prices, strict=True)


def test_more_than_a_loss_at_expiry_is_no_capital():
    assert requirement(held(makers.vertical(call(95), call(100)), 3.0, 4.0), 100.0).required == 0.0


def test_a_long_that_expires_first_covers_nothing():
    early = makers.calendar(call(100), call(100, FEBRUARY), sold=True)
    needed = requirement(held(early, 3.0, 5.0), 100.0)
    assert needed.naked == ((call(100, FEBRUARY).symbol, 1),)
    assert needed.required == pytest.approx(100 * (5 + 20) + 300)


def test_positions_opened_one_by_one_are_one_condor():
    """A put spread and a call spread can't both lose."""
    condor = held(makers.iron_condor(put(90), put(95), call(105), call(115)))
    spreads = [held(makers.vertical(put(90), put(95))), held(makers.vertical(call(115), call(105)))]
    assert requirement([*spreads[0], *spreads[1]], 100.0) == requirement(condor, 100.0)
    assert [requirement(spread, 100.0).gross for spread in spreads] == [500.0, 1_000.0]


# ---- shares


def test_shares_cover_calls():
    needed = requirement([Holding(call(100), -3, 2.0, 4.0)], 100.0, shares=250.0)
    assert needed.covered == ((call(100).symbol, 2),)
    assert needed.naked == ((call(100).symbol, 1),)
    assert needed.required == pytest.approx(100 * (4 + 20) - 2 * 200)
    assert requirement([Holding(call(100), -2, 2.0, 4.0)], 100.0, shares=200.0).required == 0.0


def test_shares_cover_the_call_that_would_need_most():
    calls = [Holding(call(100), -1, 2.0, 4.0), Holding(call(90), -1, 8.0, 12.0)]
    assert requirement(calls, 100.0, shares=100.0).covered == ((call(90).symbol, 1),)


def test_a_protective_put_and_a_collar_require_what_their_options_cost():
    assert requirement([Holding(put(95), 1, 2.0, 1.0)], 100.0, shares=100.0).required == 200.0
    collar = makers.collar(put(95), call(105))
    assert requirement(held(collar, 3.0, 2.0), 100.0, shares=100.0).required == 100.0
    assert requirement(held(collar, 2.0, 3.0), 100.0, shares=100.0).required == 0.0


@pytest.mark.parametrize("shares", [0.0, -100.0])
def test_no_shares_cover_nothing(shares):
    assert requirement([Holding(call(100), -1, 2.0, 2.0)], 100.0, shares=shares).required == pytest.approx(2_200.0)


# ---- cash accounts


def test_a_cash_account_reserves_the_strike_of_a_put_less_its_premium():
    assert requirement(held(makers.cash_secured_put(put(95), 2), 3.0), 100.0, CASH_ACCOUNT).required == 2 * 9_200.0


def test_a_cash_account_has_no_naked_calls():
    needed = requirement([Holding(call(105), -2, 3.0, 3.0)], 100.0, CASH_ACCOUNT, shares=100.0)
    assert isinf(needed.required)
    assert needed.naked == ((call(105).symbol, 1),)
    assert requirement([Holding(call(105), -1, 3.0, 3.0)], 100.0, CASH_ACCOUNT, shares=100.0).required == 0.0


def test_a_cash_account_has_spreads():
    condor = makers.iron_condor(put(90), put(95), call(105), call(115))
    assert requirement(held(condor), 100.0, CASH_ACCOUNT).required == 1_000.0


# ---- one option in several positions


def test_positions_in_one_option_are_netted():
    both = [Holding(call(100), 3, 2.0, 2.5), Holding(call(100), 1, 4.0, 2.5), Holding(call(100), -2, 9.0, 2.5)]
    assert requirement(both, 100.0) == requirement([Holding(call(100), 2, 2.5, 2.5)], 100.0)
    assert requirement([Holding(call(100), 1, 2.0, 2.0), Holding(call(100), -1, 3.0, 2.0)], 100.0) == Requirement()


def test_no_options_require_nothing():
    assert requirement([], 100.0) == Requirement()


def test_half_a_contract_is_refused():
    with pytest.raises(ValueError, match=r"GOOG 2016-01-15 C 100: options come in whole contracts, not 0\.5"):
        Holding(call(100), 0.5, 1.0, 1.0)


@pytest.mark.parametrize(("price", "mark"), [(nan, 1.0), (1.0, nan), (inf, 1.0)])
def test_a_position_without_a_price_is_refused(price, mark):
    with pytest.raises(ValueError, match="GOOG 2016-01-15 C 100: a position needs a price and a mark, not"):
        Holding(call(100), 1, price, mark)


def test_the_price_of_the_underlying_must_be_known():
    with pytest.raises(ValueError, match="GOOG: a requirement needs the price of the underlying, not nan"):
        requirement([Holding(call(100), -1, 1.0, 1.0)], nan)


def test_a_requirement_is_that_of_one_underlying():
    both = [Holding(call(100), -1, 1.0, 1.0), Holding(call(100, root="SPX"), 1, 1.0, 1.0)]
    with pytest.raises(ValueError, match="that of one underlying, not of GOOG and SPX"):
        requirement(both, 100.0)


def test_which_rule_an_underlying_has():
    rules = [margin_rule(*of) for of in (("equity",), ("etf", "margin"), ("index",), ("index", "cash"))]
    assert rules == [EQUITY, EQUITY, BROAD_INDEX, CASH_ACCOUNT]


# ---- properties


RULES = st.sampled_from([EQUITY, BROAD_INDEX, CASH_ACCOUNT])


@st.composite
def portfolios(draw, most_legs=5, most_lots=2, expiries=(JANUARY, FEBRUARY)):
    """Return positions in some options on an underlying at 50, with prices that they could have."""
    contracts = st.tuples(
        st.sampled_from([call, put]), st.sampled_from([20, 40, 45, 50, 55, 60, 80]), st.sampled_from(expiries)
    )
    legs = draw(st.lists(contracts, min_size=1, max_size=most_legs, unique=True))
    return [
        _position(make(strike, expiry), draw(st.integers(-most_lots, most_lots)), draw) for make, strike, expiry in legs
    ]


def _position(contract, quantity, draw):
    mark = contract.intrinsic(50.0) + draw(st.integers(0, 16)) / 4
    return Holding(contract, quantity, mark * draw(st.sampled_from([0.5, 1.0, 1.25])), mark)


@given(portfolios(), RULES, st.sampled_from([0.0, 100.0, 250.0]))
@settings(max_examples=50)
def test_the_requirement_is_the_least_over_every_pairing(holdings, rule, shares):
    assume(sum(abs(one.quantity) for one in holdings) <= 7)
    expected = least_requirement(holdings, 50.0, rule, shares)
    assert requirement(holdings, 50.0, rule, shares).required == (
        inf if isinf(expected) else pytest.approx(expected, abs=1e-6)
    )


@given(portfolios(most_legs=4, most_lots=5), RULES)
@settings(max_examples=15)
def test_the_order_of_opening_changes_nothing(holdings, rule):
    first = requirement(holdings, 50.0, rule, 100.0)
    for turned in permutations(holdings):
        assert requirement(turned, 50.0, rule, 100.0) == first


@given(portfolios(most_legs=8, most_lots=9, expiries=(JANUARY,)), RULES)
@settings(max_examples=30)
def test_what_is_not_naked_is_never_below_its_loss_at_expiry_less_credit(holdings, rule):
    needed = requirement(holdings, 50.0, rule)
    assume(not needed.naked and any(one.quantity for one in holdings))
    structure = Structure(tuple(Leg(one.contract, one.quantity) for one in holdings if one.quantity))
    gross = structure.money(max(0.0, -structure.bounds[0]))
    assert needed.gross == pytest.approx(gross)
    assert needed.required == pytest.approx(max(gross - sum(one.credit for one in holdings), 0.0))


@given(portfolios(most_legs=8, most_lots=9), RULES, st.randoms())
@settings(max_examples=20)
def test_the_requirement_is_never_above_that_of_pairs_in_any_order(holdings, rule, random):
    """Each contract that is opened takes the first partner that there is."""
    parts = [Holding(one.contract, step, one.price, one.mark) for one in holdings for step in _steps(one.quantity)]
    random.shuffle(parts)
    pairs: list[list[Holding]] = []
    for part in parts:
        single = next((pair for pair in pairs if len(pair) == 1 and pair[0].quantity != part.quantity), None)
        pairs.append([part]) if single is None else single.append(part)
    total = sum(requirement(pair, 50.0, rule).required for pair in pairs)
    assert requirement(holdings, 50.0, rule).required <= total + 1e-6


def _steps(quantity):
    return [1 if quantity > 0 else -1] * abs(quantity)


@given(portfolios(most_legs=8, most_lots=9), portfolios(most_legs=1), RULES)
@settings(max_examples=30)
def test_a_long_option_never_adds_more_than_it_costs(holdings, other, rule):
    long = Holding(other[0].contract, max(abs(other[0].quantity), 1), other[0].price, other[0].mark)
    assume(all(one.contract != long.contract for one in holdings))
    with_it = requirement([*holdings, long], 50.0, rule).required
    assert with_it <= requirement(holdings, 50.0, rule).required - long.credit + 1e-6


@given(portfolios(most_legs=6, most_lots=9), portfolios(most_legs=6, most_lots=9), RULES)
@settings(max_examples=20)
def test_two_accounts_in_one_never_need_more(some, others, rule):
    contracts = {one.contract for one in some}
    rest = [one for one in others if one.contract not in contracts]
    apart = requirement(some, 50.0, rule).required + requirement(rest, 50.0, rule).required
    assert requirement([*some, *rest], 50.0, rule).required <= apart + 1e-6


def test_an_account_of_many_legs_is_paired_at_once():
    """Forty legs, nine expiries of a ladder of condors: their losses add up, since each stands alone."""
    months = [JANUARY + month * 30 * 86_400 * 10**9 for month in range(10)]
    wings = [(put(80, at), put(90, at), call(110, at), call(130, at)) for at in months]
    ladder = [one for wing in wings for one in held(makers.iron_condor(*wing, quantity=7))]
    assert requirement(ladder, 100.0, MarginRule(rate=1.0)).gross == 10 * 7 * 2_000.0


@given(portfolios(most_legs=6, most_lots=9), RULES, st.floats(1.0, 200.0), st.floats(0.1, 10.0))
@settings(max_examples=30)
def test_marks_never_raise_a_requirement_in_which_nothing_is_naked(holdings, rule, price, factor):
    needed = requirement(holdings, 50.0, rule)
    assume(not needed.naked)
    later = [Holding(one.contract, one.quantity, one.price, one.mark * factor) for one in holdings]
    assert requirement(later, price, rule).required <= needed.required + 1e-6
