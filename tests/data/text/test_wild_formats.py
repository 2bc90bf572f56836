"""Files as their writers write them. After reading each equals its clean twin, and what was done is reported."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from orchestrate.domain.errors import DataError
from tests.data.reading import Read, kinds, same
from tests.data.text.wild_files import (
    CLEAN,
    DAILY,
    DAILY_FILES,
    EXCEL,
    GERMAN,
    HOURLY,
    HOURLY_FILES,
    LEAN,
    MT5,
    OTHERS,
    SECONDS,
    STOOQ,
    hourly,
    stamped,
)

TWINS = {"daily": (DAILY_FILES, DAILY), "hourly": (HOURLY_FILES, HOURLY)}


@pytest.mark.parametrize(("length", "name"), [(length, name) for length, (files, _) in TWINS.items() for name in files])
def test_a_file_equals_its_clean_twin(length: str, name: str, read: Read) -> None:
    files, twin = TWINS[length]
    text, findings = files[name]
    columns, reported = read(text)
    same(columns, twin)
    assert kinds(reported) == findings


def test_packed_files_and_other_encodings(read: Read) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("x.csv", LEAN)
    same(read(archive.getvalue(), "x.zip")[0], DAILY)
    same(read(gzip.compress(CLEAN.encode()), "x.csv.gz")[0], DAILY)
    same(read(gzip.compress(CLEAN.encode()), "misnamed.csv")[0], DAILY)
    same(read(MT5.encode("utf-16"))[0], HOURLY)
    same(read(GERMAN.encode("cp1252"))[0], DAILY)


def test_a_time_zone_is_taken_into_account_with_its_daylight_saving(read: Read) -> None:
    local = hourly("2014-03-07 09:30", "2014-03-07 10:30", "2014-03-10 09:30", "2014-03-10 10:30")
    same(read(local, timezone="America/New_York")[0], HOURLY)
    same(read(CLEAN, timezone="America/New_York")[0], DAILY)


def test_stamps_that_name_their_zone(read: Read) -> None:
    local = [f"{day} {clock}:00 US/Eastern" for day in ("20140307", "20140310") for clock in ("09:30", "10:30")]
    columns, findings = read(hourly(*local))
    same(columns, HOURLY)
    assert kinds(findings) == [("info", "stamps are read in their own time zone, US/Eastern")]
    slashed = [f"{day}/03/2014 {clock} America/New_York" for day in ("07", "10") for clock in ("09:30", "10:30")]
    columns, findings = read(hourly(*slashed), date_format="day_first")
    same(columns, HOURLY)
    with pytest.raises(DataError, match=r"line 4: '2014-03-10 09:30:00' does not name US/Eastern as the first does"):
        read(hourly(*local[:2], "2014-03-10 09:30:00", local[3]))
    with pytest.raises(DataError, match="unknown time zone 'Nowhere/Land'"):
        read(hourly(*(stamp.replace("US/Eastern", "Nowhere/Land") for stamp in local)))


def test_a_flat_file_of_an_exchange_feed(read: Read) -> None:
    """Ticker first, the stamp in nanoseconds under a name of its own."""
    rows = ["ticker,volume,open,close,high,low,window_start,transactions"]
    rows += ["X,100,10.5,10.75,11,10.25,1394202600000000000,3", "X,200,10.75,11.25,11.5,10.5,1394206200000000000,4"]
    rows += ["X,300,11,10.75,11.25,10.5,1394458200000000000,5", "X,400,10.75,10.5,11,10.25,1394461800000000000,6"]
    same(read("\n".join(rows))[0], HOURLY)


def test_the_hour_that_happens_twice_is_resolved_by_the_order_of_rows(read: Read) -> None:
    stamps = ("2014-11-02 00:30", "2014-11-02 01:30", "2014-11-02 01:30", "2014-11-02 02:30")
    columns, _ = read(hourly(*stamps), timezone="America/New_York")
    assert [columns.stamp(place) for place in range(4)] == [
        "2014-11-02 04:30",
        "2014-11-02 05:30",
        "2014-11-02 06:30",
        "2014-11-02 07:30",
    ]
    newest_first = hourly(*reversed(stamps))
    assert read(newest_first, timezone="America/New_York")[0].timestamp.tolist() == columns.timestamp.tolist()


def test_ambiguous_hours_are_refused(read: Read) -> None:
    with pytest.raises(DataError, match=r"line 3: '2014-11-02 01:30' may be either of two moments in America/New_York"):
        read(
            hourly("2014-11-02 00:30", "2014-11-02 01:30", "2014-11-02 02:30", "2014-11-02 03:30"),
            timezone="America/New_York",
        )
    with pytest.raises(DataError, match=r"line 3: '2014-03-09 02:30' does not exist in America/New_York"):
        read(
            hourly("2014-03-09 01:30", "2014-03-09 02:30", "2014-03-09 03:30", "2014-03-09 04:30"),
            timezone="America/New_York",
        )


FORMATS = {
    "%d/%m/%Y": stamped("05/06/2014", "06/06/2014", "09/06/2014", "13/06/2014"),
    "%d.%m.%y": stamped("05.06.14", "06.06.14", "09.06.14", "13.06.14"),
    "%Y%m%d": stamped("20140605", "20140606", "20140609", "20140613"),
    "%b %d %Y": stamped("Jun 05 2014", "Jun 06 2014", "Jun 09 2014", "Jun 13 2014"),
    "day_first": stamped("05/06/2014", "06/06/2014", "09/06/2014", "13/06/2014"),
    "month_first": stamped("06/05/2014", "06/06/2014", "06/09/2014", "06/13/2014"),
    "excel": stamped(*map(str, EXCEL)),
    "iso": CLEAN,
    "epoch_s": stamped(*(str(int(label) // 10**9) for label in DAILY.timestamp)),
    "epoch_ms": stamped(*(str(int(label) // 10**6) for label in DAILY.timestamp)),
    "epoch_us": stamped(*(str(int(label) // 10**3) for label in DAILY.timestamp)),
    "epoch_ns": stamped(*(str(int(label)) for label in DAILY.timestamp)),
    "%d.%m.%Y %H:%M:%S": stamped(
        "05.06.2014 00:00:00", "06.06.2014 00:00:00", "09.06.2014 00:00:00", "13.06.2014 00:00:00"
    ),
}


@pytest.mark.parametrize("date_format", FORMATS)
def test_date_format_decides(date_format: str, read: Read) -> None:
    columns, findings = read(FORMATS[date_format], date_format=date_format)
    same(columns, DAILY)
    assert [severity for severity, _ in kinds(findings)] in ([], ["info"])


def test_a_date_format_that_does_not_fit_is_refused_with_the_line(read: Read) -> None:
    with pytest.raises(DataError, match=r"line 2: '2014-06-05' is not written as %d/%m/%Y"):
        read(CLEAN, date_format="%d/%m/%Y")
    with pytest.raises(DataError, match=r"date_format '%H:%M' does not place year, month and day"):
        read(CLEAN, date_format="%H:%M")


AMBIGUOUS_DATES = stamped("05/06/2014", "06/06/2014", "09/06/2014", "10/06/2014")


def test_what_may_be_read_in_two_ways_is_refused_and_the_setting_named(read: Read) -> None:
    with pytest.raises(
        DataError, match=r"line 2: '05/06/2014' may be day/month or month/day.*\n.*date_format: day_first"
    ):
        read(AMBIGUOUS_DATES)
    assert read(AMBIGUOUS_DATES, date_format="day_first")[0].stamp(0) == "2014-06-05"
    assert read(AMBIGUOUS_DATES, date_format="month_first")[0].stamp(0) == "2014-05-06"
    with pytest.raises(DataError, match="line 3: '13/06/2014' and line 2: '06/13/2014' put day and month in different"):
        read(stamped("06/13/2014", "13/06/2014", "09/06/2014", "10/06/2014"))
    with pytest.raises(DataError, match="line 2: '05/06/14' has a year of two digits"):
        read(stamped("05/06/14", "06/06/14", "09/06/14", "13/06/14"))
    semicolons = "Date;Open;High;Low;Close\n2014-06-05;1,234;1,300;1,200;1,250\n2014-06-06;1,234;1,300;1,200;1,250\n"
    with pytest.raises(DataError, match=r"line 2: '1,234' may be 1234 or 1\.234\n.*decimal: ','"):
        read(semicolons)
    assert read(semicolons, decimal=",")[0].open[0] == 1.234
    assert read(semicolons, decimal=".")[0].open[0] == 1234.0


def test_columns_may_be_named_by_the_configuration(read: Read) -> None:
    text = CLEAN.replace("timestamp,open,high,low,close,volume", "when,eins,zwei,drei,vier,fuenf")
    columns = {"timestamp": "when", "open": "eins", "high": "zwei", "low": "drei", "close": "vier", "volume": "fuenf"}
    same(read(text, columns=columns)[0], DAILY)
    by_number = {"timestamp": "1", "open": "2", "high": "3", "low": "4", "close": "5", "volume": "6"}
    same(read(text, columns=by_number)[0], DAILY)
    same(read(CLEAN.split("\n", 1)[1], columns=by_number)[0], DAILY)
    with pytest.raises(DataError, match="columns: open is 'fünf', but the file has when, eins"):
        read(text, columns=columns | {"open": "fünf"})
    with pytest.raises(DataError, match="columns names 'colour', which is not a field of a bar"):
        read(text, columns=columns | {"colour": "when"})
    with pytest.raises(DataError, match="it is unknown which of the 6 columns is high, low"):
        read(CLEAN.split("\n", 1)[1], columns={"timestamp": "1", "open": "2", "close": "5"})


def test_a_file_of_several_symbols_gives_the_rows_of_one(read: Read) -> None:
    other = STOOQ.splitlines()[1].replace("X.US", "Y.US")
    columns, findings = read(STOOQ + other + "\n")
    same(columns, HOURLY)
    assert kinds(findings) == [("info", "the file holds 2 symbols: the rows of X.US are read")]
    with pytest.raises(DataError, match=r"the file holds 2 symbols \(X\.US, Y\.US\), and 'Z' is none of them"):
        read(STOOQ + other + "\n", symbol="Z")


def test_klines_without_a_header(read: Read) -> None:
    row = "{},10.5,11,10.25,10.75,100,{},1075,5,50,500,0\n"
    text = "".join(row.format(f"{s}000", f"{s + 3599}999") for s in SECONDS)
    columns, findings = read(text)
    assert columns.timestamp.tolist() == HOURLY.timestamp.tolist()
    assert columns.volume.tolist() == [100.0] * 4
    assert ("info", "stamps are read as ms since 1970") in kinds(findings)
    with pytest.raises(DataError, match="there is no header, so it is unknown which of the 11 columns is timestamp"):
        read(text.replace(",0\n", "\n"))


def test_a_cut_off_last_line_is_left_out(read: Read) -> None:
    columns, findings = read(CLEAN + "2014-06-16,91.51,92.7")
    same(columns, DAILY)
    assert kinds(findings) == [("warning", "line 6: the last line is cut off: it is left out")]


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_further_writers(name: str, read: Read) -> None:
    text, stamp, bar = OTHERS[name]
    columns, _ = read(text)
    assert (len(columns), columns.stamp(0), columns.shown(0)) == (2, stamp, bar)
