"""The timeline against a slow and obvious one, and the moments of docs/reference/steps.md."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.data.alignment import align, available_at, far_apart
from orchestrate.domain.market.timeline import BarSeries, Timeline
from tests.data.reading import Load
from tests.reference import least_ratio, seconds

HOUR = 3600 * 10**9
DAY = 24 * HOUR
MS = 10**6


def series(symbol: str, moments: list[int], shift: int) -> BarSeries:
    """A series whose bars become known at `moments` and are labelled `shift` earlier."""
    stamps = np.array(moments, dtype=np.int64)
    ones = np.ones(len(stamps))
    return BarSeries(symbol, stamps - shift, ones, ones, ones, ones, ones, available_at=stamps, length=HOUR)


def slowly(all_series: dict[str, BarSeries]) -> tuple[list[int], list[int], dict[str, list[int]]]:
    """The timeline, step by step."""
    stamps = sorted({int(t) for bars in all_series.values() for t in bars.available_at})
    labels, rows = [], {symbol: [] for symbol in all_series}
    for t in stamps:
        here = []
        for symbol, bars in all_series.items():
            row = -1
            for number in range(len(bars)):
                if int(bars.available_at[number]) == t:
                    row = number
                    here.append(int(bars.timestamp[number]))
            rows[symbol].append(row)
        labels.append(max(here))
    return stamps, labels, rows


moments = st.lists(st.integers(-50, 50), min_size=1, max_size=30, unique=True).map(sorted)


@given(st.lists(st.tuples(moments, st.integers(0, 5)), min_size=1, max_size=5))
@settings(deadline=None)
def test_the_timeline_is_the_slow_one(drawn: list[tuple[list[int], int]]) -> None:
    all_series = {f"S{place}": series(f"S{place}", stamps, shift) for place, (stamps, shift) in enumerate(drawn)}
    timeline = align(all_series)
    stamps, labels, rows = slowly(all_series)
    assert timeline.stamps.tolist() == stamps
    assert timeline.labels.tolist() == labels
    assert {symbol: column.tolist() for symbol, column in timeline.rows.items()} == rows
    assert list(timeline.rows) == list(all_series)
    for event, t in zip(timeline.events(), stamps, strict=True):
        assert event.t == t
        assert event.rows == {symbol: column[event.step] for symbol, column in rows.items() if column[event.step] >= 0}
    for symbol, bars in all_series.items():
        assert rows[symbol][timeline.ends.steps[symbol]] == len(bars) - 1


@given(moments, moments)
@settings(deadline=None)
def test_no_bar_is_lost_or_seen_before_it_is_known(one: list[int], other: list[int]) -> None:
    all_series = {"A": series("A", one, 1), "B": series("B", other, 3)}
    timeline = align(all_series)
    for symbol, bars in all_series.items():
        steps = np.flatnonzero(timeline.rows[symbol] >= 0)
        assert timeline.rows[symbol][steps].tolist() == list(range(len(bars)))
        assert timeline.stamps[steps].tolist() == bars.available_at.tolist()
    assert (np.diff(timeline.stamps) > 0).all()


def test_the_timeline_is_read_only() -> None:
    timeline = align({"A": series("A", [1, 2], 0)})
    for column in (timeline.stamps, timeline.labels, timeline.rows["A"]):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 7


def test_when_a_bar_is_known() -> None:
    label = np.array([10 * DAY, 11 * DAY + 5 * HOUR], dtype=np.int64)
    assert available_at(label, HOUR, "start").tolist() == [10 * DAY + HOUR - MS, 11 * DAY + 6 * HOUR - MS]
    assert available_at(label, HOUR, "end").tolist() == label.tolist()
    assert available_at(label, DAY, "start").tolist() == [11 * DAY - MS, 12 * DAY - MS]
    assert available_at(label, DAY, "end").tolist() == [11 * DAY - MS, 12 * DAY - MS]
    assert available_at(np.array([-HOUR]), DAY, "start").tolist() == [-MS]
    twice = np.array([10 * DAY, 10 * DAY + 23 * HOUR, 11 * DAY + 23 * HOUR], dtype=np.int64)
    assert available_at(twice, DAY, "start").tolist() == (twice + DAY - MS).tolist()


DAILY = "date,open,high,low,close,volume\n2014-06-05,1,2,1,2,5\n2014-06-06,2,3,2,3,5\n"
HOURS = "date,open,high,low,close,volume\n" + "".join(
    f"2014-06-0{day} {hour:02}:00,1,2,1,2,5\n" for day in (5, 6) for hour in (13, 14, 15)
)
LATER = DAILY.replace("2014-06-05", "2014-06-09").replace("2014-06-06", "2014-06-10")


def shown(timeline: Timeline) -> list[str]:
    return [str(np.datetime64(int(t), "ms")) for t in timeline.stamps // MS]


def test_series_of_one_kind_are_joined_by_their_labels(load: Load) -> None:
    market, _ = load({"A": DAILY, "B": LATER})
    assert shown(market.timeline) == [f"2014-06-{day}T00:00:00.000" for day in ("05", "06", "09", "10")]
    assert market.timeline.rows["A"].tolist() == [0, 1, -1, -1]
    assert market.timeline.rows["B"].tolist() == [-1, -1, 0, 1]
    assert market.timeline.labels.tolist() == market.timeline.stamps.tolist()
    assert market.timeline.stamps is market.series["A"].available_at or len(market.timeline) == 4


def test_days_and_hours_are_joined_by_when_they_are_known(load: Load) -> None:
    market, _ = load({"D": DAILY, "H": HOURS})
    assert shown(market.timeline) == [
        "2014-06-05T13:59:59.999",
        "2014-06-05T14:59:59.999",
        "2014-06-05T15:59:59.999",
        "2014-06-05T23:59:59.999",
        "2014-06-06T13:59:59.999",
        "2014-06-06T14:59:59.999",
        "2014-06-06T15:59:59.999",
        "2014-06-06T23:59:59.999",
    ]
    assert market.timeline.rows["D"].tolist() == [-1, -1, -1, 0, -1, -1, -1, 1]
    labels = [str(np.datetime64(int(t), "h")) for t in market.timeline.labels // HOUR]
    assert labels[2:4] == ["2014-06-05T15", "2014-06-05T00"]


def test_one_kind_of_series_is_joined_by_labels_and_two_are_not(load: Load) -> None:
    load({"H": HOURS, "D": DAILY})
    alone, _ = load({"H": {"path": "H.csv", "stamp": "end"}})
    assert shown(alone.timeline)[0] == "2014-06-05T13:00:00.000"
    mixed, _ = load({"S": {"path": "H.csv"}, "E": {"path": "H.csv", "stamp": "end"}})
    assert shown(mixed.timeline)[:2] == ["2014-06-05T13:00:00.000", "2014-06-05T13:59:59.999"]
    assert mixed.timeline.rows["E"].tolist()[:2] == [0, -1]


def test_a_resampled_bar_is_available_with_its_last_source_bar(load: Load) -> None:
    text = "date,open,high,low,close,volume\n" + "".join(
        f"2014-06-05 {hour:02}:{minute:02},{price},{price + 2},{price - 1},{price + 1},10\n"
        for price, (hour, minute) in enumerate([(13, 0), (13, 15), (13, 30), (13, 45), (14, 0), (14, 30), (15, 0)], 10)
    )
    market, _ = load({"M": text, "H": {"resample": {"of": "M", "to": "1h"}}})
    hours = market.series["H"]
    assert [str(np.datetime64(int(t), "h")) for t in hours.timestamp // HOUR] == [
        "2014-06-05T13",
        "2014-06-05T14",
        "2014-06-05T15",
    ]
    assert hours.open.tolist() == [10, 14, 16]
    assert hours.high.tolist() == [15, 17, 18]
    assert hours.low.tolist() == [9, 13, 15]
    assert hours.close.tolist() == [14, 16, 17]
    assert hours.volume.tolist() == [40, 20, 10]
    assert hours.tradable is False
    assert market.series["M"].tradable is True
    assert market.timeline.rows["H"].tolist() == [-1, -1, -1, 0, -1, 1, 2]
    assert shown(market.timeline)[3] == "2014-06-05T13:59:59.999"
    assert market.instruments["H"].symbol == "H"
    assert list(market.series) == ["M", "H"]


def test_a_resampled_series_of_bars_stamped_at_their_end(load: Load) -> None:
    text = "date,open,high,low,close,volume\n" + "".join(
        f"2014-06-05 {stamp},1,2,1,{close},10\n"
        for close, stamp in enumerate(["13:30", "14:00", "14:30", "15:00", "15:30"], 1)
    )
    load({"M": text})
    market, _ = load({"H": {"resample": {"of": "M", "to": "1h"}}, "M": {"path": "M.csv", "stamp": "end"}})
    hours = market.series["H"]
    assert [str(np.datetime64(int(t), "h")) for t in hours.timestamp // HOUR] == [
        "2014-06-05T14",
        "2014-06-05T15",
        "2014-06-05T16",
    ]
    assert hours.close.tolist() == [2, 4, 5]
    assert hours.available_at.tolist() == market.series["M"].timestamp[[1, 3, 4]].tolist()
    assert list(market.series) == ["H", "M"]
    assert market.timeline.labels.tolist() == market.series["M"].timestamp.tolist()


def test_weeks_begin_on_mondays(load: Load) -> None:
    dates = [f"2014-06-{day:02}" for day in (5, 6, 9, 10, 11, 16)]
    text = "date,open,high,low,close,volume\n" + "".join(
        f"{date},{price},{price + 2},{price - 1},{price + 1},10\n" for price, date in enumerate(dates, 10)
    )
    expected = {"start": ("2014-06-02", "2014-06-09", "2014-06-16"), "end": ("2014-06-09", "2014-06-16")}
    closes = {"start": [12, 15, 16], "end": [13, 16]}
    for stamp, mondays in expected.items():
        load({"D": text})
        market, _ = load({"D": {"path": "D.csv", "stamp": stamp}, "W": {"resample": {"of": "D", "to": "7d"}}})
        weeks = market.series["W"]
        assert [str(np.datetime64(int(t), "ns"))[:10] for t in weeks.timestamp] == list(mondays)
        assert weeks.close.tolist() == closes[stamp]


YEAR = 365 * DAY + DAY // 4


def test_series_that_are_years_apart_are_warned_of() -> None:
    long, short, other = (series(name, [int(first * YEAR), int(last * YEAR)], 0) for name, first, last in SPANS)
    together = {"LONG": long, "SHORT": short, "OTHER": other}
    assert [(found.severity, found.where, found.message) for found in far_apart(together)] == [
        ("warning", "SHORT", "bars begin 3.0 years after those of LONG, at 1972-12-31T18:00:00Z"),
        ("warning", "SHORT", "bars end 5.0 years before those of LONG, at 1975-01-01T06:00:00Z"),
    ]
    assert len(far_apart(together, ["SHORT"])) == 1  # a future that was settled ends early
    assert far_apart({"SHORT": short}) == []


SPANS = (("LONG", 0, 10), ("SHORT", 3, 5), ("OTHER", 0.9, 9.1))


def test_half_a_million_bars_of_five_symbols_are_aligned_in_a_few_sorts() -> None:
    """In the processor time of sorting their stamps, about four times as much."""
    size = 500_000
    base = np.arange(size, dtype=np.int64) * 60 * 10**9
    column = np.ones(size)
    all_series = {}
    for place in range(5):
        label = base + place * 10**9 if place % 2 else base[place * 1000 :]
        ones = column[: len(label)]
        all_series[f"S{place}"] = BarSeries(
            f"S{place}", label, ones, ones, ones, ones, ones, available_at=label, length=60 * 10**9
        )
    assert len(align(all_series)) == 1_500_000
    stamps = np.concatenate([series.available_at for series in all_series.values()])
    ratio = least_ratio(lambda: seconds(align, all_series), lambda: seconds(np.sort, stamps), enough=12)
    assert ratio < 12
