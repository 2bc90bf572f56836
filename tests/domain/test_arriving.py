"""Columns that are longer than what has arrived: written by their buffer alone, and searched as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.errors import DataError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.arriving import Arrival, MarketBuffer
from orchestrate.domain.market.bars import PointInTimeBars, full_history
from orchestrate.domain.market.stamps import LATEST
from orchestrate.domain.market.timeline import NEVER, HistoricalDataBar

CAPACITY, HOUR = 6, 3_600
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "available_at")


def bar(label: int, close: float = 10.0, **others: float) -> HistoricalDataBar:
    prices = {"open": 10.0, "high": 12.0, "low": 9.0, "volume": 3.0, **others}
    return HistoricalDataBar(label, close=close, **prices)


def buffer_of(*symbols: str, **more: Any) -> MarketBuffer:
    instruments = {symbol: Instrument(symbol) for symbol in symbols}
    return MarketBuffer(instruments, dict.fromkeys(symbols, HOUR), start=100, capacity=CAPACITY, **more)


def arrive(buffer: MarketBuffer, t: int, *ending: str, **closes: float) -> Mapping[str, int]:
    """One step at t, whose bars are labelled 10 earlier."""
    event = buffer.append(Arrival(t, {symbol: bar(t - 10, close) for symbol, close in closes.items()}, ending))
    return dict(event.rows)


def test_a_step_shows_its_bars_and_none_that_are_to_come() -> None:
    buffer = buffer_of("A", "B")
    market = buffer.market
    timeline, a, b = market.timeline, market.series["A"], market.series["B"]
    assert (len(timeline), len(a), len(b), timeline.begins) == (0, 0, 0, 100)
    assert arrive(buffer, 100, A=1.0) == {"A": 0}
    assert arrive(buffer, 200, A=2.0, B=7.0) == {"A": 1, "B": 0}
    assert arrive(buffer, 300, B=8.0) == {"B": 1}
    assert (len(timeline), len(a), len(b)) == (3, 2, 2)
    assert timeline.stamps[:3].tolist() == [100, 200, 300]
    assert timeline.labels[:3].tolist() == [90, 190, 290]
    assert timeline.rows["B"].tolist() == [-1, 0, 1, -1, -1, -1]
    assert timeline.latest_rows("A").tolist() == [0, 1, 1, -1, -1, -1]
    assert timeline.stamps_of("B")[:2].tolist() == b.available_at[:2].tolist() == [200, 300]
    assert timeline.first_stamp("B") == 100
    assert b.bar(1) == HistoricalDataBar(290, 10.0, 12.0, 9.0, 8.0, 3.0, "B")
    assert a.close[:2].tolist() == [1.0, 2.0]
    for name in ("open", "high", "low", "close", "volume"):
        assert np.isnan(getattr(a, name)[2:]).all()
    assert not a.is_complete
    assert not timeline.is_complete


def test_moments_rise_beyond_every_real_one_so_that_they_can_be_searched() -> None:
    buffer = buffer_of("A")
    for t in (100, 200):
        arrive(buffer, t, A=1.0)
    timeline, series = buffer.market.timeline, buffer.market.series["A"]
    for column in (timeline.stamps, timeline.labels, series.timestamp, series.available_at):
        assert (np.diff(column) > 0).all()
        assert (column[2:] > LATEST).all()
    assert [int(np.searchsorted(timeline.stamps, t)) for t in (50, 100, 150, 200, LATEST)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("name", COLUMNS)
def test_nobody_but_the_buffer_writes_into_a_column(name: str) -> None:
    column = getattr(buffer_of("A").market.series["A"], name)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        column.flags.writeable = True
    assert isinstance(column.base, bytes)
    assert memoryview(column).readonly


def test_views_that_were_taken_before_show_what_arrives() -> None:
    buffer = buffer_of("A")
    series, timeline = buffer.market.series["A"], buffer.market.timeline
    closes, rows, past = series.close.data, timeline.columns["A"], PointInTimeBars(series)
    arrive(buffer, 100, A=4.0)
    assert (closes[0], rows[0], timeline.moments[0]) == (4.0, 0, 100)
    early = past.until(1)
    arrive(buffer, 200, A=5.0)
    assert early.close.tolist() == [4.0]
    assert past.until(2).close.tolist() == [4.0, 5.0]
    assert np.isnan(early.close.base).sum() == CAPACITY - 2  # what a strategy holds knows only what was shown


def test_a_full_history_is_what_has_arrived() -> None:
    buffer = buffer_of("A")
    for t, close in ((100, 4.0), (200, 5.0), (300, 6.0)):
        arrive(buffer, t, A=close)
    series = buffer.market.series["A"]
    assert full_history(series).close.tolist() == [4.0, 5.0, 6.0]
    assert full_history(series, 2).close.tolist() == [4.0, 5.0]
    assert full_history(series, 9).close.base.nbytes == 3 * 8


def test_a_series_has_no_end_until_its_feed_says_so() -> None:
    buffer = buffer_of("A", "B", "C")
    timeline = buffer.market.timeline
    ends = timeline.ends
    arrive(buffer, 100, A=1.0, B=1.0)
    assert (ends.first, ends.last, timeline.last_stamp("AB")) == (NEVER, NEVER, None)
    arrive(buffer, 200, "A", A=2.0)
    assert (ends.steps, ends.first, ends.last) == ({"A": 1, "B": NEVER, "C": NEVER}, 1, NEVER)
    assert (timeline.last_stamp("A"), timeline.last_stamp("AB")) == (200, None)
    arrive(buffer, 300, "B", B=3.0)
    buffer.close()
    assert (ends.steps, ends.first, ends.last) == ({"A": 1, "B": 2, "C": -1}, -1, 2)
    assert (timeline.last_stamp("ABC"), timeline.last_stamp("C")) == (300, None)


def test_a_step_is_labelled_by_bars_that_can_be_traded() -> None:
    buffer = buffer_of("A", "WEEK", resampled=("WEEK",))
    buffer.append(Arrival(200, {"A": bar(150), "WEEK": bar(190)}))
    assert buffer.market.timeline.labels[0] == 150
    assert [series.tradable for series in buffer.market.series.values()] == [True, False]
    with pytest.raises(DataError, match="no bar of a symbol that can be traded"):
        arrive(buffer, 300, WEEK=1.0)


@pytest.mark.parametrize(
    ("t", "bars", "ending", "message"),
    [
        (200, {"A": bar(190)}, (), "a step at 200 has arrived, the next one can't be before 201"),
        (150, {"A": bar(195)}, (), "can't be before 201"),
        (LATEST + 1, {"A": bar(195)}, (), f"a step at {LATEST + 1} has arrived"),
        (300, {}, (), "the step at 300 has no bar"),
        (300, {"A": bar(290), "Z": bar(290)}, (), "Z: it is not one of the symbols"),
        (300, {"A": bar(290)}, ("Z",), "Z: it is not one of the symbols"),
        (300, {"A": bar(190)}, (), "A: its bar labelled 190 is not later"),
        (300, {"A": bar(301)}, (), "A: its bar labelled 301 has arrived before that, at 300"),
        (300, {"A": bar(290), "B": bar(290)}, (), "B: a bar has arrived after its series had ended"),
        (300, {"A": bar(290, float("nan"))}, (), "A: its bar labelled 290 has a price or volume that is no number"),
        (300, {"A": bar(290, volume=float("inf"))}, (), "price or volume that is no number"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(t: int, bars: Any, ending: Any, message: str) -> None:
    buffer = buffer_of("A", "B")
    arrive(buffer, 100, A=1.0, B=1.0)
    arrive(buffer, 200, "B", A=2.0)
    with pytest.raises(DataError, match=message):
        buffer.append(Arrival(t, bars, ending))
    assert (len(buffer.market.timeline), len(buffer.market.series["A"])) == (2, 2)
    assert arrive(buffer, 300, A=3.0) == {"A": 2}


def test_nothing_comes_before_the_start_or_after_the_last_place() -> None:
    buffer = buffer_of("A")
    with pytest.raises(DataError, match="a step at 99 has arrived, the next one can't be before 100"):
        arrive(buffer, 99, A=1.0)
    for step in range(CAPACITY):
        arrive(buffer, 100 + step, A=1.0)
    with pytest.raises(DataError, match="more than 6 steps have arrived"):
        arrive(buffer, 500, A=1.0)
