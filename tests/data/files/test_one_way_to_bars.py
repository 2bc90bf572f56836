"""The same columns give the same bars, whether they stand in a text, in a large text or in a Parquet file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.data.columns import Columns
from orchestrate.data.files.memory import by_symbol
from orchestrate.data.sources import read_bars
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.text import csv as text_reader
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding
from tests.data.reading import Read, kinds, same

HOURS = generate("X", SyntheticSpec(bars=48, seed=4, frequency="1h", week=7, start="2014-02-24"))
NAMES = ("open", "high", "low", "close", "volume")
MOMENTS = HOURS.timestamp.astype("M8[ns]").astype("M8[s]").tolist()
DATES = [moment.date() for moment in MOMENTS]
TIMES = [moment.time() for moment in MOMENTS]
PRICES = {name: getattr(HOURS, name).tolist() for name in NAMES}
Named = dict[str, list[object]]
Bars = tuple[Columns, list[Finding]]


def parquet(folder: Path, table: Named, /, **settings: object) -> Bars:
    pq.write_table(pa.table(table), folder / "bars.parquet")
    return read_bars(DataPlan("X", path="bars.parquet", **settings), folder)


def text(folder: Path, table: Named, /, **settings: object) -> Bars:
    rows = [",".join("" if cell is None else str(cell) for cell in row) for row in zip(*table.values(), strict=True)]
    (folder / "bars.csv").write_text("\n".join([",".join(table), *rows]) + "\n")
    return read_bars(DataPlan("X", path="bars.csv", **settings), folder)


@pytest.fixture(params=["text", "large text", "parquet"])
def read(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """`read(table, **settings)` → bars and findings."""
    if request.param == "large text":
        monkeypatch.setattr(text_reader, "LARGE", 0)
    reader = parquet if request.param == "parquet" else text
    return partial(reader, tmp_path)


CLOCKS: dict[str, list[object]] = {
    "times": TIMES,
    "texts": [f"{clock:%H:%M}" for clock in TIMES],
    "hours": [clock.hour for clock in TIMES],
    "hours and minutes": [clock.hour * 100 for clock in TIMES],
    "digits": [f"{clock:%H%M%S}" for clock in TIMES],
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_time_of_day_stands_beside_the_date(clock: str, read: Read) -> None:
    for name in ("time", "hour"):
        same(read({"date": DATES, name: CLOCKS[clock], **PRICES})[0], HOURS)


def test_a_time_of_day_that_the_settings_name(read: Read) -> None:
    columns, _ = read({"day": DATES, "clock": TIMES, **PRICES}, columns={"timestamp": "day", "time": "clock"})
    same(columns, HOURS)


def test_a_date_that_is_stored_as_a_moment_has_a_time_beside_it(tmp_path: Path) -> None:
    for zone in (None, "UTC", "America/New_York"):
        local = np.array(DATES, dtype="M8[us]")
        days = pa.array(local).cast(pa.timestamp("us"))
        if zone:
            days = pa.compute.assume_timezone(days, zone)
        same(parquet(tmp_path, {"date": days, "time": TIMES, **PRICES})[0], HOURS)


def test_a_stamp_with_its_own_time_needs_no_other(read: Read) -> None:
    same(read({"date": MOMENTS, "time": TIMES, **PRICES})[0], HOURS)
    with pytest.raises(DataError, match=r"(line 2|row 1): '2014-02-24.00:00:00 00:00:00[.0]*' is not a date or time"):
        read({"date": MOMENTS, "time": TIMES, **PRICES}, columns={"timestamp": "date", "time": "time"})


def test_rows_of_one_symbol_are_read(read: Read) -> None:
    twice = {name: [cell for cell in column for _ in range(2)] for name, column in PRICES.items()}
    twice["close"] = [close + place % 2 for place, close in enumerate(twice["close"])]
    moments = [moment for moment in MOMENTS for _ in range(2)]
    columns, findings = read({"datetime": moments, "ticker": ["X", "Y"] * 48, **twice})
    same(columns, HOURS)
    assert kinds(findings)[0] == ("info", "the file holds 2 symbols: the rows of X are read")
    with pytest.raises(DataError, match=r"the file holds 2 symbols \(V, W\), and 'X' is none of them"):
        read({"datetime": moments, "ticker": ["V", "W"] * 48, **twice})


def test_habits_of_vendors(read: Read) -> None:
    silent = {name: column for name, column in PRICES.items() if name != "volume"}
    columns, findings = read(
        {"datetime": MOMENTS, **silent, "Adj Close": PRICES["close"], "tickvol": [7] * 48, "vol": [0] * 48}
    )
    assert columns.volume.tolist() == [7] * 48
    assert kinds(findings) == [
        ("info", "the column 'Adj Close' is left aside: prices are those of open, high, low and close"),
        ("info", "volume is 0 throughout: tickvol is used instead"),
    ]


def test_rows_without_prices_are_left_out(read: Read) -> None:
    holed = {
        name: [None if place == 5 else cell for place, cell in enumerate(column)] for name, column in PRICES.items()
    }
    columns, findings = read({"datetime": MOMENTS, **holed})
    same(columns, HOURS.take(np.delete(np.arange(48), 5)))
    ((severity, message),) = kinds(findings)
    assert (severity, message.split(":")[0]) == ("warning", "rows without prices")


def test_prices_as_texts_and_stamps_as_digits(tmp_path: Path) -> None:
    prices = {name: pa.array([f"{cell:.2f}" for cell in column]) for name, column in PRICES.items()}
    seconds = pa.array(HOURS.timestamp // 10**9)
    for written in (seconds, seconds.cast(pa.float64()), seconds.cast(pa.string()), seconds.cast(pa.decimal128(30, 2))):
        same(parquet(tmp_path, {"ts": written, **prices})[0], HOURS)
    coded = pa.array([str(moment) for moment in MOMENTS]).dictionary_encode()
    same(parquet(tmp_path, {"ts": coded, **prices})[0], HOURS)


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), pa.binary()])
def test_stamps_of_no_use_are_refused(kind: pa.DataType, tmp_path: Path) -> None:
    value: object = b"\xff" if kind == pa.binary() else [1] if pa.types.is_list(kind) else {"a": 1}
    with pytest.raises(DataError, match=r"column timestamp \(.*\) can't be read"):
        parquet(tmp_path, {"timestamp": pa.array([value] * 48, kind), **PRICES})


@pytest.mark.parametrize("fraction", ["9", "57", "000000001"])
def test_a_fraction_of_an_epoch_is_kept(fraction: str, read: Read) -> None:
    seconds = [f"{second}.{fraction}" for second in (1400000000, 1400086400, 1400172800, 1400259200)]
    four = {name: column[:4] for name, column in PRICES.items()}
    columns, _ = read({"ts": seconds, **four})
    assert columns.timestamp[0] == 1_400_000_000 * 10**9 + int(fraction.ljust(9, "0"))


def test_a_fraction_in_a_column_of_floats_is_kept(tmp_path: Path) -> None:
    four = {name: column[:4] for name, column in PRICES.items()}
    columns, _ = parquet(tmp_path, {"ts": [1400000000.9, 1400086400.9, 1400172800.0, 1400259200.25], **four})
    assert (columns.timestamp % 10**9).tolist() == [900_000_000, 900_000_000, 0, 250_000_000]


def test_a_fraction_below_a_nanosecond_is_refused(read: Read) -> None:
    four = {name: column[:4] for name, column in PRICES.items()}
    stamps = ["1400000000.1234567891", "1400086400.0", "1400172800.0", "1400259200.0"]
    with pytest.raises(DataError, match=r"(line 2|row 1): '1400000000.1234567891' is finer than a nanosecond"):
        read({"ts": stamps, **four})


def test_missing_stamps_are_reported_unless_their_rows_are_empty(tmp_path: Path) -> None:
    holed = {
        name: [None if place == 5 else cell for place, cell in enumerate(column)] for name, column in PRICES.items()
    }
    stamps = [None if place == 5 else moment for place, moment in enumerate(MOMENTS)]
    same(parquet(tmp_path, {"date": stamps, **holed})[0], HOURS.take(np.delete(np.arange(48), 5)))
    for column in (stamps, [None if stamp is None else str(stamp) for stamp in stamps]):
        with pytest.raises(DataError, match=r"row 6: '' is no date or time: 1 row has no stamp"):
            parquet(tmp_path, {"date": column, **PRICES})


def test_a_frame_has_a_time_beside_its_date() -> None:
    for dates in (DATES, pd.to_datetime(pd.Series(DATES)), [str(day) for day in DATES]):
        for times in (TIMES, [str(clock) for clock in TIMES]):
            columns = by_symbol(pd.DataFrame({"Date": dates, "Time": times, **PRICES}))["DATA"]
            assert isinstance(columns, Columns)
            same(columns, HOURS)
    own = by_symbol(pd.DataFrame({"date": MOMENTS, "time": TIMES, **PRICES}))["DATA"]
    assert isinstance(own, Columns)
    same(own, HOURS)
