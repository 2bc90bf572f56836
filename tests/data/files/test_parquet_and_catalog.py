"""Parquet files and Nautilus catalogs give the columns of their CSV twins."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.data.columns import Columns
from orchestrate.data.sources import read_bars
from orchestrate.data.synthetic.generator import generate
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding
from tests.data.reading import Load, kinds, same

DAILY = generate("X", SyntheticSpec(bars=60, seed=3))
HOURLY = generate("X", SyntheticSpec(bars=24 * 30, seed=4, frequency="1h", week=7, start="2014-02-24"))
NAMES = ("open", "high", "low", "close", "volume")


def table(columns: Columns, stamps: pa.Array, called: str = "timestamp", **others: pa.Array) -> pa.Table:
    return pa.table({called: stamps, **{name: pa.array(getattr(columns, name)) for name in NAMES}, **others})


def read(folder: Path, content: pa.Table, **settings: object) -> tuple[Columns, list[Finding]]:
    pq.write_table(content, folder / "bars.parquet")
    return read_bars(DataPlan("X", path="bars.parquet", **settings), folder)


def nanoseconds(columns: Columns, zone: str | None = None, unit: str = "ns") -> pa.Array:
    scale = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9}[unit]
    return pa.array(columns.timestamp // scale, type=pa.int64()).cast(pa.timestamp(unit, zone))


def midnights(zone: tzinfo) -> pa.Array:
    """The moments at which the days of DAILY begin in `zone`."""
    days = (datetime.fromisoformat(DAILY.stamp(place)).replace(tzinfo=zone) for place in range(60))
    return (
        pa.array([int(day.timestamp()) for day in days]).cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("ns", "UTC"))
    )


STAMPS = {
    "nanoseconds": nanoseconds(DAILY),
    "microseconds": nanoseconds(DAILY, unit="us"),
    "seconds": nanoseconds(DAILY, unit="s"),
    "utc": nanoseconds(DAILY, "UTC"),
    "dates": nanoseconds(DAILY).cast(pa.date32()),
    "texts": pa.array([DAILY.stamp(place) for place in range(60)]),
    "integers": pa.array(DAILY.timestamp),
    "milliseconds as integers": pa.array(DAILY.timestamp // 10**6),
    "midnights of New York": midnights(ZoneInfo("America/New_York")).cast(pa.timestamp("ns", "America/New_York")),
    "midnights of an offset": midnights(timezone(timedelta(hours=-5))).cast(pa.timestamp("ns", "-05:00")),
}


@pytest.mark.parametrize("kind", STAMPS)
def test_stamps_of_any_type(kind: str, tmp_path: Path) -> None:
    columns, findings = read(tmp_path, table(DAILY, STAMPS[kind]))
    same(columns, DAILY)
    assert [severity for severity, _ in kinds(findings)] == (["info"] if "integers" in kind else [])


def test_a_wall_clock_and_its_zone(tmp_path: Path) -> None:
    zoned, _ = read(tmp_path, table(HOURLY, nanoseconds(HOURLY, "Europe/Berlin")))
    same(zoned, HOURLY)
    wall = pa.array(HOURLY.timestamp - 5 * 3600 * 10**9).cast(pa.timestamp("ns"))
    before_summer = HOURLY.timestamp < np.datetime64("2014-03-09T07:00", "ns").astype(np.int64)
    columns, _ = read(tmp_path, table(HOURLY, wall).filter(pa.array(before_summer)), timezone="America/New_York")
    same(columns, HOURLY.take(np.flatnonzero(before_summer)))
    with pytest.raises(DataError, match=r"row \d+: .* does not exist in America/New_York"):
        read(tmp_path, table(HOURLY, wall), timezone="America/New_York")


def test_an_index_of_pandas_and_other_columns_are_no_obstacle(tmp_path: Path) -> None:
    more = {"Adj": pa.array(np.ones(60)), "name": pa.array(["x"] * 60)}
    same(read(tmp_path, table(DAILY, nanoseconds(DAILY), "__index_level_0__", **more))[0], DAILY)
    same(read(tmp_path, table(DAILY, nanoseconds(DAILY), "Date"))[0], DAILY)
    renamed = table(DAILY, nanoseconds(DAILY)).rename_columns(["when", "Open", "HIGH", "low", "last", "vol"])
    same(read(tmp_path, renamed, columns={"timestamp": "when"})[0], DAILY)


def test_prices_of_32_bits_are_the_decimals_they_stand_for(tmp_path: Path) -> None:
    narrow = table(DAILY, nanoseconds(DAILY))
    for place, name in enumerate(NAMES[:4], 1):
        narrow = narrow.set_column(place, name, narrow.column(name).cast(pa.float32()))
    same(read(tmp_path, narrow)[0], DAILY)


def test_prices_as_integers_and_decimals(tmp_path: Path) -> None:
    whole = table(DAILY, nanoseconds(DAILY))
    for place, name in enumerate(NAMES[:4], 1):
        exact = pa.array([str(value) for value in getattr(DAILY, name).tolist()]).cast(pa.decimal128(12, 2))
        whole = whole.set_column(place, name, exact)
    whole = whole.set_column(5, "volume", whole.column("volume").cast(pa.int64()))
    same(read(tmp_path, whole)[0], DAILY)


def test_what_a_csv_may_lack_a_parquet_file_may_lack_too(tmp_path: Path) -> None:
    columns, findings = read(tmp_path, table(DAILY, nanoseconds(DAILY)).drop_columns(["volume"]))
    assert not columns.volume.any()
    assert kinds(findings) == [("warning", "no volume column: volume is 0")]
    prices = DAILY.close.copy()
    prices[[7, 9]] = np.nan, np.inf
    holed = table(DAILY, nanoseconds(DAILY)).set_column(4, "close", pa.array(prices))
    columns, findings = read(tmp_path, holed)
    same(columns, DAILY.take(np.delete(np.arange(60), [7, 9])))
    assert kinds(findings) == [("warning", "rows lack a price, first 2010-01-13 (row 8); they are left out")]
    shuffled = table(DAILY, nanoseconds(DAILY)).take(pa.array(np.arange(60)[::-1].copy()))
    columns, findings = read(tmp_path, shuffled)
    same(columns, DAILY)
    assert kinds(findings) == [("warning", "the newest row is first: rows are reversed")]


def test_tables_that_are_no_bars_are_refused(tmp_path: Path) -> None:
    clean = table(DAILY, nanoseconds(DAILY))
    with pytest.raises(DataError, match=r"X \(bars\.parquet\): no column for close among timestamp, open"):
        read(tmp_path, clean.drop_columns(["close"]))
    with pytest.raises(DataError, match="column open holds bool, not numbers"):
        read(tmp_path, clean.set_column(1, "open", pa.array([True] * 60)))
    with pytest.raises(DataError, match=r"row 1: open .dear. is no number \(and 59 more like it\)"):
        read(tmp_path, clean.set_column(1, "open", pa.array(["dear"] * 60)))
    with pytest.raises(DataError, match="2 rows have no stamp"):
        read(tmp_path, clean.set_column(0, "timestamp", pa.array([None, None, *DAILY.timestamp[2:].tolist()])))
    with pytest.raises(DataError, match="the table has no rows"):
        read(tmp_path, clean.slice(0, 0))
    with pytest.raises(DataError, match=r"the file cannot be read|the Parquet file is damaged"):
        (tmp_path / "text.parquet").write_text("no parquet at all")
        read_bars(DataPlan("X", path="text.parquet", format="parquet"), tmp_path)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with two bar types of 60 daily bars."""
    from nautilus_trader.model.data import Bar, BarType
    from nautilus_trader.model.objects import Price, Quantity
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    folder = tmp_path_factory.mktemp("catalog")
    store = ParquetDataCatalog(str(folder))
    for instrument in ("AAA.XNAS", "EUR/USD.SIM"):
        kind = BarType.from_str(f"{instrument}-1-DAY-LAST-EXTERNAL")
        rows = zip(DAILY.timestamp.tolist(), *(getattr(DAILY, name).tolist() for name in NAMES), strict=True)
        store.write_data(
            [Bar(kind, *(Price(price, 2) for price in row[1:5]), Quantity(row[5], 0), row[0], row[0]) for row in rows]
        )
    return folder


