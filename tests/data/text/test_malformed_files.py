"""Files that are no bars: an error that says what, where and the way out. Never a traceback, whatever the bytes."""

from __future__ import annotations

import gzip
import os
import random
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from tests.data.reading import Load, Read, read_in
from tests.reference import in_loops

HEADER = "timestamp,open,high,low,close,volume\n"
CLEAN = csv_text(generate("X", SyntheticSpec(bars=40, seed=3)), 2)
ROW = "2014-06-05,646.20,649.37,642.61,647.35,75951000\n"
SECOND = ROW.replace("-05", "-06")
THIRD = ROW.replace("-05", "-09")

MALFORMED: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "the file is empty", "point this data entry at a file with bars"),
    "blank": ("\n \n\n", "the file is empty", "point this data entry"),
    "header only": (HEADER, "there is a header but not one bar", "download the data again"),
    "comments only": ("# one\n# two\n", "the file is empty", "point this data entry"),
    "one row": (HEADER + ROW, "one bar is too few", "two bars or more"),
    "binary": (bytes(range(256)) * 40, "this is a binary file, not text", "CSV, CSV packed by gzip, or Parquet"),
    "half of a gzip file": (gzip.compress(CLEAN.encode())[:-20], "the gzip file is damaged or cut off", "download"),
    "gzip with a wrong sum": (
        gzip.compress(CLEAN.encode())[:-6] + b"\0" * 6,
        "the gzip file is damaged or cut off",
        "download",
    ),
    "zip, broken": (b"PK\x03\x04 and no more", "the zip file is damaged", "download it again"),
    "parquet, broken": (b"PAR1" + b"\0" * 100, "the Parquet file is damaged", "write it again"),
    "web page": ("<!DOCTYPE html><html><body>404</body></html>", "this is a web page, not CSV", "as CSV"),
    "json": ('{"error": "limit reached"}', "this is JSON, not CSV", "as CSV"),
    "prose": (
        "I could not find\nany data\n",
        "no table of bars was recognised (it begins with 'I could not find')",
        "a bar needs",
    ),
    "missing columns": (
        "timestamp,open,close\n2014-06-05,1,2\n2014-06-06,1,2\n",
        "no column for high, low among timestamp, open, close",
        "columns: {high: NAME}",
    ),
    "two closes": (
        "date,open,high,low,close,close,volume\n2014-06-05,1,2,1,2,2,0\n2014-06-06,1,2,1,2,2,0\n",
        "2 columns are called 'close'",
        "columns: {close: NUMBER}",
    ),
    "a torn row": (
        HEADER + ROW + "2014-06-06,649.90,651.26\n" + THIRD,
        "line 3 has 3 cells, most lines have 6",
        "correct that line",
    ),
    "thousands not quoted": (
        HEADER + ROW + SECOND + "2014-06-09,1,646.20,649.37,642.61,647.35,75951000\n",
        "line 4 has 7 cells, most lines have 6",
        "numbers with thousands separators must be quoted",
    ),
    "words for a price": (
        HEADER + ROW + SECOND.replace("651", "x").replace("649.37", "high") + THIRD,
        "line 3: high 'high' is no number",
        "correct or remove the row",
    ),
    "infinite": (HEADER + ROW + SECOND.replace("649.37", "inf") + THIRD, "line 3: high 'inf' is no number", "correct"),
    "prices all missing": (
        HEADER + ROW.replace("646.20,649.37,642.61,647.35", ",,,") * 2,
        "not one row has prices",
        "again",
    ),
    "one price missing throughout": (
        HEADER + (ROW + SECOND).replace("647.35", "null"),
        "not one row has all four prices",
        "download the data again",
    ),
    "no day": (HEADER + ROW + SECOND.replace("06-06", "06-31") + THIRD, "line 3: '2014-06-31'", "date_format"),
    "another kind of date": (
        HEADER + ROW + SECOND.replace("2014-06-06", "6.6.2014") + THIRD,
        "line 3: '6.6.2014'",
        "date_format",
    ),
    "no date at all": (HEADER + "soon" + ROW[10:] + SECOND, "line 2: 'soon' is not a date or time", "date_format"),
    "no stamp": (
        HEADER + ROW + SECOND.replace("2014-06-06", "") + THIRD,
        "line 3: '' is no date or time: 1 row has no stamp",
        "remove",
    ),
    "numbers that are no time": (
        HEADER + "17,1,2,1,2,0\n18,1,2,1,2,0\n",
        "is neither a date nor a count of s",
        "date_format",
    ),
    "offsets here and there": (
        HEADER + ROW.replace("05,", "05T10:00+02:00,") + SECOND.replace("06,", "06T10:00,"),
        "line 3: '2014-06-06T10:00' has no offset from UTC, other lines have",
        "write all stamps in one way",
    ),
    "no header, other order": (
        "2014-06-05,9,1,2,3\n2014-06-06,9,1,2,3\n",
        "there is no header, and timestamp, open, high, low, close does not fit: in 2 of 2 rows",
        "columns: {timestamp: 1",
    ),
    "bytes of no encoding": (
        b"date,open\x81\x8d,high,low,close\n2014-06-05,1,1,1,1\n",
        "is no text in cp1252",
        "UTF-8",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_with_what_where_and_the_way_out(name: str, read: Read) -> None:
    content, what, way_out = MALFORMED[name]
    with pytest.raises(DataError) as refused:
        read(content)
    message = str(refused.value)
    assert message.startswith("X (bars.csv): ")
    assert what in message
    assert way_out in message


def test_folders_missing_files_and_workbooks(tmp_path: Path, read: Read, load: Load) -> None:
    with pytest.raises(DataError, match=r"X \(none\.csv\): there is no such file\n +hint: looked for .*none\.csv"):
        load({"X": {"path": "none.csv"}})
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"this folder is not a Nautilus catalog: it has no data/bar"):
        load({"X": {"path": "folder"}})
    with pytest.raises(DataError, match="this is a folder, not a file"):
        load({"X": {"path": "folder", "format": "csv"}})
    (tmp_path / "a.csv").write_text(CLEAN)
    with pytest.raises(DataError, match="the file cannot be read"):
        load({"X": {"path": "a.csv/b.csv"}})
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", "")
        book.writestr("xl/sheet.xml", "")
    with pytest.raises(DataError, match=r"this is an Excel workbook\n +hint: save the bars as one CSV file"):
        load({"X": {"path": "book.xlsx"}})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, load: Load) -> None:
    (tmp_path / "secret.csv").write_text(CLEAN)
    (tmp_path / "secret.csv").chmod(0)
    with pytest.raises(DataError, match="no permission to read the file"):
        load({"X": {"path": "secret.csv"}})


