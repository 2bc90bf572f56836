"""Prices, fees and lots: what both engines fill by."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage

SHARE = Instrument("A")


@pytest.mark.parametrize(
    ("slippage", "instrument", "raw", "buy", "sell"),
    [
        (Slippage(), SHARE, 100.07, 100.07, 100.07),
        (Slippage(ticks=1), SHARE, 100.07, 100.08, 100.06),
        (Slippage(ticks=2), Instrument("A", tick_size=0.25), 100.0, 100.5, 99.5),
        (Slippage(percent=0.1), SHARE, 100.0, 100.1, 99.9),
        (Slippage(percent=0.1), SHARE, 100.05, 100.16, 99.94),  # 100.15005 up, 99.94995 down
        (Slippage(percent=0.01), Instrument("A", tick_size=0.25), 100.0, 100.25, 99.75),
        (Slippage(ticks=1), Instrument("A", precision=6, tick_size=0.015625), 130.0, 130.015625, 129.984375),
        (Slippage(percent=0.001), Instrument("A", precision=5), 1.23456, 1.23458, 1.23454),
        (Slippage(ticks=0.5), SHARE, 100.0, 100.01, 99.99),
        (Slippage(percent=1.0), SHARE, -10.0, -9.9, -10.1),  # oil in April 2020: against the trader all the same
        (Slippage(ticks=1), SHARE, -10.0, -9.99, -10.01),
    ],
)
def test_slippage(slippage: Slippage, instrument: Instrument, raw: float, buy: float, sell: float) -> None:
    rules = ExecutionRules(slippage=slippage)
    assert (rules.fill_price(raw, 5, instrument), rules.fill_price(raw, -5, instrument)) == (buy, sell)


@given(
    st.integers(-2_000_000, 2_000_000),
    st.sampled_from([0, 1, 2, 5, 7, 20]),
    st.sampled_from(["0.01", "0.05", "0.25", "0.015625", "1"]),
)
def test_percent_slippage_is_the_next_tick_against_the_trader(units: int, basis: int, tick: str) -> None:
    digits = 6 if tick == "0.015625" else 2
    instrument = Instrument("A", precision=digits, tick_size=float(tick))
    step = Decimal(tick)
    raw = units * step
    slippage = Slippage(percent=basis / 100)
    for side, rounding in ((1, ROUND_CEILING), (-1, ROUND_FLOOR)):
        moved = raw + side * abs(raw) * Decimal(basis) / 10_000
        exact = (moved / step).to_integral_value(rounding) * step
        assert slippage.price(float(raw), side, instrument) == float(exact)


def test_fees() -> None:
    assert Commission(percent=0.1).fee(-100, -5_000.0) == 5.0
    assert Commission(per_share=0.005).fee(-100, 5_000.0) == 0.5
    assert Commission(per_share=0.005, minimum=1.0).fee(100, 5_000.0) == 1.0
    assert Commission(per_share=0.005, minimum=1.0).fee(1_000, 5_000.0) == 5.0
    assert Commission(percent=0.1, minimum=6.0).fee(100, 5_000.0) == 6.0
    assert Commission(minimum=6.0).fee(0, 0.0) == 0.0


def test_a_symbol_may_have_fees_of_its_own() -> None:
    rules = ExecutionRules(commission=Commission(percent=1.0), commissions={"B": Commission(minimum=2.0)})
    assert (rules.fee(10, 10.0, SHARE), rules.fee(10, 10.0, Instrument("B"))) == (1.0, 2.0)


def test_fee_and_cost_know_the_multiplier_and_the_margin() -> None:
    oil = Instrument("CL", multiplier=1000.0, margin_rate=0.1, asset_class="future")
    rules = ExecutionRules(commission=Commission(percent=0.01))
    assert rules.fee(2, 60.0, oil) == pytest.approx(12.0)
    assert rules.cost(-2, 60.0, oil) == pytest.approx(12_012.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Commission(percent=-1),
        lambda: Commission(minimum=-1),
        lambda: Commission(percent=1, per_share=1),
        lambda: Slippage(ticks=-1),
        lambda: Slippage(percent=1, ticks=1),
    ],
)
def test_values_that_cannot_be(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"never negative|not both"):
        wrong()  # type: ignore[operator]  # parametrized


@pytest.mark.parametrize(
    ("lots", "wanted", "lot"),
    [
        ("integer", 12.9, 12.0),
        ("integer", -12.9, -12.0),
        ("integer", 0.99, 0.0),
        ("integer", 12.9999999999, 13.0),  # a whole number that lost its last digit
        ("fractional", 0.1234567, 0.123456),
        ("fractional", -0.1234567, -0.123456),
        ("fractional", 0.0000009, 0.0),
        ("fractional", 0.3, 0.3),
    ],
)
def test_lots_round_towards_zero(lots: Literal["integer", "fractional"], wanted: float, lot: float) -> None:
    assert ExecutionRules(lots=lots).lot(wanted) == lot


@pytest.mark.parametrize("lots", ["integer", "fractional"])
@pytest.mark.parametrize("wanted", [1e15, -1e16, 1e300, -1e305, 1.7e308])
def test_absurd_quantities_are_cut_like_any_other(lots: Literal["integer", "fractional"], wanted: float) -> None:
    rules = ExecutionRules(lots=lots)
    assert rules.lot(wanted) == wanted
    assert rules.affordable(1_000.0, wanted, 10.0, SHARE)[0] == (100.0 if wanted > 0 else -100.0)


COMMISSIONS = st.sampled_from(
    [
        Commission(),
        Commission(percent=0.1),
        Commission(percent=0.25, minimum=3.5),
        Commission(per_share=0.005, minimum=1.0),
        Commission(minimum=7.0),
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    money=st.integers(0, 300_000).map(lambda cents: cents / 100),
    wanted=st.integers(-120, 120),
    price=st.integers(1, 20_000).map(lambda cents: cents / 100),
    commission=COMMISSIONS,
    margin=st.sampled_from([1.0, 0.1]),
)
def test_affordable_is_what_counting_down_finds(
    money: float, wanted: int, price: float, commission: Commission, margin: float
) -> None:
    rules, instrument = ExecutionRules(commission=commission), Instrument("A", margin_rate=margin)
    count = abs(wanted)
    while count and rules.cost(math.copysign(count, wanted), price, instrument) > money + 1e-9:
        count -= 1
    assert rules.affordable(money, wanted, price, instrument)[0] == (count if wanted > 0 else -count)


@settings(max_examples=60, deadline=None)
@given(
    money=st.integers(0, 300_000).map(lambda cents: cents / 100),
    wanted=st.integers(-120_000_000, 120_000_000).map(lambda micro: micro / 1_000_000),
    price=st.integers(1, 20_000).map(lambda cents: cents / 100),
    commission=COMMISSIONS,
)
def test_affordable_fractions_fit_and_one_more_would_not(
    money: float, wanted: float, price: float, commission: Commission
) -> None:
    rules = ExecutionRules(lots="fractional", commission=commission)
    paid, cost = rules.affordable(money, wanted, price, SHARE)
    assert cost == (rules.cost(paid, price, SHARE) if paid else 0.0)
    assert paid * wanted >= 0
    assert abs(paid) <= abs(wanted)
    assert paid == round(paid, 6)
    assert not paid or rules.cost(paid, price, SHARE) <= money + 2e-9
    if paid != wanted:
        assert rules.cost(abs(paid) + 1e-6, price, SHARE) > money - 2e-9


@pytest.mark.parametrize(
    ("step", "wanted", "lot"),
    [(1.0, 12.9, 12.0), (0.01, -0.129, -0.12), (100.0, 250.0, 200.0), (0.1, 0.1 + 0.2, 0.3), (100.0, 99.0, 0.0)],
)
def test_an_instrument_has_its_own_lots(step: float, wanted: float, lot: float) -> None:
    instrument = Instrument("A", lot=step)
    assert ExecutionRules(lots="fractional").lot(wanted, instrument) == lot
    assert ExecutionRules().affordable(1e9, wanted, 1.0, instrument)[0] == lot


def test_an_opening_is_cut_to_lots_of_its_instrument() -> None:
    assert ExecutionRules().affordable(1_234.0, 500.0, 10.0, Instrument("A", lot=0.05)) == (123.4, 1_234.0)
    assert ExecutionRules().affordable(1_999.0, -500.0, 10.0, Instrument("A", lot=100.0)) == (-100.0, 1_000.0)


@pytest.mark.parametrize(
    ("asset_class", "long", "short"),
    [("equity", (1.0, 0.0), (0.5, 0.3)), ("future", (0.5, 0.4), (0.5, 0.4)), ("fx", (0.5, 0.4), (0.5, 0.4))],
)
def test_margin_is_of_the_asset_class(asset_class: str, long: tuple[float, float], short: tuple[float, float]) -> None:
    """A long of a cash class pays the notional and lends nothing; the others hold margin_rate, and keep less."""
    one = Instrument("A", margin_rate=0.5, asset_class=asset_class)
    assert (one.initial_rate(1.0), one.maintenance(1.0)) == long
    assert (one.initial_rate(-1.0), one.maintenance(-1.0)) == short
    assert Instrument("A", maintenance_rate=0.2, asset_class=asset_class).maintenance(1.0) == 0.2


def test_slippage_makes_no_share_price_negative() -> None:
    penny, oil = Instrument("P"), Instrument("CL", asset_class="future")
    slippage = Slippage(ticks=3)
    assert slippage.price(0.02, -1, penny) == 0.01
    assert slippage.price(0.02, -1, oil) == -0.01


def test_fractions_are_rounded_down_also_right_below_the_next_step() -> None:
    rules = ExecutionRules(lots="fractional")
    assert rules.lot(0.52953199962) == 0.529531
    assert rules.lot(-0.52953199962) == -0.529531
    assert rules.lot(0.1 + 0.2) == 0.3
    assert rules.lot(123456.789012) == 123456.789012


@pytest.mark.parametrize("seconds", [0.0099, 0.0, -1.0, float("nan")])
def test_a_limit_of_a_decision_is_no_shorter_than_a_machine_can_keep(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"strategy_timeout must be at least 0\.01 seconds"):
        ExecutionRules(strategy_timeout=seconds)
    assert ExecutionRules(strategy_timeout=0.01).strategy_timeout == 0.01
