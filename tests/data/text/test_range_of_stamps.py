"""What int64 nanoseconds can't count: `start` and `end` saturate, data is refused by its row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.data.files.memory import by_symbol
from orchestrate.data.sources import read_bars
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.stamps import EARLIEST, LATEST, label_text, moment_of, saturated
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.market.timeline import HistoricalDataBar
from orchestrate.domain.plan import Adjustment, DataPlan
from tests.data.reading import Load, Read, kinds
from tests.data.text.wild_files import CLEAN

OUTSIDE = r"lies outside the years 1678 to 2261"
ALL = [647.35, 645.57, 93.7, 91.28]


@pytest.mark.parametrize(
    ("start", "end", "closes"),
    [
        ("", "2500-01-01", ALL),
        ("", "9999-12-31", ALL),
        ("0001-01-01", "", ALL),
        ("1600-01-01", "9999-12-31T23:59:59.999999Z", ALL),
        ("0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-05:00", ALL),
        ("2014-06-06T02:00:00+02:00", "2014-06-08T20:00:00-04:00", ALL[1:3]),
        ("9999-12-31", "", None),
        ("2262-05-01", "", None),
        ("", "1600-01-01", None),
    ],
)
def test_start_and_end_saturate(start: str, end: str, closes: list[float] | None, load: Load) -> None:
    if closes is None:
        with pytest.raises(DataError, match=r"no bar lies within .*: the data covers 2014-06-05 to 2014-06-13"):
            load({"X": CLEAN}, start=start, end=end)
    else:
        assert load({"X": CLEAN}, start=start, end=end)[0].series["X"].close.tolist() == closes


def test_moments_of_any_year() -> None:
    assert moment_of("1970-01-01") == 0
    assert moment_of("1970-01-01", last=True) == 86_400 * 10**9 - 1
    assert moment_of("1970-01-01T01:00:00.5+01:00") == 500_000_000
    assert moment_of("9999-12-31") > 2**63
    assert [label_text(saturated(moment))[:10] for moment in (moment_of("0001-01-01"), 10**30)] == [
        "1678-01-01",
        "2261-12-31",
    ]


def rows(*stamps: str) -> str:
    return "\n".join(["timestamp,open,high,low,close,volume", *(f"{stamp},1,2,1,2,10" for stamp in stamps)]) + "\n"


@pytest.mark.parametrize(
    "stamp",
    ["1600-01-01", "3000-01-01", "9999-12-31T23:59:59Z", "1677-12-31", "2262-01-01", "0999-01-01 10:00:00-05:00"],
)
def test_texts_outside_are_refused_by_their_line(stamp: str, load: Load) -> None:
    first = "2014-06-05" + stamp[10:]
    with pytest.raises(DataError, match=rf"X \(X\.csv\): line 3: '.*' {OUTSIDE}"):
        load({"X": rows(first, stamp)})


@pytest.mark.parametrize(
    ("unit", "seconds"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)], ids=["s", "ms", "us", "ns"]
)
def test_counts_outside_are_refused_by_their_line(unit: str, seconds: int, read: Read) -> None:
    late = 9_300_000_000 * seconds  # in 2264, beyond int64 as nanoseconds
    with pytest.raises(DataError, match=rf"line 3: '{late}' is too great for that count since 1970"):
        read(rows(str(1_400_000_000 * seconds), str(late)), date_format=f"epoch_{unit}")


YEARS = (2014, 3000)
EARLY = (2014, 1600)


@pytest.mark.parametrize("years", [YEARS, EARLY], ids=["year 3000", "year 1600"])
@pytest.mark.parametrize(
    "kind", ["s", "ms", "us", "s UTC", "us New York", "date32", "date64", "int s", "float s", "text"]
)
def test_parquet_outside_is_refused_by_its_row(kind: str, years: tuple[int, int], tmp_path: Path) -> None:
    moments = [datetime(year, 6, 5, tzinfo=UTC) for year in years]
    counts = pa.array([int(moment.timestamp()) for moment in moments])
    stamps = {
        "s": lambda: counts.cast(pa.timestamp("s")),
        "ms": lambda: counts.cast(pa.timestamp("s")).cast(pa.timestamp("ms")),
        "us": lambda: counts.cast(pa.timestamp("s")).cast(pa.timestamp("us")),
        "s UTC": lambda: counts.cast(pa.timestamp("s", "UTC")),
        "us New York": lambda: counts.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "America/New_York")),
        "date32": lambda: pa.array([date(year, 6, 5) for year in years], pa.date32()),
        "date64": lambda: pa.array([date(year, 6, 5) for year in years], pa.date64()),
        "int s": lambda: counts,
        "float s": lambda: counts.cast(pa.float64()),
        "text": lambda: pa.array([f"{year}-06-05" for year in years]),
    }[kind]()
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"timestamp": stamps, **prices}), tmp_path / "bars.parquet")
    with pytest.raises(DataError, match=rf"X \(bars\.parquet\): row [12]: .*({OUTSIDE}|is |after 1973)"):
        read_bars(DataPlan("X", path="bars.parquet"), tmp_path)


@pytest.mark.parametrize("year", [1600, 3000])
def test_the_old_96_bit_stamps_of_parquet_do_not_wrap(year: int, tmp_path: Path) -> None:
    counts = np.array(["2014-06-05", f"{year}-06-05"], dtype="M8[us]")
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    table = pa.table({"timestamp": pa.array(counts), **prices})
    pq.write_table(table, tmp_path / "bars.parquet", use_deprecated_int96_timestamps=True)
    with pytest.raises(DataError, match=rf"row 2: {year}-06-05.* {OUTSIDE}"):
        read_bars(DataPlan("X", path="bars.parquet"), tmp_path)


@pytest.mark.parametrize("moment", [-(10**30), EARLIEST - 1, LATEST + 1, 2**63, 10**30])
def test_bars_in_memory_outside_are_refused(moment: int) -> None:
    bars = [HistoricalDataBar(stamp, 1.0, 1.0, 1.0, 1.0) for stamp in (0, moment)]
    columns = by_symbol(bars)["DATA"]
    assert not isinstance(columns, Path)
    with pytest.raises(DataError, match=rf"bar 2: .* {OUTSIDE}"):
        read_bars(DataPlan("DATA"), Path(), columns)


def test_a_frame_outside_is_refused() -> None:
    frame = pd.DataFrame({name: [1.0, 1.0] for name in ("open", "high", "low", "close")})
    frame["date"] = np.array(["2014-06-05", "3000-06-05"], dtype="M8[s]")
    with pytest.raises(DataError, match=r"DATA: the DataFrame can't be read: .*3000-06-05"):
        by_symbol(frame)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"start": "9999-01-01"}, "bars from 9999-01-01 on reach beyond the year 2261: there are 2520 of 1d"),
        ({"start": "1600-01-01"}, "start must lie in the years 1678 to 2261, not 1600-01-01"),
        ({"bars": 20_000_000}, "bars from 2010-01-04 on reach beyond the year 2261"),
        ({"bars": 92_100, "week": 7}, "bars from 2010-01-04 on reach beyond the year 2261"),
    ],
)
def test_synthetic_bars_outside_are_refused(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        SyntheticSpec(**settings)  # type: ignore[arg-type]


def test_synthetic_bars_reach_the_last_year(load: Load) -> None:
    market, _ = load({"X": {"synthetic": {"start": "2255-01-01", "bars": 2555, "week": 7}}})
    assert label_text(int(market.series["X"].timestamp[-1])) == "2261-12-29"


@pytest.mark.parametrize("day", ["9999-01-01", "1600-01-01", "2500-06-09", "2014-07-01"])
def test_a_split_outside_adjusts_nothing(day: str, load: Load) -> None:
    entry = {"path": "X.csv", "adjust": Adjustment(((day, Decimal(7)),))}
    load({"X": CLEAN})
    market, findings = load({"X": entry})
    assert market.series["X"].close.tolist() == ALL
    assert ("warning", f"the split of {day} lies outside the data: it adjusts nothing") in kinds(findings)


def test_a_series_of_centuries_is_counted_right(load: Load) -> None:
    market, _ = load({"X": rows(*(f"{year}-01-01" for year in range(1678, 2262)))})
    assert market.periods_per_year["X"] == pytest.approx(1.0, rel=1e-3)
    assert len(market.timeline) == 584


def test_bars_further_apart_than_can_be_counted_are_refused(load: Load) -> None:
    with pytest.raises(DataError, match="two bars that follow each other are more than 292 years apart"):
        load({"X": rows("1678-01-01", "1990-01-01", "2261-01-01")})
    with pytest.raises(DataError, match=r"bars of \d+ days reach beyond the supported years"):
        load({"X": rows("1990-01-01", "2250-01-01")})


def test_lengths_beyond_a_year_are_refused(load: Load) -> None:
    load({"Y": CLEAN, "X": CLEAN})
    for entry in ({"path": "X.csv", "frequency": "999999d"}, {"resample": {"of": "Y", "to": "999999d"}}):
        with pytest.raises(DataError, match=r"frequency must be a year .366d. at most, not '999999d'"):
            load({"Y": {"path": "Y.csv"}, "X": entry})