def test_wrong_settings_are_refused_too(load: Load) -> None:
    with pytest.raises(DataError, match=r"X: synthetic: bars must lie in 2\.\."):
        load({"X": {"synthetic": {"bars": 1}}})
    with pytest.raises(DataError, match=r"synthetic: .*unexpected keyword argument 'bar'"):
        load({"X": {"synthetic": {"bar": 100}}})
    rows = CLEAN.splitlines()
    load({"X": "\n".join([rows[0], *(row.replace(",", " 09:30,", 1) for row in rows[1:])])})
    with pytest.raises(DataError, match="unknown time zone 'Mars/Olympus'"):
        load({"X": {"path": "X.csv", "timezone": "Mars/Olympus"}})
    with pytest.raises(DataError, match="frequency must be like 1min"):
        load({"X": {"path": "X.csv", "frequency": "often"}})


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A clean file after some accidents."""
    chaos = random.Random(draw(st.integers(0, 2**32)))
    raw = bytearray(CLEAN.encode())
    for _ in range(draw(st.integers(1, 12))):
        place = chaos.randrange(len(raw))
        accident = chaos.randrange(5)
        if accident == 0:
            raw[place] = chaos.randrange(256)
        elif accident == 1:
            del raw[place : place + chaos.randrange(1, 60)]
        elif accident == 2:
            raw[place:place] = raw[place : place + chaos.randrange(1, 60)]
        elif accident == 3:
            raw[place:place] = chaos.choice([b",", b"\n", b'"', b";", b"\t", b"\r", b"-", b"null", b"1e999", b"\xff"])
        else:
            raw[place] = ord(chaos.choice("0123456789,.:-/ "))
    return bytes(raw)


@given(
    st.one_of(
        mutated(),
        st.binary(max_size=300),
        st.text(alphabet='0123456789,;.-:/ \n\tTZ"aojun', max_size=300).map(str.encode),
    )
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_whatever_give_anything_but_bars_or_a_data_error(tmp_path: Path, content: bytes) -> None:
    began = time.process_time()
    try:
        columns, _ = read_in(tmp_path, content)
    except DataError as error:
        assert str(error).startswith("X (bars.csv): ")
    else:
        assert len(columns) >= 2
    assert in_loops(time.process_time() - began) < 30
