"""Each vendor's files become the same columns: moments, contracts, quotes, greeks by day and point."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.domain.errors import DataError
from tests.data.options.chains import read, rows
from tests.reference import least_ratio, plain_loop, seconds

DAY = 86_400 * 10**9
TEXT = rows("2018-02-08,2018-02-28,2700,put,10,11", "2018-02-08,2018-02-28,2700.5,call,60,62")


def stamp(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def test_a_text_with_named_columns(tmp_path: Path) -> None:
    chain, _ = read(tmp_path, TEXT)
    view = chain.at(stamp("2018-02-08"))
    assert [one.symbol for one in view.contracts] == ["SPXW 2018-02-28 P 2700", "SPXW 2018-02-28 C 2700.5"]
    assert (view.bid.tolist(), view.ask.tolist(), view.spot) == ([10.0, 60.0], [11.0, 62.0], 2750.0)
    assert (chain.length, view.dte.tolist()) == (DAY, [20.0, 20.0])  # from one close to another


@pytest.mark.parametrize(
    "pack", [gzip.compress, lambda raw: raw.replace(b",", b";"), lambda raw: b"\xef\xbb\xbf" + raw]
)
def test_texts_that_are_packed_or_have_other_signs(pack, tmp_path: Path) -> None:
    plain, packed = read(tmp_path, TEXT)[0], read(tmp_path, pack(TEXT.encode()))[0]
    assert packed.quoted["ask"].tolist() == plain.quoted["ask"].tolist()


def test_columns_are_called_as_the_settings_say(tmp_path: Path) -> None:
    text = TEXT.replace("bid,ask", "B 1,A 1").replace("strike", "K")
    with pytest.raises(DataError, match=r"no column is strike or bid or ask .*\n.*columns: \{strike: …\}"):
        read(tmp_path, text)
    chain, _ = read(tmp_path, text, columns={"strike": "K", "bid": "B 1", "ask": "A 1"})
    assert chain.quoted["bid"].tolist() == [10.0, 60.0]
    with pytest.raises(DataError, match=r"there is no column 'X'"):
        read(tmp_path, text, columns={"strike": "X"})
    with pytest.raises(DataError, match=r"columns\.price is no column of quotes"):
        read(tmp_path, text, columns={"price": "K"})


def test_quotes_of_minutes_are_in_the_zone_of_their_exchange(tmp_path: Path) -> None:
    text = rows(
        "2018-02-08 15:58,2018-02-28,2700,put,10,11",
        "2018-02-08 15:59,2018-02-28,2700,put,10,11",
        "2018-02-09 09:30,2018-02-28,2700,put,10,11",
    )
    chain, _ = read(tmp_path, text)
    assert chain.moments.tolist() == [stamp(f"2018-02-0{text}") for text in ("8T20:58", "8T20:59", "9T14:30")]
    assert (chain.length, chain.max_age) == (60 * 10**9, 60 * 10**9)
    assert chain.at(stamp("2018-02-08T20:59")).dte.tolist() == [20 + 1 / 1440]


def test_a_clock_may_have_a_column_of_its_own(tmp_path: Path) -> None:
    text = rows("2018-02-08,2018-02-28,2700,put,10,11", "2018-02-08,2018-02-28,2700,put,12,13")
    lines = zip(text.splitlines(), ["time", "15:58", "15:59:30"], strict=True)
    chain, _ = read(tmp_path, "\n".join(f"{line},{clock}" for line, clock in lines))
    assert chain.moments.tolist() == [stamp("2018-02-08T20:58"), stamp("2018-02-08T20:59:30")]


def test_one_quote_a_day_is_a_chain_of_days_at_its_own_clock(tmp_path: Path) -> None:
    text = rows("2018-02-08 15:45,2018-02-28,2700,put,10,11", "2018-02-09 15:45,2018-02-28,2700,put,10,11")
    chain, _ = read(tmp_path, text)
    assert (chain.moments.tolist(), chain.length) == ([stamp("2018-02-08"), stamp("2018-02-09")], DAY)
    assert chain.quoted_at.tolist() == [stamp("2018-02-08T20:45"), stamp("2018-02-09T20:45")]


def test_of_several_quotes_on_a_day_a_chain_of_days_has_the_last(tmp_path: Path) -> None:
    text = rows(
        *(f"2018-02-0{at},2018-02-28,2700,put,{bid},20" for bid, at in ((9, "9 15:45"), (7, "8 15:45"), (8, "8 16:10")))
    )
    chain, findings = read(tmp_path, text, frequency="1d")
    assert (chain.moments.tolist(), chain.quoted["bid"].tolist()) == (
        [stamp("2018-02-08"), stamp("2018-02-09")],
        [8, 9],
    )
    assert chain.quoted_at.tolist() == [stamp("2018-02-08T21:10"), stamp("2018-02-09T20:45")]
    assert findings[0].message.startswith("contracts are quoted twice at one moment: line 3;")


def test_contracts_may_be_few_among_very_many_days_and_strikes(tmp_path: Path) -> None:
    days = np.arange(17600, 23600).astype("M8[D]")
    chain, _ = read(tmp_path, rows(*(f"2018-02-08,{day},{place},put,1,2" for place, day in enumerate(days, 1))))
    assert chain.contracts.strike.tolist() == list(range(1, 6001))
    assert chain.contracts.day.tolist() == list(range(17600, 23600))


VENDOR = """UnderlyingSymbol,UnderlyingPrice,Exchange,OptionSymbol,Blank,Type,Expiration,DataDate,Strike,Last,Bid,Ask,\
Volume,OpenInterest,IV,Delta,Gamma,Theta,Vega,Alias
SPX,4700.5,*,SPXW240202P04700000,,put,02/02/2024,01/03/2024 16:00,4700,30,29.9,30.1,5,120,0.12,-0.49,0.002,-365,500,x
SPX,4700.5,*,SPX240216P04700000,,put,02/16/2024,01/03/2024 16:00,4700,40,39.9,40.1,5,130,0.12,-0.49,0.002,-300,600,x
SPY,470.5,*,SPY240216P00470000,,put,02/16/2024,01/03/2024 16:00,470,4.0,3.9,4.1,5,140,0.12,-0.49,0.02,-30.0,60.0,x
"""


def test_files_of_a_vendor_with_all_underlyings(tmp_path: Path) -> None:
    chain, _ = read(tmp_path, VENDOR, format="vendor_eod", root="SPXW")
    view = chain.at(stamp("2024-01-03"))
    assert [one.symbol for one in view.contracts] == ["SPXW 2024-02-02 P 4700"]
    assert (view.theta.tolist(), view.vega.tolist(), view.iv.tolist()) == ([-1.0], [5.0], [0.12])
    assert (view.open_interest.tolist(), view.spot, view.dte.tolist()) == ([120.0], 4700.5, [30.0])


def test_the_root_is_asked_for_where_a_file_has_several(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"more than one root \(SPX, SPXW\)\n.*root: …"):
        read(tmp_path, VENDOR, format="vendor_eod")
    with pytest.raises(DataError, match=r"no quote of VIX is in it"):
        read(tmp_path, VENDOR, format="vendor_eod", root="VIX")
    chain, _ = read(tmp_path, VENDOR, format="vendor_eod", symbol="CHAIN", underlying="SPY")
    assert (chain.terms.root, chain.terms.delivery, chain.terms.style) == ("SPY", "physical", "american")


def test_older_files_of_that_vendor_have_other_names(tmp_path: Path) -> None:
    text = (
        "underlying,underlying_last, exchange,optionroot,optionext,type,expiration,quotedate,strike,last,bid,ask,"
        "volume,openinterest,impliedvol,delta,gamma,theta,vega\n"
        "SPX,1462.42,*,SPXW130104C01460000,,call,01/04/2013,01/02/2013,1460,9,9.1,9.9,1,2,0.1,0.5,0.01,-730,100\n"
    )
    view = read(tmp_path, text, format="vendor_eod")[0].at(stamp("2013-01-02"))
    assert (view.strike.tolist(), view.theta.tolist(), view.expiries) == ([1460.0], [-2.0], ("2013-01-04",))


DX = """[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], [EXPIRE_DATE], \
[EXPIRE_UNIX], [DTE], [C_DELTA], [C_IV], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_DELTA], [P_IV]
1672779600, 2023-01-03 16:00, 2023-01-03, 16.0, 380.82, 2023-01-20, 1674248400, 17.00, 0.52, 0.21, 8.1, 8.2, 380.0, \
7.0, 7.1, -0.48, 0.22
1672779600, 2023-01-03 16:00, 2023-01-03, 16.0, 380.82, 2023-01-20, 1674248400, 17.00, 0.1,  , 0.0, 0.0, 420.0, \
39.0, 39.6, -0.97, 0.3
"""


def test_a_row_with_a_call_and_a_put(tmp_path: Path) -> None:
    chain, findings = read(tmp_path, DX, format="optionsdx", symbol="SPY", underlying="SPYBARS")
    view = chain.at(stamp("2023-01-03"))
    letters = [one.symbol[-5:] for one in view.contracts]
    assert letters == ["C 380", "P 380", "C 420", "P 420"]
    assert view.mid[:2].tolist() == pytest.approx([8.15, 7.05])
    assert view.delta[[0, 1, 3]].tolist() == [0.52, -0.48, -0.97]
    assert np.isnan([view.bid[2], view.ask[2], view.iv[2], view.delta[2]]).all()  # no quote, no volatility
    assert (chain.quoted_at.tolist(), view.spot) == ([stamp("2023-01-03T21:00")], 380.82)
    assert findings[0].message.startswith("quotes have neither bid nor ask: 2023-01-03 SPY 2023-01-20 C 420 (line 3)")


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


MINUTES = {
    "20151224_goog_minute_quote_american_call_7475000_20160115": (
        "34200000,1,1,1,165000,5,1,1,1,167500,9\n34260000,,,,,0,1,1,1,168000,9\n"
    ),
    "20151224_goog_minute_quote_american_put_7475000_20160115": "34200000,1,1,1,150000,5,1,1,1,152000,9",
    "20151224_goog_minute_trade_american_put_7475000_20160115": "34200000,1,1,1,1,1\n",
}


def test_zip_files_of_lean_with_minutes(tmp_path: Path) -> None:
    chain, _ = read(tmp_path, zipped(**MINUTES), "goog.zip", format="lean", symbol="GOOG", underlying="G")
    first = stamp("2015-12-24T14:30")
    assert [one.symbol for one in chain.at(first).contracts] == ["GOOG 2016-01-15 C 747.5", "GOOG 2016-01-15 P 747.5"]
    assert (chain.at(first).bid.tolist(), chain.at(first).ask.tolist()) == ([16.5, 15.0], [16.75, 15.2])
    call = chain.at(first).contract(0)
    assert (chain.quote(call, first + 60 * 10**9).ask, chain.quote(call, first + 60 * 10**9).has_bid) == (16.8, False)
    assert (chain.length, chain.quoted_at[0] - chain.moments[0]) == (60 * 10**9, 60 * 10**9)


@pytest.mark.parametrize(
    ("times", "length", "moments"),
    [
        (("20151223 00:00", "20151224 00:00"), DAY, ["2015-12-23", "2015-12-24"]),
        (("20151224 09:00", "20151224 10:00"), DAY // 24, ["2015-12-24T14:00", "2015-12-24T15:00"]),
    ],
)
def test_zip_files_of_lean_with_days_and_hours(times, length, moments, tmp_path: Path) -> None:
    text = "".join(f"{time},1,1,1,165000,5,1,1,1,167500,9\n" for time in times)
    raw = zipped(goog_quote_american_call_7475000_20160115=text)
    chain, _ = read(tmp_path, raw, "goog.zip", format="lean", symbol="GOOG")
    assert (chain.length, chain.moments.tolist()) == (length, [stamp(moment) for moment in moments])


def test_a_folder_is_read_as_one_chain_of_its_root(tmp_path: Path) -> None:
    for day, root in (("20151223", "goog"), ("20151224", "goog"), ("20151224", "aapl")):
        text = "34200000,1,1,1,165000,5,1,1,1,167500,9\n34200000,1,1,1,165000,5,1,1,1,167500,9\n"
        name = f"{day}_{root}_minute_quote_american_call_7475000_20160115"
        (tmp_path / f"{root}_{day}.zip").write_bytes(zipped(**{name: text}))
    chain, findings = read(tmp_path, zipped(), "empty.zip", path=".", format="lean", symbol="GOOG", root="GOOG")
    assert (len(chain), len(chain.contracts), len(chain.moments)) == (2, 1, 2)
    assert findings[0].message.startswith("contracts are quoted twice at one moment, first goog_20151223.zip, row 1;")
    chain, _ = read(tmp_path, zipped(), "empty.zip", path="aapl*.zip", format="lean", symbol="AAPL")
    assert (chain.terms.root, len(chain)) == ("AAPL", 1)


@pytest.mark.parametrize("typed", [True, False])
def test_a_parquet_file(typed: bool, tmp_path: Path) -> None:
    dates = pa.array([stamp("2018-02-08")] * 2, pa.timestamp("ns")) if typed else pa.array(["2018-02-08"] * 2)
    expiry = pa.array([17590] * 2, pa.date32()) if typed else pa.array(["2018-02-28"] * 2).dictionary_encode()
    columns = {"date": dates, "expiry": expiry, "strike": pa.array([2700, 2705]), "right": ["P", "C"]}
    pq.write_table(pa.table(columns | {"bid": [10.0, None], "ask": [11.0, 62.0]}), tmp_path / "given.parquet")
    raw = (tmp_path / "given.parquet").read_bytes()
    view = read(tmp_path, raw, "chain.parquet", format="parquet")[0].at(stamp("2018-02-08"))
    assert [one.symbol for one in view.contracts] == ["SPXW 2018-02-28 P 2700", "SPXW 2018-02-28 C 2705"]
    assert (view.bid[0], view.ask.tolist()) == (10.0, [11.0, 62.0])
    assert np.isnan(view.bid[1])


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (TEXT.replace(",11,", ",eleven,"), {}, "line 2: 'eleven' in column 6 is no number"),
        (TEXT.replace(",put,", ",X,"), {}, "line 2: 'X' is neither a call nor a put"),
        (TEXT.replace(",2700,", ",-1,"), {}, "line 2: -1 is no strike"),
        (TEXT.replace("2018-02-28,2700,", "soon,2700,"), {}, "line 2: 'soon' is not a date"),
        (TEXT.splitlines()[0] + "\n", {}, "there are no quotes in it"),
        (TEXT + "1,2\n", {}, "line 4: 2 columns, where the header has 7"),
        (TEXT.replace(",11,", ",1e13,"), {}, "line 2: 1e.13 is too great for ask"),
        (TEXT.replace(",2700,", ",inf,"), {}, "line 2: inf is too great for strike"),
        (TEXT.replace("call", "\udcff"), {}, "line 3: .*UTF8"),
        (TEXT.replace("10,11", "0,0").replace("60,62", ","), {}, "none of its quotes has a bid or an ask"),
        (TEXT.replace("2018-02-28", "2018-02-01"), {}, "all quotes are from after the expiry"),
        (TEXT, {"format": "excel"}, r"unknown format 'excel' of a chain\n.*one of csv, lean, optionsdx, parquet"),
        (TEXT, {"path": "none.csv"}, "there is no such file"),
        (TEXT, {"path": "*.zip"}, "no file is there"),
        (TEXT, {"format": "lean"}, "the zip file is damaged"),
        (TEXT, {"format": "parquet"}, "the Parquet file is damaged"),
        (TEXT, {"format": "optionsdx"}, "no columns C_BID, C_ASK, P_BID and P_ASK"),
        (TEXT, {"frequency": "often"}, "frequency must be like"),
        (TEXT, {"max_unpacked": 5}, "it unpacks to more than"),
    ],
)
def test_what_can_not_be_read_says_where_and_why(text, settings, message, tmp_path: Path) -> None:
    raw = text.encode(errors="surrogateescape")
    raw = gzip.compress(raw) if "max_unpacked" in settings else raw
    with pytest.raises(DataError, match=message):
        read(tmp_path, raw, **settings)


def test_dates_that_may_be_either_way_ask_for_their_format(tmp_path: Path) -> None:
    text = TEXT.replace("2018-02-08", "02/08/2018").replace("2018-02-28", "02/28/2018")
    with pytest.raises(DataError, match="date_format"):
        read(tmp_path, text)
    chain, _ = read(tmp_path, text, date_format="month_first")
    assert chain.moments.tolist() == [stamp("2018-02-08")]


def test_a_style_that_the_file_states(tmp_path: Path) -> None:
    text = "\n".join(line + tail for line, tail in zip(TEXT.splitlines(), [",style", ",A", ",A"], strict=True))
    assert read(tmp_path, text)[0].terms.style == "american"
    with pytest.raises(DataError, match=r"american by the data, european by instruments\.SPXW\.style"):
        read(tmp_path, text, style="european")
    with pytest.raises(DataError, match=r"more than one style \(american, european\)"):
        read(tmp_path, text.replace("62,2750,A", "62,2750,E"))


def test_fifteen_thousand_rows_take_no_longer_than_some_loops(tmp_path: Path) -> None:
    tail = "1,9.9,10.1,5,9,.1,.4,1,1,1,x"
    lines = [
        f"SPX,4700,*,SPXW240216{right}{strike * 1000:08},,{right},02/16/2024,01/{day:02}/2024,{strike},{tail}"
        for day in (3, 4, 5)
        for right in "CP"
        for strike in range(2000, 4500)
    ]
    text = "\n".join([VENDOR.splitlines()[0], *lines]) + "\n"
    read(tmp_path, VENDOR, format="vendor_eod", root="SPXW")  # imports what is needed

    def load() -> float:
        return seconds(lambda: read(tmp_path, text, format="vendor_eod"))

    assert least_ratio(load, lambda: seconds(plain_loop), enough=6.0) < 6.0


@pytest.mark.parametrize("cut", [5, 60, -40, -5])
@pytest.mark.parametrize("kind", ["parquet", "lean"])
def test_a_file_that_is_cut_off_is_damaged(kind: str, cut: int, tmp_path: Path) -> None:
    pq.write_table(pa.table({"strike": [1.0] * 100}), tmp_path / "whole.parquet")
    raw = zipped(**MINUTES) if kind == "lean" else (tmp_path / "whole.parquet").read_bytes()
    with pytest.raises(DataError, match=r"the (zip|Parquet) file is damaged"):
        read(tmp_path, raw[:cut], symbol="GOOG", format=kind)
