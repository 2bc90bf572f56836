"""Bars and steps from ticks: exact, in order, with what is missing, late or unfinished left out and said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.timeline import HistoricalDataBar
from orchestrate.domain.ticks.bar_building import DAY, BarBuilder, label_at
from orchestrate.domain.ticks.sessions import Session
from orchestrate.domain.ticks.steps import StepBuilder, steps_of
from orchestrate.domain.ticks.tick import Tick

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = moment_of("2026-03-02T10:00:00")
NEW_YORK = Session(time(9, 30), time(16), ZoneInfo("America/New_York"))


def tick(seconds: float, price: str = "1", symbol: str = "A", volume: str = "0") -> Tick:
    return Tick(symbol, START + int(seconds * SECOND), Decimal(price), Decimal(price), Decimal(volume))


def refused(reason: str, builder: BarBuilder | StepBuilder, late: Tick) -> None:
    with pytest.raises(MessageError) as error:
        builder.add(late)
    assert error.value.reason == reason


def bars(ticks: Iterable[Tick], builder: BarBuilder) -> list[HistoricalDataBar]:
    """All bars, the last one closed by time."""
    made = [builder.add(each) for each in ticks]
    return [bar for bar in (*made, builder.close(START + 400 * DAY)) if bar is not None]


def test_a_bar_has_first_highest_lowest_and_last_price_and_the_exact_volume() -> None:
    ticks = [tick(0, "5", volume="0.1"), tick(9, "7", volume="0.1"), tick(9, "4", volume="0.1"), tick(59, "6")]
    assert bars(ticks, BarBuilder("A", MINUTE)) == [HistoricalDataBar(START, 5.0, 7.0, 4.0, 6.0, 0.3, "A")]


def test_the_middle_of_bid_and_ask_is_exact() -> None:
    (bar,) = bars([Tick("A", START, Decimal("1.08501"), Decimal("1.08504"))], BarBuilder("A", MINUTE))
    assert bar.close == 1.085025


def test_a_bar_is_complete_at_the_first_tick_past_its_end_and_gaps_have_none() -> None:
    builder = BarBuilder("A", MINUTE)
    assert [builder.add(tick(seconds)) for seconds in (0, 59.999)] == [None, None]
    done = builder.add(tick(60))
    assert done is not None
    assert (done.timestamp, builder.end) == (START, START + 2 * MINUTE)
    later = bars([tick(300)], builder)
    assert [bar.timestamp for bar in later] == [START + MINUTE, START + 5 * MINUTE]


def test_time_closes_a_bar_and_what_comes_for_it_is_late() -> None:
    builder = BarBuilder("A", MINUTE)
    builder.add(tick(0))
    assert builder.close(START + MINUTE - 1) is None
    assert builder.close(START + MINUTE) is not None
    assert builder.close(START + MINUTE) is None
    refused("late", builder, tick(30))
    assert builder.add(tick(60)) is None


def test_weeks_begin_on_mondays_and_bars_before_1970_on_multiples_too() -> None:
    assert datetime.fromtimestamp(label_at(START + 3 * DAY, 7 * DAY) / SECOND, UTC).weekday() == 0
    assert label_at(-1, DAY) == -DAY


@pytest.mark.parametrize(
    ("moment", "label"),
    [
        ("2026-03-06T14:30:00", "2026-03-06T14:30:00"),  # winter: five hours behind
        ("2026-03-06T15:29:59", "2026-03-06T14:30:00"),
        ("2026-03-09T13:30:00", "2026-03-09T13:30:00"),  # summer: four
        ("2026-03-09T19:59:59", "2026-03-09T19:30:00"),
        ("2026-03-09T13:29:59", None),
        ("2026-03-09T20:00:00", None),
        ("2026-03-07T15:00:00", None),  # a Saturday
    ],
)
def test_bars_of_a_session_are_counted_from_its_opening(moment: str, label: str | None) -> None:
    builder = BarBuilder("A", 60 * MINUTE, NEW_YORK)
    one = Tick("A", moment_of(moment), Decimal(1), Decimal(1))
    if label is None:
        refused("out_of_session", builder, one)
    else:
        assert [bar.timestamp for bar in bars([one], builder)] == [moment_of(label)]


def test_a_session_may_go_on_through_midnight() -> None:
    futures = Session(time(18), time(17), weekdays=(6, 0, 1, 2, 3))
    sunday = moment_of("2026-03-01T18:00:00")
    assert futures.bounds(sunday + 10 * 3600 * SECOND) == (sunday, sunday + 23 * 3600 * SECOND)
    assert futures.bounds(sunday + 23 * 3600 * SECOND) is None
    assert futures.bounds(sunday - SECOND) is None


@pytest.mark.parametrize(("length", "session"), [(0, None), (DAY, NEW_YORK)])
def test_a_bar_without_length_or_longer_than_its_session_is_refused(length: int, session: Session | None) -> None:
    with pytest.raises(ValueError, match="A: "):
        BarBuilder("A", length, session)


# ---- steps


def test_a_step_waits_until_every_symbol_is_past_its_end() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE}, grace=5 * SECOND)
    assert [builder.add(each) for each in (tick(0), tick(1, "2", "B"), tick(60), tick(64.9))] == [[]] * 4
    (step,) = builder.add(tick(60.5, "2", "B"))
    assert (step.t, list(step.bars)) == (START, ["A", "B"])


def test_a_step_waits_no_longer_than_its_grace_and_then_a_tick_for_it_is_late() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE}, grace=5 * SECOND)
    for each in (tick(0), tick(1, "2", "B"), tick(60)):
        assert builder.add(each) == []
    (step,) = builder.add(tick(65))
    assert list(step.bars) == ["A", "B"]
    refused("late", builder, tick(59, "2", "B"))
    assert builder.add(tick(61, "2", "B")) == []


def test_a_step_without_the_others_comes_when_its_grace_is_over() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE}, grace=5 * SECOND)
    assert [len(builder.add(tick(seconds))) for seconds in (0, 60, 64.9, 65)] == [0, 0, 0, 1]


def test_prices_are_rounded_half_to_even_and_none_becomes_zero() -> None:
    builder = BarBuilder("A", MINUTE, decimals=2)
    assert [bar.close for bar in bars([tick(0, "1.005"), tick(60, "1.015")], builder)] == [1.0, 1.02]
    refused("not_positive", BarBuilder("A", MINUTE, decimals=2), tick(0, "0.004"))


def test_time_makes_a_step_where_no_tick_does() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE}, grace=SECOND)
    builder.add(tick(0))
    assert builder.advance(START + MINUTE) == []
    (step,) = builder.advance(START + MINUTE + SECOND)
    assert list(step.bars) == ["A"]
    assert builder.advance(START + 9 * MINUTE) == []


def test_steps_of_several_lengths_are_stamped_at_their_ends() -> None:
    """As `data/alignment.py` stamps them: a millisecond before the end."""
    lengths = {"A": MINUTE, "B": 2 * MINUTE}
    ticks = [tick(0), tick(0, symbol="B"), tick(60), tick(125), tick(125, symbol="B")]
    steps = [(step.t - START, list(step.bars)) for step in steps_of(ticks, StepBuilder(lengths))]
    edge = 1_000_000
    assert steps == [
        (MINUTE - edge, ["A"]),
        (2 * MINUTE - edge, ["A", "B"]),
        (3 * MINUTE - edge, ["A"]),
        (4 * MINUTE - edge, ["B"]),
    ]


def test_a_bar_that_began_before_the_feed_is_unfinished() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE})
    steps = list(steps_of([tick(30), tick(31, symbol="B"), tick(60), tick(61, symbol="B")], builder))
    assert [step.t for step in steps] == [START + MINUTE]
    assert builder.unfinished == 2


def test_a_symbol_that_nobody_trades_is_refused() -> None:
    refused("unknown_symbol", StepBuilder({"A": MINUTE}), tick(0, symbol="Z"))


def test_the_last_bars_that_a_feed_knows_end_their_series() -> None:
    builder = StepBuilder({"A": MINUTE, "B": MINUTE}, last={"A": START + MINUTE, "B": START})
    ticks = [tick(0), tick(0, symbol="B"), tick(60)]
    assert [step.ending for step in steps_of(ticks, builder)] == [("B",), ("A",)]


TICKS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 900), st.integers(1, 99), st.integers(0, 9)), min_size=1
)


@given(drawn=TICKS, grace=st.integers(0, 70), lengths=st.lists(st.sampled_from([20, 60, 180]), min_size=3, max_size=3))
def test_any_order_within_the_grace_gives_the_bars_of_the_right_order(
    drawn: list[tuple[str, int, int, int]], grace: int, lengths: list[int]
) -> None:
    """A symbol's ticks keep their order; those of others may be late by less than the grace."""
    drawn.sort(key=lambda each: each[1])
    ticks = [tick(0, symbol=symbol) for symbol in "ABC"]
    ticks += [tick(seconds, str(price), symbol, str(volume)) for symbol, seconds, price, volume in drawn]
    delays = {"A": 0, "B": max(0, grace - 1) * SECOND, "C": grace * SECOND // 2}
    shuffled = sorted(ticks, key=lambda each: each.t + delays[each.symbol])
    sizes = {symbol: length * SECOND for symbol, length in zip("ABC", lengths, strict=True)}
    expected = {
        symbol: bars([each for each in ticks if each.symbol == symbol], BarBuilder(symbol, sizes[symbol]))
        for symbol in sizes
    }
    steps = list(steps_of(shuffled, StepBuilder(sizes, grace=grace * SECOND)))
    assert [step.t for step in steps] == sorted({step.t for step in steps})
    for symbol in sizes:
        assert [step.bars[symbol] for step in steps if symbol in step.bars] == expected[symbol]
