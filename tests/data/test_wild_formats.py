"""Files as their writers write them. After the reading each equals its clean twin, and what was done is told."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date

import pytest

from orchestrate.domain.errors import DataError
from tests.data.reading import Read, bars, kinds, same

DAILY = bars(
    ("2014-06-05", 646.2, 649.37, 642.61, 647.35, 75951000),
    ("2014-06-06", 649.9, 651.26, 644.47, 645.57, 87484000),
    ("2014-06-09", 92.7, 93.88, 91.75, 93.7, 75415000),
    ("2014-06-13", 92.2, 92.44, 90.88, 91.28, 54525000),
)
HOURLY = bars(
    ("2014-03-07 14:30", 10.5, 11, 10.25, 10.75, 100),
    ("2014-03-07 15:30", 10.75, 11.5, 10.5, 11.25, 200),
    ("2014-03-10 13:30", 11, 11.25, 10.5, 10.75, 300),
    ("2014-03-10 14:30", 10.75, 11, 10.25, 10.5, 400),
)

CLEAN = """timestamp,open,high,low,close,volume
2014-06-05,646.20,649.37,642.61,647.35,75951000
2014-06-06,649.90,651.26,644.47,645.57,87484000
2014-06-09,92.70,93.88,91.75,93.70,75415000
2014-06-13,92.20,92.44,90.88,91.28,54525000
"""

YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2014-06-13,92.20,92.44,90.88,91.28,82.1,54525000
2014-06-10,null,null,null,null,null,null
2014-06-09,92.70,93.88,91.75,93.70,84.3,75415000
2014-06-06,649.90,651.26,644.47,645.57,83.0,87484000
2014-06-05,646.20,649.37,642.61,647.35,83.2,75951000
"""

MT5 = (
    "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n"
    "2014.03.07\t14:30:00\t10.50\t11.00\t10.25\t10.75\t100\t0\t2\r\n"
    "2014.03.07\t15:30:00\t10.75\t11.50\t10.50\t11.25\t200\t0\t2\r\n"
    "2014.03.10\t13:30:00\t11.00\t11.25\t10.50\t10.75\t300\t0\t2\r\n"
    "2014.03.10\t14:30:00\t10.75\t11.00\t10.25\t10.50\t400\t0\t2\r\n"
)

STOOQ = """<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
X.US,60,20140307,143000,10.5,11,10.25,10.75,100,0
X.US,60,20140307,153000,10.75,11.5,10.5,11.25,200,0
X.US,60,20140310,133000,11,11.25,10.5,10.75,300,0
X.US,60,20140310,143000,10.75,11,10.25,10.5,400,0
"""

LEAN = """20140605 00:00,6462000,6493700,6426100,6473500,75951000
20140606 00:00,6499000,6512600,6444700,6455700,87484000
20140609 00:00,927000,938800,917500,937000,75415000
20140613 00:00,922000,924400,908800,912800,54525000
"""

GERMAN = """Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen
05.06.2014;646,20;649,37;642,61;647,35;75.951.000
06.06.2014;649,90;651,26;644,47;645,57;87.484.000
09.06.2014;92,70;93,88;91,75;93,70;75.415.000
13.06.2014;92,20;92,44;90,88;91,28;54.525.000
"""

THOUSANDS = """Date,Open,High,Low,Close,Volume
2014-06-05,646.20,649.37,642.61,647.35,"75,951,000"
2014-06-06,649.90,651.26,644.47,645.57,"87,484,000"
2014-06-09,92.70,93.88,91.75,93.70,"75,415,000"
2014-06-13,92.20,92.44,90.88,91.28,"54,525,000"
"""

AMERICAN = """Date,Close/Last,Volume,Open,High,Low
06/13/2014,$91.28,54525000,$92.20,$92.44,$90.88
06/09/2014,$93.70,75415000,$92.70,$93.88,$91.75
06/06/2014,$645.57,87484000,$649.90,$651.26,$644.47
06/05/2014,$647.35,75951000,$646.20,$649.37,$642.61
"""