@pytest.mark.parametrize(
    ("symbol", "settings", "shown"),
    [
        ("AAA", {}, "AAA.XNAS-1-DAY-LAST-EXTERNAL"),
        ("AAA.XNAS", {}, "AAA.XNAS-1-DAY-LAST-EXTERNAL"),
        ("EUR/USD", {}, "EURUSD.SIM-1-DAY-LAST-EXTERNAL"),
        ("ANY", {"bar_type": "EUR/USD.SIM-1-DAY-LAST-EXTERNAL"}, "EURUSD.SIM-1-DAY-LAST-EXTERNAL"),
    ],
)
def test_a_catalog_gives_the_bars_of_one_type(symbol: str, settings: dict[str, str], shown: str, catalog: Path) -> None:
    columns, findings = read_bars(DataPlan(symbol, path=str(catalog), stamp="end", **settings), Path())
    same(columns, DAILY)
    assert kinds(findings) == [("info", f"bars of {shown}")]


def test_a_catalog_that_leaves_a_choice_is_refused(catalog: Path, load: Load) -> None:
    with pytest.raises(DataError) as refused:
        load({"ANY": {"path": str(catalog)}})
    assert "which bars? The catalog has AAA.XNAS-1-DAY-LAST-EXTERNAL, EURUSD.SIM-1-DAY-LAST-EXTERNAL" in str(
        refused.value
    )
    assert "bar_type:" in str(refused.value)
    market, findings = load({"AAA": {"path": str(catalog)}})
    assert len(market.series["AAA"]) == 60
    assert ("info", STAMPED) in kinds(findings)


STAMPED = "bars are assumed to be stamped at their start; Nautilus mostly stamps the end: if so, set stamp: end"


def test_a_catalog_has_a_bound(catalog: Path) -> None:
    with pytest.raises(DataError, match="it unpacks to more than 1 KB"):
        read_bars(DataPlan("AAA", path=str(catalog), max_unpacked=1000), Path())


