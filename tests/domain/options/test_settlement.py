"""What options become at expiry, and when they are assigned before."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.options.makers import butterfly, iron_condor, straddle, vertical
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.settlement import Settled, is_assigned_deep, is_assigned_for_dividend, settle
from tests.domain.options.contracts import DAY, DECEMBER, JANUARY, OPENING, call, put

CASH = {"delivery": "cash", "style": "european"}


@pytest.mark.parametrize(
    ("contract", "units", "price", "cash"),
    [
        (call(3200, root="SPX", **CASH), 1, 620.40, 97_514.00),
        (put(4200, root="SPX", **CASH), -1, 379.60, 997_514.00),
    ],
)
def test_published_accounts_after_settlement_in_cash(contract, units, price, cash):
    """Lean's accounts of 100,000 and 1,000,000 on SPX, settled at 3795.54 on 2021-01-14."""
    begin = 100_000 if units > 0 else 1_000_000
    settled = settle(contract, units, 3795.54)
    assert settled.outcome == ("exercised" if units > 0 else "assigned")
    assert settled.shares == 0.0
    assert begin - units * 100 * price + settled.cash == pytest.approx(cash)
    assert settled.price == pytest.approx(contract.intrinsic(3795.54))


@pytest.mark.parametrize(
    ("contract", "units", "outcome", "shares"),
    [
        (call(745), 2, "exercised", 200.0),
        (call(745), -2, "assigned", -200.0),
        (put(755), 2, "exercised", -200.0),
        (put(755), -2, "assigned", 200.0),
    ],
)
def test_physical_delivery_trades_shares_at_the_strike(contract, units, outcome, shares):
    settled = settle(contract, units, 750.0)
    assert settled == Settled(contract, units, outcome, -shares * contract.strike, shares)
    assert settled.price == 0.0


@pytest.mark.parametrize("units", [1, -1])
@pytest.mark.parametrize("price", [745.0, 744.0, 745.004])
def test_what_is_not_worth_a_cent_expires(units, price):
    for contract in (call(745), call(745, **CASH)):
        settled = settle(contract, units, price)
        assert settled == Settled(contract, units, "expired")
        assert (settled.cash, settled.shares, settled.price) == (0.0, 0.0, 0.0)


def test_a_published_account_after_exercise_and_assignment():
    """Lean buys C747.5 and sells C745 on their last day, from 100,000 with fees of 2; no shares are left."""
    held = vertical(call(747.5, DECEMBER), call(745, DECEMBER))
    parts = [settle(leg.option, leg.ratio, 748.4) for leg in held.legs]
    assert [part.outcome for part in parts] == ["exercised", "assigned"]
    assert fsum(part.shares for part in parts) == 0.0
    paid = held.money(held.price(OPENING))
    assert 100_000 - 2 - paid + fsum(part.cash for part in parts) == pytest.approx(99_648.00)


@given(st.integers(7000, 8000), st.sampled_from(["cash", "physical"]), st.integers(1, 5))
def test_a_settled_structure_pays_its_value_at_expiry(cents, delivery, quantity):
    price = cents / 10
    for structure in (
        iron_condor(put(740), put(745), call(755), call(770)),
        butterfly(call(740), call(750), call(765), sold=True),
        straddle(put(750), call(750)),
    ):
        parts = [settle(replace(leg.option, delivery=delivery), leg.ratio * quantity, price) for leg in structure.legs]
        paid = fsum(part.cash + part.shares * price for part in parts)
        value = float(structure.value_at(np.array([price]))[0])
        assert paid == pytest.approx(structure.times(quantity).money(value), abs=0.005)


@pytest.mark.parametrize(
    ("contract", "price", "ask", "dividend", "assigned"),
    [
        (call(700), 750.0, 0.40, 0.50, True),
        (call(700), 750.0, 0.50, 0.50, False),
        (call(700), 750.0, 0.0, 0.50, False),
        (call(700), 700.0, 0.40, 0.50, False),
        (call(700, style="european"), 750.0, 0.40, 0.50, False),
        (put(800), 750.0, 0.40, 0.50, False),
    ],
)
def test_a_call_is_assigned_for_a_dividend_that_its_put_does_not_cost(contract, price, ask, dividend, assigned):
    assert is_assigned_for_dividend(contract, price, Quote(0.1, ask), dividend) is assigned


@pytest.mark.parametrize(
    ("contract", "quote", "days", "assigned"),
    [
        (call(700), Quote(49.9, 50.1), 4, True),
        (call(700), Quote(49.92, 50.1), 4, True),
        (call(700), Quote(49.94, 50.1), 4, False),
        (call(700), Quote(49.9, 50.1), 5, False),
        (call(700), Quote(49.9, 50.1), -1, False),
        (call(700), Quote(0.0, 50.1), 1, False),
        (call(750), Quote(0.0, 0.01), 1, False),
        (call(700, style="european"), Quote(49.9, 50.1), 1, False),
        (put(800), Quote(49.9, 50.1), 1, True),
    ],
)
def test_an_option_without_time_value_is_assigned_in_its_last_days(contract, quote, days, assigned):
    assert is_assigned_deep(contract, 750.0, quote, JANUARY - days * DAY) is assigned