INVESTING = """"Date","Price","Open","High","Low","Vol.","Change %"
"Jun 13, 2014","91.28","92.20","92.44","90.88","54.525M","-1.02%"
"Jun 09, 2014","93.70","92.70","93.88","91.75","75.415M","1.60%"
"Jun 06, 2014","645.57","649.90","651.26","644.47","87.484M","-0.27%"
"Jun 05, 2014","647.35","646.20","649.37","642.61","75.951M","0.39%"
"""

YFINANCE = """Price,Close,High,Low,Open,Volume
Ticker,X,X,X,X,X
Date,,,,,
2014-06-05,647.35,649.37,642.61,646.20,75951000
2014-06-06,645.57,651.26,644.47,649.90,87484000
2014-06-09,93.70,93.88,91.75,92.70,75415000
2014-06-13,91.28,92.44,90.88,92.20,54525000
"""

NAMED_MONTHS = (
    CLEAN.replace("2014-06-05", "5-Jun-14")
    .replace("2014-06-06", "6-Jun-14")
    .replace("2014-06-09", "9-Jun-14")
    .replace("2014-06-13", "13-Jun-14")
)

ADJUSTED_INFO = ("info", "the column 'Adj Close' is left aside: prices are those of open, high, low and close")
TURNED = ("warning", "the newest row stands first: rows are turned round")
NO_HEADER = ("info", "there is no header: the columns are taken as timestamp, open, high, low, close, volume")


def stamped(*stamps: str) -> str:
    """The clean daily bars with other stamps."""
    lines = CLEAN.splitlines()
    rows = (f"{stamp},{line.split(',', 1)[1]}" for stamp, line in zip(stamps, lines[1:], strict=True))
    return "\n".join([lines[0], *rows]) + "\n"


def hourly(*stamps: str) -> str:
    """The hourly bars with stamps of any kind."""
    rows = [
        "10.5,11,10.25,10.75,100",
        "10.75,11.5,10.5,11.25,200",
        "11,11.25,10.5,10.75,300",
        "10.75,11,10.25,10.5,400",
    ]
    return "timestamp,open,high,low,close,volume\n" + "".join(
        f"{stamp},{row}\n" for stamp, row in zip(stamps, rows, strict=True)
    )