def test_a_catalog_whose_files_are_broken(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "bar" / "AAA.XNAS-1-DAY-LAST-EXTERNAL"
    folder.mkdir(parents=True)
    (folder / "2014-01-01T00-00-00-000000000Z_2014-02-19T00-00-00-000000000Z.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"Nautilus cannot read AAA\.XNAS-1-DAY-LAST-EXTERNAL|has no bars of"):
        read_bars(DataPlan("AAA", path=str(tmp_path)), Path())


def stored(folder: Path, *bars: tuple[int, float, int]) -> tuple[Columns, list[Finding]]:
    """A catalog with one file for each (stamp, price, decimals), read back."""
    from nautilus_trader.model.data import Bar, BarType
    from nautilus_trader.model.objects import Price, Quantity
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    kind = BarType.from_str("AAA.XNAS-1-DAY-LAST-EXTERNAL")
    for stamp, price, digits in bars:
        flat = (Price(price, digits) for _ in range(4))
        ParquetDataCatalog(str(folder)).write_data([Bar(kind, *flat, Quantity(1, 0), stamp, stamp)])
    return read_bars(DataPlan("AAA", path=str(folder)), Path())


def test_files_of_a_catalog_keep_their_own_decimals(tmp_path: Path) -> None:
    from nautilus_trader import __version__

    bars = (0, 1.5, 1), (86_400 * 10**9, 1.23456, 5)
    if __version__.startswith("1.221"):
        assert stored(tmp_path, *bars)[0].close.tolist() == [1.5, 1.23456]
    else:  # 1.231 doesn't join files of different decimals
        with pytest.raises(DataError, match="price_precision"):
            stored(tmp_path, *bars)


def test_a_catalog_outside_the_years_that_are_counted_is_refused(tmp_path: Path) -> None:
    late = np.datetime64("2262-01-01", "ns").astype(int)
    with pytest.raises(DataError, match=r"row 2: 2262-01-01 lies outside the years 1678 to 2261"):
        stored(tmp_path, (0, 1.5, 1), (int(late), 1.5, 1))


def any_type() -> list[pa.DataType]:
    """Every kind of type that a Parquet file can hold, most of them no stamps and no prices."""
    plain = [pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64()]
    plain += [pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.large_string(), pa.binary(), pa.binary(3)]
    plain += [pa.date32(), pa.date64(), pa.time32("s"), pa.time64("ns"), pa.duration("ns"), pa.large_binary()]
    plain += [pa.timestamp("s"), pa.timestamp("ns", "UTC"), pa.timestamp("us", "Europe/Berlin")]
    plain += [pa.decimal128(20, 4), pa.decimal256(60, 4), pa.dictionary(pa.int32(), pa.string())]
    plain += [
        pa.list_(pa.int64()),
        pa.list_(pa.int64(), 2),
        pa.large_list(pa.string()),
        pa.map_(pa.string(), pa.int8()),
    ]
    return [*plain, pa.struct([("a", pa.int64())]), pa.struct([("a", pa.list_(pa.string()))])]


def column(kind: pa.DataType) -> pa.Array:
    """Two values of `kind`, or nulls where no number makes one."""
    for values in ([1, 2], [b"\xff\xfe\xfd", b"\xff\xff\xff"], [["x"], ["y"]], [{"a": 1}, {"a": 2}], [[1, 2], [3, 4]]):
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, ValueError, AttributeError):
            continue
    return pa.nulls(2, kind)


@pytest.mark.parametrize("name", ["timestamp", "close", "volume"])
@pytest.mark.parametrize("kind", any_type(), ids=str)
def test_a_column_of_any_type_is_read_or_refused(kind: pa.DataType, name: str, tmp_path: Path) -> None:
    content = table(DAILY.take(slice(0, 2)), nanoseconds(DAILY)[:2])
    content = content.set_column(content.schema.get_field_index(name), name, column(kind))
    try:
        columns, _ = read(tmp_path, content)
    except DataError as error:
        assert error.where == "X (bars.parquet)"
        assert error.hint
    else:
        assert len(columns) == 2


def test_stamps_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    texts = pa.array([b"2014-06-05", b"2014-06-0\xff"])
    bad = pa.StringArray.from_buffers(2, *texts.buffers()[1:])
    with pytest.raises(DataError, match=r"column timestamp \(string\) can't be read"):
        read(tmp_path, table(DAILY.take(slice(0, 2)), bad))


def test_stamps_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: 'inf' is not a date or time"):
        read(tmp_path, table(DAILY.take(slice(0, 2)), pa.array([np.inf, np.inf])))


def test_a_number_chooses_among_columns_of_one_name(tmp_path: Path) -> None:
    content = table(DAILY, nanoseconds(DAILY)).append_column("close", pa.array(DAILY.close * 2))
    for number, factor in ((5, 1), (7, 2)):
        columns, _ = read(tmp_path, content, columns={"close": str(number)})
        assert columns.close.tolist() == np.clip(DAILY.close * factor, DAILY.low, DAILY.close * factor).tolist()
