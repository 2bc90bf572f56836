"""Books, by hand: every number here can be checked on paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.books import Book, Handover, Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.order import Fill

SHARE = Instrument("A")
OIL = Instrument("CL", multiplier=1000.0, margin_rate=0.1, asset_class="future")


def fill(quantity: float, price: float, fee: float = 0.0, t: int = 0, symbol: str = "A") -> Fill:
    return Fill("o", "s", symbol, quantity, price, fee, t)


def book_after(*fills: Fill, instrument: Instrument = SHARE, initial: float = 10_000.0) -> Book:
    book = Book("s", initial)
    for each in fills:
        book.apply(each, instrument)
    return book


def test_a_new_book_is_its_cash() -> None:
    book = Book("s", 10_000.0)
    assert (book.cash, book.realised, book.fees, book.used, book.equity({})) == (10_000.0, 0.0, 0.0, 0.0, 10_000.0)
    assert book.quantity("A") == 0.0


def test_long_round_trip() -> None:
    book = book_after(fill(100, 50.0, fee=1.0, t=3))
    assert book.cash == 10_000 - 5_000 - 1
    assert book.used == 5_000
    assert book.equity({"A": 52.0}) == 4_999 + 5_200
    assert book.spendable({"A": 52.0}) == 4_999
    position = book.positions["A"]
    assert (position.symbol, position.is_long, position.opened_at) == ("A", True, 3)
    assert (position.notional(52.0), position.open_profit(52.0)) == (5_200.0, 200.0)

    book.apply(fill(-100, 53.0, fee=2.0, t=7), SHARE)
    assert book.positions == {}
    assert book.cash == book.equity({}) == 10_000 + 300 - 3
    assert (book.realised, book.fees) == (297.0, 3.0)
    [trade] = book.trades
    assert (trade.quantity, trade.entered, trade.exited) == (100.0, 3, 7)
    assert (trade.entry_price, trade.exit_price, trade.profit, trade.fees) == (50.0, 53.0, 297.0, 3.0)


def test_short_credits_the_proceeds_and_holds_the_notional() -> None:
    book = book_after(fill(-100, 50.0, fee=1.0))
    assert book.cash == 14_999
    assert book.used == 5_000
    assert book.equity({"A": 45.0}) == 14_999 - 4_500
    assert book.spendable({"A": 45.0}) == 14_999 - 4_500 - 4_500
    assert not book.positions["A"].is_long
    book.apply(fill(100, 45.0, fee=1.0), SHARE)
    assert (book.cash, book.realised, book.trades[0].profit, book.trades[0].quantity) == (10_498.0, 498.0, 498.0, -100)


def test_adds_and_partial_closes_go_by_average_cost() -> None:
    book = book_after(fill(10, 100.0, 1.0), fill(30, 120.0, 1.0))
    assert book.positions["A"].average_price == 115.0  # (10 × 100 + 30 × 120) ÷ 40
    book.apply(fill(-20, 125.0, 1.0), SHARE)
    assert (book.positions["A"].average_price, book.quantity("A")) == (115.0, 20.0)
    assert book.realised == 20 * 10 - 3
    assert book.trades == []
    book.apply(fill(-20, 95.0, 1.0), SHARE)
    [trade] = book.trades
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (40.0, 115.0, 110.0)
    assert trade.profit == 200 - 400 - 4 == book.realised
    assert book.cash == 10_000 - 204


def test_a_crossing_fill_closes_one_trip_and_opens_another() -> None:
    book = book_after(fill(10, 100.0, t=1), fill(-40, 110.0, fee=8.0, t=2))
    [trade] = book.trades
    assert (trade.profit, trade.fees, trade.exited) == (98.0, 2.0, 2)  # 10 of the 40 units bear 2 of the fee of 8
    position = book.positions["A"]
    assert (position.quantity, position.average_price, position.entry_fees, position.opened_at) == (-30, 110.0, 6.0, 2)
    assert book.cash == 10_000 - 1_000 + 4_400 - 8
    book.apply(fill(30, 100.0, t=3), SHARE)
    assert (book.trades[1].profit, book.trades[1].quantity, book.trades[1].entered) == (294.0, -30.0, 2)
    assert book.cash == 10_000 + 98 + 294


def test_a_future_moves_cash_by_profit_and_fees_only() -> None:
    book = book_after(fill(2, 60.0, fee=5.0, symbol="CL"), instrument=OIL)
    assert book.cash == 9_995
    assert book.used == 2 * 60 * 1000 * 0.1
    assert book.equity({"CL": 61.5}) == 9_995 + 3_000
    assert book.spendable({"CL": 61.5}) == pytest.approx(12_995 - 2 * 61.5 * 1000 * 0.1)
    book.apply(fill(-1, 62.0, fee=5.0, symbol="CL"), OIL)
    assert book.cash == 9_990 + 2_000
    book.apply(fill(-1, 59.0, fee=5.0, symbol="CL"), OIL)
    assert book.cash == book.initial + book.realised == 10_000 + 2_000 - 1_000 - 15
    assert book.trades[0].profit == 985


def test_a_future_at_a_negative_price_still_uses_capital() -> None:
    book = book_after(fill(1, -37.63, symbol="CL"), instrument=OIL)
    assert book.used == pytest.approx(3_763.0)
    assert book.equity({"CL": -30.0}) == pytest.approx(10_000 + 7_630)


def test_fractions_return_to_exactly_zero() -> None:
    book = book_after(fill(0.1, 10.0), fill(0.2, 10.0), fill(-0.3, 11.0))
    assert book.positions == {}
    assert len(book.trades) == 1
    assert book.cash == pytest.approx(10_000.3, abs=1e-9)


def test_projected_leaves_the_book_as_it_is() -> None:
    book = book_after(fill(10, 100.0))
    ahead = book.projected([(fill(-10, 110.0, 1.0), SHARE), (fill(-5, 110.0), SHARE)])
    assert (ahead.cash, ahead.quantity("A"), ahead.realised) == (10_000 + 99 + 550, -5.0, 99.0)
    assert (book.cash, book.quantity("A"), book.trades, len(book.fills)) == (9_000.0, 10.0, [], 1)
    assert book.positions["A"].average_price == 100.0


CENTS = st.integers(100, 30_000).map(lambda cents: cents / 100)
LOTS = st.integers(-50_000_000, 50_000_000).filter(bool).map(lambda micro: micro / 1_000_000)
FILLS = st.lists(st.tuples(LOTS, CENTS, st.integers(0, 500).map(lambda c: c / 100)), max_size=25)


@given(FILLS, st.sampled_from([SHARE, OIL]), CENTS)
def test_equity_is_the_start_plus_everything_gained(
    steps: list[tuple[float, float, float]], instrument: Instrument, mark: float
) -> None:
    symbol = instrument.symbol
    book = book_after(*(fill(q, p, f, symbol=symbol) for q, p, f in steps), instrument=instrument)
    multiplier = instrument.multiplier
    value = sum(q for q, _, _ in steps) * mark - sum(q * p for q, p, _ in steps)
    expected = 10_000 + value * multiplier - sum(f for _, _, f in steps)
    assert book.equity({symbol: mark}) == pytest.approx(expected, abs=1e-5 * multiplier)
    assert book.quantity(symbol) == pytest.approx(sum(q for q, _, _ in steps), abs=1e-9)
    opened = sum(position.open_profit(mark) for position in book.positions.values())
    assert book.initial + book.realised + opened == pytest.approx(expected, abs=1e-5 * multiplier)


@given(FILLS)
def test_trips_share_out_all_fees_and_profit(steps: list[tuple[float, float, float]]) -> None:
    book = book_after(*(fill(q, p, f) for q, p, f in steps))
    book.apply(fill(-book.quantity("A") or 1.0, 7.0), SHARE)
    if book.positions:
        book.apply(fill(-book.quantity("A"), 7.0), SHARE)
    assert sum(trade.fees for trade in book.trades) == pytest.approx(book.fees, abs=1e-6)
    assert sum(trade.profit for trade in book.trades) == pytest.approx(book.realised, abs=1e-5)


@pytest.mark.parametrize(
    ("quantity", "price"), [(0.0, 1.0), (float("nan"), 1.0), (1.0, float("inf")), (float("inf"), 1.0)]
)
def test_a_fill_without_quantity_or_price_cannot_be(quantity: float, price: float) -> None:
    with pytest.raises(ValueError, match="order o: a fill needs a quantity and a price"):
        fill(quantity, price)


def test_a_round_trip_that_is_handed_over_ends_at_the_taker() -> None:
    """10 at 50 with a fee of 1 and 10 at 60 are 20 at 55, sold at 70: a profit of 300 less the fee."""
    giver, taker = book_after(fill(10, 50.0, fee=1.0, t=3)), Book("kept", 0.0)
    second = book_after(fill(10, 60.0, t=5))
    for book in (giver, second):
        book.hand_over(Handover("s", "kept", book.positions["A"].copy(), 650.0), taker)
    assert (giver.cash, giver.realised, giver.positions) == (10_000 - 501 + 650, -1.0, {})
    assert (taker.cash, taker.positions["A"].average_price, taker.positions["A"].opened_at) == (-1300.0, 55.0, 3)
    taker.apply(fill(-20, 70.0, t=9), SHARE)
    [trade] = taker.trades
    assert (trade.quantity, trade.entered, trade.exited, trade.profit, trade.fees) == (20.0, 3, 9, 299.0, 1.0)
    assert taker.cash == 100.0


def test_opposite_positions_do_not_go_into_one_book() -> None:
    taker, short = book_after(fill(10, 50.0)), Book("other", 0.0)
    short.apply(Fill("o", "other", "A", -4, 50.0, 0.0, 0), SHARE)
    with pytest.raises(ValueError, match="10 and -4 of A are opposite positions"):
        short.hand_over(Handover("other", "s", short.positions["A"].copy(), -200.0), taker)
    assert (short.quantity("A"), taker.quantity("A"), taker.cash) == (-4.0, 10.0, 9_500.0)


def test_positions_in_another_currency_join_at_what_was_paid_for_both():
    """10 at 10 × 1.1 and 30 at 20 × 1.5: 1 010 were paid for 700 of its currency; at 10 × 2 they are worth 800."""
    euros = Instrument("A", currency="EUR", fx="R")
    one, other = Position(euros, 10.0, 10.0, 1, 1.0, 1.1), Position(euros, 30.0, 20.0, 2, 2.0, 1.5)
    both = one.joined(other)
    assert (both.quantity, both.average_price, both.opened_at, both.entry_fees) == (40.0, 17.5, 1, 3.0)
    assert both.rate == pytest.approx(1_010 / 700)
    assert both.entry_cost == pytest.approx(1_010)
    assert both.open_profit(17.5, 2.0) == pytest.approx(1_400 - 1_010)
    book = Book("b", 100.0)
    book.positions["A"] = both
    assert book.equity({"A": 10.0, "R": 2.0}) == pytest.approx(100.0 + 800.0)
    assert book.spendable({"A": 10.0, "R": 2.0}) == pytest.approx(100.0)