SECONDS = [int(label) // 10**9 for label in HOURLY.label]
EXCEL = [
    (date.fromisoformat(day) - date(1899, 12, 30)).days
    for day in ("2014-06-05", "2014-06-06", "2014-06-09", "2014-06-13")
]
EXCEL_INFO = ("info", "stamps are read as days of a spreadsheet (Excel serial dates)")

DAILY_FILES = {
    "clean": (CLEAN, []),
    "yahoo, newest first, a null row": (
        YAHOO,
        [ADJUSTED_INFO, ("warning", "rows without prices: line 3; they are left out"), TURNED],
    ),
    "lean": (LEAN, [NO_HEADER, ("warning", "whole prices in Lean's layout are read as ten-thousandths")]),
    "semicolons, decimal commas, dots in dates": (
        GERMAN,
        [("info", "dates are read as day/month/year: line 5 has '13.06.2014'")],
    ),
    "thousands": (THOUSANDS, []),
    "american dates, dollars, newest first": (
        AMERICAN,
        [("info", "dates are read as month/day/year: line 2 has '06/13/2014'"), TURNED],
    ),
    "investing.com": (INVESTING, [TURNED]),
    "yfinance": (YFINANCE, [("info", "2 line(s) of titles around the header are not bars")]),
    "month names": (NAMED_MONTHS, []),
    "byte order mark": ("\ufeff" + CLEAN, []),
    "crlf": (CLEAN.replace("\n", "\r\n"), []),
    "carriage returns only": (CLEAN.replace("\n", "\r"), []),
    "no line end at the end": (CLEAN.rstrip("\n"), []),
    "blank lines": (CLEAN.replace("\n", "\n\n"), []),
    "mixed-case names": (
        CLEAN.replace("timestamp,open,high,low,close,volume", "DATE, OPEN,High ,lOw,Close,VoLuMe"),
        [],
    ),
    "short names": (CLEAN.replace("timestamp,open,high,low,close,volume", "t,o,h,l,c,v"), []),
    "numbered names": (
        CLEAN.replace("timestamp,open,high,low,close,volume", "timestamp,1. open,2. high,3. low,4. close,5. volume"),
        [],
    ),
    "no header": (CLEAN.split("\n", 1)[1], [NO_HEADER]),
    "delimiter at the end of rows": (
        CLEAN.replace("000\n", "000,\n"),
        [],
    ),
    "delimiter at the end of all lines": (CLEAN.replace("\n", ",\n"), []),
    "a total line": (
        CLEAN + "Total,,,,,293375000\n",
        [("warning", "line 6: 'Total,,,,,293375000' is no bar (a total?)")],
    ),
    "a remark at the end": (
        CLEAN + "Data as of 2014-06-14\n",
        [("warning", "line 6: 'Data as of 2014-06-14' is no bar (a total?)")],
    ),
    "comments": ("# bars of X\n# in dollars\n" + CLEAN, []),
    "sep line": ("sep=;\n" + CLEAN.replace(",", ";"), []),
    "pipes": (CLEAN.replace(",", "|"), []),
    "blanks": (CLEAN.replace(",", "  "), []),
    "compact dates": (CLEAN.replace("2014-06-", "201406"), []),
    "slashes": (CLEAN.replace("2014-06-", "2014/06/"), []),
    "single digits": (CLEAN.replace("2014-06-0", "2014-6-").replace("2014-06-", "2014-6-"), []),
    "day first": (
        stamped("05/06/2014", "06/06/2014", "09/06/2014", "13/06/2014"),
        [("info", "dates are read as day/month/year: line 5 has '13/06/2014'")],
    ),
    "excel days": (stamped(*map(str, EXCEL)), [EXCEL_INFO]),
    "exchange midnights": (stamped(*(f"2014-06-{day} 00:00:00-04:00" for day in ("05", "06", "09", "13"))), []),
    "weekday names": (stamped('"Thu, 5 Jun 2014"', '"Fri, 6 Jun 2014"', '"Mon, 9 Jun 2014"', '"Fri, 13 Jun 2014"'), []),
}

HOURLY_FILES = {
    "mt5": (MT5, [("info", "volume is 0 throughout: <TICKVOL> is read in its place")]),
    "stooq": (STOOQ, []),
    "epoch seconds": (hourly(*map(str, SECONDS)), [("info", "stamps are read as s since 1970")]),
    "epoch seconds with a fraction": (
        hourly(*(f"{s}.0" for s in SECONDS)),
        [("info", "stamps are read as s since 1970")],
    ),
    "epoch milliseconds": (hourly(*(f"{s}000" for s in SECONDS)), [("info", "stamps are read as ms since 1970")]),
    "epoch microseconds": (hourly(*(f"{s}000000" for s in SECONDS)), [("info", "stamps are read as us since 1970")]),
    "epoch nanoseconds": (hourly(*(f"{s}000000000" for s in SECONDS)), [("info", "stamps are read as ns since 1970")]),
    "offsets across daylight saving": (
        hourly(
            "2014-03-07T09:30:00-05:00",
            "2014-03-07T10:30:00-05:00",
            "2014-03-10T09:30:00-04:00",
            "2014-03-10T10:30:00-04:00",
        ),
        [],
    ),
    "zulu": (
        hourly("2014-03-07T14:30:00Z", "2014-03-07T15:30:00Z", "2014-03-10T13:30:00Z", "2014-03-10T14:30:00Z"),
        [],
    ),
    "fractions of a second": (
        hourly(
            "2014-03-07 14:30:00.000", "2014-03-07 15:30:00.000", "2014-03-10 13:30:00.000", "2014-03-10 14:30:00.000"
        ),
        [],
    ),
    "compact": (hourly("20140307 143000", "20140307 153000", "20140310 133000", "20140310 143000"), []),
    "fourteen digits": (hourly("20140307143000", "20140307153000", "20140310133000", "20140310143000"), []),
    "halves of a day": (
        hourly("2014-03-07 2:30 PM", "2014-03-07 3:30 PM", "2014-03-10 1:30 PM", "2014-03-10 2:30 PM"),
        [],
    ),
    "excel times": (
        hourly("41705.6041666667", "41705.6458333333", "41708.5625", "41708.6041666667"),
        [EXCEL_INFO],
    ),
}


@pytest.mark.parametrize("name", DAILY_FILES)
def test_a_daily_file_equals_its_clean_twin(name: str, read: Read) -> None:
    text, findings = DAILY_FILES[name]
    columns, told = read(text)
    same(columns, DAILY)
    assert kinds(told) == findings


@pytest.mark.parametrize("name", HOURLY_FILES)
def test_an_hourly_file_equals_its_clean_twin(name: str, read: Read) -> None:
    text, findings = HOURLY_FILES[name]
    columns, told = read(text)
    same(columns, HOURLY)
    assert kinds(told) == findings


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


def test_the_hour_that_happens_twice_is_told_apart_by_the_order_of_rows(read: Read) -> None:
    stamps = ("2014-11-02 00:30", "2014-11-02 01:30", "2014-11-02 01:30", "2014-11-02 02:30")
    columns, _ = read(hourly(*stamps), timezone="America/New_York")
    assert [columns.stamp(place) for place in range(4)] == [
        "2014-11-02 04:30",
        "2014-11-02 05:30",
        "2014-11-02 06:30",
        "2014-11-02 07:30",
    ]
    newest_first = hourly(*reversed(stamps))
    assert read(newest_first, timezone="America/New_York")[0].label.tolist() == columns.label.tolist()


def test_hours_that_cannot_be_told_are_refused(read: Read) -> None:
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
    "epoch_s": stamped(*(str(int(label) // 10**9) for label in DAILY.label)),
    "epoch_ms": stamped(*(str(int(label) // 10**6) for label in DAILY.label)),
    "epoch_us": stamped(*(str(int(label) // 10**3) for label in DAILY.label)),
    "epoch_ns": stamped(*(str(int(label)) for label in DAILY.label)),
    "%d.%m.%Y %H:%M:%S": stamped(
        "05.06.2014 00:00:00", "06.06.2014 00:00:00", "09.06.2014 00:00:00", "13.06.2014 00:00:00"
    ),
}


@pytest.mark.parametrize("date_format", FORMATS)
def test_date_format_decides(date_format: str, read: Read) -> None:
    columns, told = read(FORMATS[date_format], date_format=date_format)
    same(columns, DAILY)
    assert [severity for severity, _ in kinds(told)] in ([], ["info"])


def test_a_date_format_that_does_not_fit_is_refused_with_the_line(read: Read) -> None:
    with pytest.raises(DataError, match=r"line 2: '2014-06-05' is not written as %d/%m/%Y"):
        read(CLEAN, date_format="%d/%m/%Y")
    with pytest.raises(DataError, match=r"date_format '%H:%M' does not say where year, month and day are"):
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
    with pytest.raises(DataError, match="columns says that open is 'fünf', but the columns are when, eins"):
        read(text, columns=columns | {"open": "fünf"})
    with pytest.raises(DataError, match="columns names 'colour', which no bar has"):
        read(text, columns=columns | {"colour": "when"})
    with pytest.raises(DataError, match="it is not known which of the 6 columns is high, low"):
        read(CLEAN.split("\n", 1)[1], columns={"timestamp": "1", "open": "2", "close": "5"})


def test_a_file_of_several_symbols_gives_the_rows_of_one(read: Read) -> None:
    other = STOOQ.splitlines()[1].replace("X.US", "Y.US")
    columns, told = read(STOOQ + other + "\n")
    same(columns, HOURLY)
    assert kinds(told) == [("info", "the file holds 2 symbols: the rows of X.US are read")]
    with pytest.raises(DataError, match=r"the file holds 2 symbols \(X\.US, Y\.US\), and 'Z' is none of them"):
        read(STOOQ + other + "\n", symbol="Z")


def test_klines_without_a_header(read: Read) -> None:
    row = "{},10.5,11,10.25,10.75,100,{},1075,5,50,500,0\n"
    text = "".join(row.format(f"{s}000", f"{s + 3599}999") for s in SECONDS)
    columns, told = read(text)
    assert columns.label.tolist() == HOURLY.label.tolist()
    assert columns.volume.tolist() == [100.0] * 4
    assert ("info", "stamps are read as ms since 1970") in kinds(told)
    with pytest.raises(DataError, match="there is no header, and it is not known which of the 11 columns is timestamp"):
        read(text.replace(",0\n", "\n"))


def test_a_cut_off_last_line_is_left_out(read: Read) -> None:
    columns, told = read(CLEAN + "2014-06-16,91.51,92.7")
    same(columns, DAILY)
    assert kinds(told) == [("warning", "line 6: the last line is cut off: it is left out")]


#: Files of further writers: text → first stamp and first bar.
OTHERS = {
    "dukascopy": (
        "Gmt time,Open,High,Low,Close,Volume\n05.06.2014 13:00:00.000,1.36,1.375,1.35,1.365,100\n"
        "05.06.2014 14:00:00.000,1.36,1.37,1.35,1.36,100\n",
        "2014-06-05 13:00",
        "1.36/1.375/1.35/1.365/100",
    ),
    "barchart": (
        "Time,Open,High,Low,Last,Change,%Chg,Volume\n06/13/2014,10,11,9,10,0.1,1%,100\n"
        '06/12/2014,10,11,9,10.5,0.1,1%,100\n"Downloaded from Barchart.com as of 06-14-2014 05:00am CDT"\n',
        "2014-06-12",
        "10/11/9/10.5/100",
    ),
    "tradingview": (
        "time,open,high,low,close,Volume\n1401975000,10,11,9,10,5\n1401978600,10,11,9,10,5\n",
        "2014-06-05 13:30",
        "10/11/9/10/5",
    ),
    "cryptodatadownload": (
        "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n"
        "1577840400000,2020-01-01 01:00:00,BTC/USD,7177.02,7212.81,7175.46,7200.85,99.1,700000\n"
        "1577836800000,2020-01-01 00:00:00,BTC/USD,7195.24,7196.25,7175.46,7177.02,51.1,360000\n",
        "2020-01-01",
        "7195.24/7196.25/7175.46/7177.02/51.1",
    ),
    "histdata": (
        "20120201 000000;1.306600;1.306600;1.306560;1.306570;0\n"
        "20120201 000100;1.306570;1.306570;1.306470;1.306560;0\n",
        "2012-02-01",
        "1.3066/1.3066/1.30656/1.30657/0",
    ),
    "mt4": (
        "2014.06.05,13:00,1.36,1.37,1.35,1.365,100\n2014.06.05,14:00,1.36,1.37,1.35,1.36,100\n",
        "2014-06-05 13:00",
        "1.36/1.37/1.35/1.365/100",
    ),
    "databento": (
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
        "2024-01-02T14:30:00.000000000Z,33,1,1,10.5,11,10,10.7,100,X\n"
        "2024-01-02T14:31:00.000000000Z,33,1,1,10.5,11,10,10.7,100,X\n",
        "2024-01-02 14:30",
        "10.5/11/10/10.7/100",
    ),
    "date and time apart, thousands with dots": (
        "Datum;Zeit;Eröffnung;Hoch;Tief;Schluss;Volumen\n13.06.2014;09:00;1.234,50;1.240,00;1.230,00;1.235,50;1.000\n"
        "13.06.2014;10:00;1.234,50;1.240,00;1.230,00;1.235,50;1.000\n",
        "2014-06-13 09:00",
        "1234.5/1240/1230/1235.5/1000",
    ),
    "a column of row numbers": (
        ",Date,Open,High,Low,Settle,Volume\n0,2014-06-05,1e1,11,9,10,5\n1,2014-06-06,10,11,9,10,5\n",
        "2014-06-05",
        "10/11/9/10/5",
    ),
    "the date has no name": (
        ",Open,High,Low,Close,Volume\n2014-06-05,10,11,9,10,5\n2014-06-06,10,11,9,10,5\n",
        "2014-06-05",
        "10/11/9/10/5",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_further_writers(name: str, read: Read) -> None:
    text, stamp, bar = OTHERS[name]
    columns, _ = read(text)
    assert (len(columns), columns.stamp(0), columns.shown(0)) == (2, stamp, bar)
