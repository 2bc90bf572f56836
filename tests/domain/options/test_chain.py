"""What a chain says at a moment: nothing that comes later, nothing that is too old."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.options.chain import Chain, Contracts
from orchestrate.domain.options.quote import Quote
from tests.domain.options.chains import CLOSE, DAY, MINUTE, NONE, TERMS, chain

FIRST = 17570 * DAY
FEB, MAR = "2018-02-28", "2018-03-28"
DAILY = chain(
    [
        (FIRST, FEB, "put", 2700.0, 10.0, 11.0),
        (FIRST, FEB, "call", 2700.0, 60.0, 62.0),
        (FIRST + DAY, FEB, "put", 2700.0, 9.0, NONE),
        (FIRST + DAY, MAR, "put", 2650.0, 20.0, 22.0),
        (FIRST + 2 * DAY, FEB, "put", 2700.0, 7.0, 8.0),
    ]
)
PUT = DAILY.at(FIRST).puts.contract(0)


def test_a_view_has_the_quotes_of_its_day_by_expiry_strike_and_right() -> None:
    view = DAILY.at(FIRST)
    assert [one.symbol for one in view.contracts] == ["SPXW 2018-02-28 C 2700", "SPXW 2018-02-28 P 2700"]
    assert (view.bid.tolist(), view.ask.tolist(), view.mid.tolist()) == ([60.0, 10.0], [62.0, 11.0], [61.0, 10.5])
    assert view.dte.tolist() == [20.0, 20.0]
    assert (view.spot, DAILY.at(FIRST, spot=2710.0).spot) == (2750.0, 2710.0)


def test_a_day_without_a_contract_does_not_show_its_quote_of_the_day_before() -> None:
    assert DAILY.at(FIRST + DAY).strike.tolist() == [2700.0, 2650.0]
    assert not DAILY.at(FIRST + DAY).calls
    assert len(DAILY.at(FIRST + DAY // 2)) == 0
    assert DAILY.at(FIRST + DAY, max_age=DAY).calls.bid.tolist() == [60.0]


def test_before_the_first_quote_there_is_nothing() -> None:
    view = DAILY.at(FIRST - 1)
    assert (len(view), view.expiries, view.nearest(30), np.isnan(view.spot)) == (0, (), view, True)
    assert view.pick("put", strike=2700.0) is None
    assert DAILY.quote(PUT, FIRST - 1) is None


def test_nothing_of_a_later_quote_is_reachable() -> None:
    view = DAILY.at(FIRST)
    arrays = [getattr(view, name) for name in ("day", "expiry", "strike", "is_call")] + list(view.quoted.values())
    assert all(len(array) == 2 and (array.base is None or len(array.base) == 2) for array in arrays)
    assert "2018-03-28" not in view.expiries  # first quoted on the day after


def test_what_a_strategy_writes_to_its_view_changes_no_quote() -> None:
    view = DAILY.at(FIRST)
    with pytest.raises(ValueError, match="read-only"):
        view.bid[0] = 1000.0
    assert DAILY.at(FIRST).bid.tolist() == [60.0, 10.0]


def test_a_minute_shows_quotes_of_the_minute_before_too() -> None:
    rows = [(FIRST + CLOSE - step * MINUTE, FEB, "put", 2700.0 - step, 1.0, 2.0) for step in (3, 2, 1)]
    minutes = chain(rows, MINUTE, 0)
    assert minutes.at(FIRST + CLOSE - MINUTE).strike.tolist() == [2698.0, 2699.0]
    assert minutes.at(FIRST + CLOSE).strike.tolist() == [2699.0]
    assert minutes.at(FIRST + CLOSE + MINUTE).strike.tolist() == []
    assert minutes.at(FIRST + CLOSE, max_age=3 * MINUTE).strike.tolist() == [2697.0, 2698.0, 2699.0]


def test_the_newest_of_several_quotes_of_a_contract_is_shown() -> None:
    rows = [(FIRST + step * MINUTE, FEB, "put", 2700.0, 1.0 + step, 2.0 + step) for step in range(3)]
    view = chain(rows, MINUTE, 0).at(FIRST + 2 * MINUTE)
    assert (len(view), view.bid.tolist()) == (1, [3.0])


def test_a_contract_is_gone_after_its_expiry() -> None:
    end = 17590 * DAY + CLOSE
    rows = [(end - MINUTE, FEB, "put", 2700.0, 1.0, 2.0), (end, MAR, "put", 2700.0, 1.0, 2.0)]
    minutes = chain(rows, MINUTE, 0)
    assert minutes.at(end).expiries == (FEB, MAR)
    assert minutes.at(end + MINUTE).expiries == (MAR,)


def test_a_quote_of_a_contract_has_its_age() -> None:
    assert DAILY.quote(PUT, FIRST) == Quote(10.0, 11.0, 0)
    assert DAILY.quote(PUT, FIRST + DAY + 5).age == 5
    assert DAILY.quote(replace(PUT, strike=1.0), FIRST + DAY) is None


def test_a_contract_is_marked_at_its_mid_or_at_what_exercise_is_worth() -> None:
    spots = np.array([2750.0, 2690.0, 2750.0])
    assert DAILY.marks(PUT, spots).prices.tolist() == [10.5, 10.0, 7.5]  # a bid alone is no mark
    assert DAILY.marks(PUT, spots, max_age=DAY).prices.tolist() == [10.5, 10.5, 7.5]
    assert DAILY.marks(replace(PUT, right="call", strike=2700.5), spots).prices.tolist() == [49.5, 0.0, 49.5]


def test_marks_end_with_the_expiry() -> None:
    end = 17590 * DAY
    days = chain([(end + step * DAY, MAR, "put", 2700.0, 1.0, 2.0) for step in (-1, 0, 1)])
    february = replace(PUT, expiry=end + CLOSE)
    assert days.marks(february, np.full(3, 2690.0)).moments.tolist() == [end - DAY, end]


def test_a_chain_with_other_quotes_has_no_old_ones() -> None:
    assert DAILY.quote(PUT, FIRST).bid == 10.0
    other = replace(DAILY, quoted={name: 2 * column for name, column in DAILY.quoted.items()})
    assert other.quote(PUT, FIRST).bid == 20.0


def test_another_process_gets_the_same_chain() -> None:
    assert DAILY.quote(PUT, FIRST) is not None  # has made what can't be sent
    copy = pickle.loads(pickle.dumps(DAILY))
    assert copy.quote(PUT, FIRST) == DAILY.quote(PUT, FIRST)
    assert repr(copy) == repr(DAILY) == "Chain(SPXW, 5 quotes of 3 contracts)"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from([FEB, MAR]), st.sampled_from(["call", "put"]), st.integers(1, 3)),
        min_size=1,
        max_size=25,
        unique=True,
    ),
    st.integers(-1, 8),
    st.integers(0, 7),
)
def test_a_view_is_what_a_search_through_all_rows_gives(rows, step, age) -> None:
    quotes = [
        (FIRST + at * MINUTE, date, right, 2700.0 + strike, 1.0 + at, 2.0 + place)
        for place, (at, date, right, strike) in enumerate(rows)
    ]
    newest: dict[tuple[str, float, bool], float] = {}
    for at, date, right, strike, _, ask in sorted(quotes):
        if FIRST + (step - age) * MINUTE <= at <= FIRST + step * MINUTE:
            newest[date, strike, right == "put"] = ask
    view = chain(quotes, MINUTE, 0).at(FIRST + step * MINUTE, max_age=age * MINUTE)
    shown = [(one.expires_on, one.strike, one.right == "put") for one in view.contracts]
    assert list(zip(shown, view.ask.tolist(), strict=True)) == sorted(newest.items())
    for one, ask in zip(view.contracts, view.ask.tolist(), strict=True):
        assert chain(quotes, MINUTE, 0).quote(one, FIRST + step * MINUTE).ask == ask


@pytest.mark.parametrize("moments", [[], [2, 1], [1, 1]])
def test_moments_that_do_not_rise_are_refused(moments: list[int]) -> None:
    with pytest.raises(ValueError, match=r"SPXW: (a chain needs|the moments)"):
        replace(DAILY, moments=np.array(moments, dtype=np.int64))


def test_a_million_quotes_cost_less_than_100_megabytes() -> None:
    size, contracts = 1_000_000, 20_000
    count = np.arange(contracts)
    tracemalloc.start()
    big = Chain(
        "SPXW",
        TERMS,
        Contracts(np.full(contracts, 17590), np.full(contracts, 2**60), 1.0 + count // 2, count % 2 == 0),
        np.arange(size // contracts) * DAY,
        np.arange(size // contracts) * DAY,
        np.arange(0, size + 1, contracts),
        np.tile(count.astype(np.int32), size // contracts),
        {name: np.ones(size) for name in ("bid", "ask", "iv", "delta", "gamma", "theta", "vega", "open_interest")},
        np.ones(size // contracts),
        DAY,
    )
    view = big.at(10 * DAY)
    big.quote(view.contract(0), 10 * DAY)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(big), len(view)) == (size, contracts)
    assert held < 100_000_000
