"""Files as their writers write them, and the findings about each."""

from __future__ import annotations

from datetime import date

from tests.data.reading import bars

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
TURNED = ("warning", "the newest row is first: rows are reversed")
NO_HEADER = ("info", "there is no header: the columns are assumed to be timestamp, open, high, low, close, volume")


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


SECONDS = [int(label) // 10**9 for label in HOURLY.timestamp]
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
    "a note at the end": (
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
    "mt5": (MT5, [("info", "volume is 0 throughout: <TICKVOL> is used instead")]),
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
