"""For each repair and each finding a dirty file beside its clean twin: the clean one is not remarked upon."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.data.columns import Columns
from orchestrate.data.findings import Evidence, odd_prints
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.results import Finding
from tests.data.reading import Load, Read, kinds, same

DAILY = generate("X", SyntheticSpec(bars=60, seed=3))
DAILY_TEXT = csv_text(DAILY, 2)
HOURLY_TEXT = csv_text(generate("X", SyntheticSpec(bars=24 * 45, seed=4, frequency="1h")), 2)
ROUND_THE_CLOCK = csv_text(generate("X", SyntheticSpec(bars=60, seed=3, week=7)), 2)
TWO_WEEKS = csv_text(generate("X", SyntheticSpec(bars=1500, seed=3, frequency="15min", week=7)), 2)


def lines(text: str) -> list[str]:
    return text.splitlines()


def joined(rows: list[str]) -> str:
    return "\n".join(rows) + "\n"


def edited(text: str, line: int, **cells: object) -> str:
    """`text` with cells of one line (counted from 1) changed."""
    rows = lines(text)
    names = rows[0].split(",")
    row = rows[line - 1].split(",")
    for name, value in cells.items():
        row[names.index(name)] = str(value)
    rows[line - 1] = ",".join(row)
    return joined(rows)


def cell(text: str, line: int, name: str) -> float:
    rows = lines(text)
    return float(rows[line - 1].split(",")[rows[0].split(",").index(name)])


def without(text: str, first: int, last: int) -> str:
    rows = lines(text)
    return joined(rows[: first - 1] + rows[last:])


def swapped(text: str, one: int, other: int) -> str:
    rows = lines(text)
    rows[one - 1], rows[other - 1] = rows[other - 1], rows[one - 1]
    return joined(rows)


def flattened(text: str, first: int, last: int) -> str:
    for line in range(first, last + 1):
        text = edited(text, line, open="98", high="98", low="98", close="98")
    return text


def scaled(text: str, first: int, factor: float) -> str:
    for line in range(first, len(lines(text)) + 1):
        text = edited(
            text, line, **{name: f"{cell(text, line, name) * factor:.2f}" for name in ("open", "high", "low", "close")}
        )
    return text


def reports(load: Load, text: str, **settings: object) -> list[tuple[str, str]]:
    _, findings = load({"X": text}, **settings)
    return kinds(findings)


@pytest.mark.parametrize("text", [DAILY_TEXT, HOURLY_TEXT, ROUND_THE_CLOCK, TWO_WEEKS])
def test_a_clean_file_has_no_findings(text: str, load: Load) -> None:
    assert reports(load, text) == []


# repairs: the columns equal the clean twin's afterwards

REPAIRED: dict[str, tuple[str, str]] = {
    "newest first": (
        joined([lines(DAILY_TEXT)[0], *reversed(lines(DAILY_TEXT)[1:])]),
        "the newest row is first: rows are reversed",
    ),
    "disorder": (
        swapped(DAILY_TEXT, 5, 6),
        "rows come after newer ones: 2010-01-07 (line 6); rows are sorted by time",
    ),
    "a repeated row": (
        joined([*lines(DAILY_TEXT), lines(DAILY_TEXT)[4]]),
        "rows repeat a stamp: 2010-01-07 (line 62); one is kept",
    ),
    "a row of nulls": (
        joined([*lines(DAILY_TEXT)[:9], "2010-01-13,null,null,null,null,null", *lines(DAILY_TEXT)[9:]]),
        "rows without prices: line 10; they are left out",
    ),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_a_repair_gives_the_clean_twin_and_is_reported(name: str, read: Read) -> None:
    text, message = REPAIRED[name]
    columns, findings = read(text)
    same(columns, DAILY)
    reported = kinds(findings)
    assert ("warning", message) in reported
    assert {severity for severity, _ in reported} == {"warning"}


def test_a_row_that_lacks_one_price_is_left_out(read: Read) -> None:
    columns, findings = read(edited(DAILY_TEXT, 7, close=""))
    same(columns, DAILY.take(np.arange(60) != 5))
    assert kinds(findings) == [("warning", "rows lack a price: 2010-01-11 (line 7); they are left out")]


def test_a_missing_volume_is_zero_and_the_bar_stays(read: Read) -> None:
    columns, findings = read(edited(DAILY_TEXT, 7, volume="nan"))
    assert len(columns) == 60
    assert columns.volume[5] == 0.0
    assert kinds(findings) == [("warning", "rows have no volume, or one below 0: 2010-01-11 (line 7); it is read as 0")]
    assert read(edited(DAILY_TEXT, 7, volume="-5"))[0].volume[5] == 0.0


def test_without_a_volume_column_volume_is_zero(read: Read) -> None:
    columns, findings = read(joined([line.rsplit(",", 1)[0] for line in lines(DAILY_TEXT)]))
    assert not columns.volume.any()
    assert columns.close.tolist() == DAILY.close.tolist()
    assert kinds(findings) == [("warning", "no volume column: volume is 0")]


def test_a_range_is_widened_to_hold_open_and_close(read: Read) -> None:
    high = cell(DAILY_TEXT, 7, "high")
    columns, findings = read(edited(DAILY_TEXT, 7, open=high + 1))
    assert columns.high[5] == high + 1
    message = "open or close lies outside low..high: 2010-01-11 (line 7); the range is widened to hold all four prices"
    assert kinds(findings) == [("warning", message)]


def test_high_below_low_is_reported_as_such(read: Read) -> None:
    low, high = cell(DAILY_TEXT, 7, "low"), cell(DAILY_TEXT, 7, "high")
    columns, findings = read(edited(DAILY_TEXT, 7, low=high, high=low))
    same(columns, DAILY)
    message = "high is below low: 2010-01-11 (line 7); the range is widened to hold all four prices"
    assert kinds(findings) == [("warning", message)]


def test_rows_that_differ_for_one_stamp_need_the_setting(read: Read) -> None:
    rows = lines(DAILY_TEXT)
    other = edited(DAILY_TEXT, 5, close=cell(DAILY_TEXT, 5, "low"))
    both = joined([*rows[:5], lines(other)[4], *rows[5:]])
    with pytest.raises(
        DataError,
        match=r"1 stamp\(s\) have rows that differ, first 2010-01-07: line 5 says .*, line 6 says .*\n.*on_duplicate: ",
    ):
        read(both)
    first, findings_first = read(both, on_duplicate="first")
    last, findings_last = read(both, on_duplicate="last")
    same(first, DAILY)
    assert last.close[3] == cell(DAILY_TEXT, 5, "low")
    assert kinds(findings_first) == [("warning", "rows repeat a stamp: 2010-01-07 (line 6); the first is kept")]
    assert kinds(findings_last) == [("warning", "rows repeat a stamp: 2010-01-07 (line 5); the last is kept")]


def test_the_first_of_newest_first_rows_is_the_first_in_the_file(read: Read) -> None:
    rows = lines(DAILY_TEXT)
    other = lines(edited(DAILY_TEXT, 5, close=cell(DAILY_TEXT, 5, "low")))[4]
    both = joined([rows[0], *reversed([*rows[1:5], other, *rows[5:]])])
    assert read(both, on_duplicate="first")[0].close[3] == cell(DAILY_TEXT, 5, "low")
    assert read(both, on_duplicate="last")[0].close[3] == cell(DAILY_TEXT, 5, "close")


# findings: reported, and nothing changed

FOUND: dict[str, tuple[str, str, str]] = {
    "a split": (
        scaled(DAILY_TEXT, 31, 0.5),
        "warning",
        "moves of over 40% from one close to the next: 2010-02-12 (line 31); a split? adjust: takes it out",
    ),
    "a high far away": (
        edited(DAILY_TEXT, 31, high=250),
        "warning",
        "bars reach over 40% beyond where they open and close: 2010-02-12 (line 31)",
    ),
    "an odd print": (
        edited(HOURLY_TEXT, 31, **dict.fromkeys(("open", "high", "low", "close"), 130)),
        "warning",
        "closes leave the price and come straight back: 2010-01-05 05:00 (line 31); odd prints?",
    ),
    "no movement": (
        flattened(DAILY_TEXT, 31, 36),
        "warning",
        "stretches of 5 or more bars in which no price moves (longest: 5 bars): 2010-02-15 (line 32)",
    ),
    "a holiday": (
        without(DAILY_TEXT, 31, 31),
        "info",
        "single trading days without a bar: 2010-02-12; holidays?",
    ),
    "two days missing": (
        without(DAILY_TEXT, 31, 32),
        "warning",
        "holes of two or more trading days running (longest: 2 days): 2010-02-12: 2 days",
    ),
    "days missing within hours": (
        without(HOURLY_TEXT, 2 + 24 * 10, 1 + 24 * 12),
        "warning",
        "holes of two or more trading days running (longest: 2 days): 2010-01-18: 2 days",
    ),
    "hours missing": (
        without(HOURLY_TEXT, 30, 34),
        "info",
        "holes within a day (longest: 6 hours): 2010-01-05 09:00 (line 30)",
    ),
    "a Saturday": (
        joined(
            [*lines(DAILY_TEXT)[:6], lines(DAILY_TEXT)[5].replace("2010-01-08", "2010-01-09"), *lines(DAILY_TEXT)[6:]]
        ),
        "info",
        "bars on days on which this series rarely trades: 2010-01-09 (line 7)",
    ),
    "a stamp off the grid": (
        HOURLY_TEXT.replace("2010-01-05T05:00:00Z", "2010-01-05T05:07:00Z"),
        "warning",
        "stamps are off the series' own grid: 2010-01-05 05:07 (line 31)",
    ),
    "an unfinished last bar": (
        HOURLY_TEXT.replace("2010-03-05T23:00:00Z", "2010-03-05T22:31:07Z"),
        "warning",
        "the last bar was not finished when the data was taken: "
        "2010-03-05 22:31:07 (line 1081); its close is not final",
    ),
    "bars without volume": (
        edited(edited(DAILY_TEXT, 31, volume=0), 33, volume=0),
        "info",
        "bars have volume 0, first 2010-02-12 (line 31)",
    ),
    "a volume of too many digits": (
        edited(DAILY_TEXT, 31, volume=10**9),
        "warning",
        "the volume is over 100 times that of any other bar: 2010-02-12 (line 31)",
    ),
    "few rows": (joined(lines(DAILY_TEXT)[:11]), "info", "10 bars are too few to judge a strategy"),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_fault_is_reported_once(name: str, load: Load) -> None:
    text, severity, message = FOUND[name]
    reported = reports(load, text)
    assert (severity, message) in reported
    companions = {
        "a stamp off the grid": "bars follow sooner than the bar length of 1 hour",
        "an unfinished last bar": "bars follow sooner than the bar length of 1 hour",
    }
    others = [text for _, text in reported if text != message and not text.startswith(companions.get(name, "—"))]
    assert others == []


def test_high_and_low_under_each_others_names_are_refused(load: Load) -> None:
    swapped = DAILY_TEXT.replace("high,low", "low,high")
    with pytest.raises(DataError, match=r"(?s)high is below low in 60 of 60 rows.*columns: \{high: NAME, low: NAME\}"):
        load({"X": swapped})
    load({"Y": DAILY_TEXT})
    named = {"path": "X.csv", "columns": {"high": "low", "low": "high"}}
    market, findings = load({"Y": {"path": "Y.csv"}, "X": named})
    assert findings == ()
    assert market.series["X"].high.tolist() == market.series["Y"].high.tolist()


def test_volume_zero_throughout_is_one_information(load: Load) -> None:
    text = joined([lines(DAILY_TEXT)[0], *(line.rsplit(",", 1)[0] + ",0" for line in lines(DAILY_TEXT)[1:])])
    assert reports(load, text) == [("info", "volume is 0 throughout")]


@pytest.mark.parametrize("price", ["0", "-3.5"])
def test_prices_that_cannot_be_are_refused_with_the_way_out(price: str, load: Load) -> None:
    text = edited(DAILY_TEXT, 31, low=price)
    with pytest.raises(
        DataError, match=r"X \(X\.csv\): prices (of zero|below zero): 2010-02-12 \(line 31\).*allow_negative: true"
    ):
        load({"X": text})


def test_a_future_may_fall_below_zero(load: Load) -> None:
    text = edited(edited(DAILY_TEXT, 31, low="-3.5"), 32, low="0")
    _, findings = load({"X": text}, {"X": {"asset_class": "future"}})
    assert kinds(findings) == [("info", "prices below zero: 2010-02-12 (line 31)")]
    (declared,) = load({"X": {"path": "X.csv", "allow_negative": True}})[1]
    assert declared.severity == "info"


def test_prices_that_cannot_be_count_only_where_they_are_loaded(load: Load) -> None:
    market, findings = load({"X": edited(DAILY_TEXT, 31, low="0")}, start="2010-02-15")
    assert kinds(findings) == []
    assert market.series["X"].bar(0).low > 0


def test_weeks_and_months_are_judged_by_their_own_length(load: Load) -> None:
    weeks = generate("X", SyntheticSpec(bars=300, seed=5, volatility=0.1)).take(slice(None, None, 5))
    assert reports(load, csv_text(weeks, 2)) == []
    assert reports(load, csv_text(weeks.take(np.arange(60) != 30), 2)) == [
        ("warning", "bars are missing before these: 2010-08-09 (row 31)".replace("row 31", "line 32"))
    ]
    first_days = np.arange("2010-01", "2015-01", dtype="M8[M]").astype("M8[ns]").astype(np.int64)
    months = csv_text(type(DAILY)(first_days, DAILY.open, DAILY.high, DAILY.low, DAILY.close, DAILY.volume), 2)
    assert reports(load, months) == []


def test_days_that_follow_their_exchanges_clocks_are_no_fault(load: Load) -> None:
    rows = lines(DAILY_TEXT)
    opened = [row.replace(",", "T09:30:00-05:00," if row < "2010-03-14" else "T09:30:00-04:00,", 1) for row in rows[1:]]
    assert reports(load, joined([rows[0], *opened])) == []
    assert reports(load, joined([rows[0], *opened[:50]])) == []


def test_bars_of_two_lengths_in_one_file_are_reported(load: Load) -> None:
    hours = lines(HOURLY_TEXT)
    half = hours[30].replace("05:00:00Z", "05:30:00Z")
    message = "bars follow sooner than the bar length of 1 hour, first 2010-01-05 05:30 (line 32); check frequency:"
    assert ("warning", message) in reports(load, joined([*hours[:31], half, *hours[31:]]))
    days = joined(
        [
            *lines(DAILY_TEXT)[:10],
            lines(DAILY_TEXT)[9].replace("2010-01-14", "2010-01-14 12:00"),
            *lines(DAILY_TEXT)[10:],
        ]
    )
    days = "\n".join(
        line.replace(",", " 00:00,", 1) if line[0] == "2" and line[10] == "," else line for line in lines(days)
    )
    reported = reports(load, days)
    assert any(text.startswith("bars follow sooner than the bar length of 1 day") for _, text in reported)


def test_a_finding_says_how_often_and_where_first(load: Load) -> None:
    text = DAILY_TEXT
    for line in range(10, 20):
        text = edited(text, line, volume=0)
    _, findings = load({"X": text})
    assert findings == (
        Finding(
            "info",
            "X (X.csv)",
            "bars have volume 0, first 2010-01-14 (line 10)",
            10,
            tuple(
                f"2010-01-{day} (line {line})" for line, day in zip(range(10, 15), (14, 15, 18, 19, 20), strict=True)
            ),
        ),
    )


def test_all_unusable_entries_are_reported_at_once(load: Load) -> None:
    with pytest.raises(DataError) as caught:
        load({"A": {"path": "nowhere.csv"}, "B": edited(DAILY_TEXT, 5, low=-1), "C": DAILY_TEXT})
    assert "A (nowhere.csv): there is no such file" in str(caught.value)
    assert "B (B.csv): prices below zero" in str(caught.value)
    assert "C" not in str(caught.value).replace("CSV", "")


@pytest.mark.parametrize(("price", "odd"), [(103.9, False), (104.2, True), (95.8, True), (96.2, False)])
def test_in_a_quiet_market_four_percent_and_back_are_odd(price: float, odd: bool) -> None:
    close = 100 + 0.01 * (np.arange(60) % 2)
    close[31] = price
    columns = Columns(np.arange(60) * 86_400 * 10**9, close, close, close, close, close)
    prints = odd_prints(Evidence("X", columns, 86_400 * 10**9))
    assert (prints is not None) == odd
    assert prints is None or prints.first == ("1970-02-01 (row 32)",)
