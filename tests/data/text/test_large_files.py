"""Large files, read by blocks: the same as small ones, in little memory, and without pandas."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from orchestrate.data.assembly import assemble
from orchestrate.data.files.arrow import floats, integers, joined, texts
from orchestrate.data.text.cells import BLOCK, Cells, Grid
from orchestrate.data.text.csv import read_csv
from orchestrate.data.text.large_csv import LARGE, read_large
from orchestrate.data.text.stamps import read_stamps
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import DataPlan
from tests.data.reading import same

ROWS = 45_000  # over two of Arrow's blocks, and more than two of ours
MOMENTS = [datetime(2014, 3, 1) + timedelta(minutes=number) for number in range(ROWS)]
PLAN = DataPlan("X", path="X.csv")

SUMMER = datetime(2014, 3, 9, 2)  # of New York
WRITTEN: dict[str, Callable[[datetime], str]] = {
    "iso": datetime.isoformat,
    "iso with Z": lambda moment: f"{moment.isoformat()}Z",
    "fractions": lambda moment: f"{moment.isoformat()}.000000",
    "the offsets of New York": lambda moment: (
        f"{moment - timedelta(hours=5)}-05:00" if moment < SUMMER else f"{moment - timedelta(hours=4)}-04:00"
    ),
    "half an hour": lambda moment: f"{(moment + timedelta(hours=5, minutes=30)).isoformat()}+0530",
    "whole hours": lambda moment: f"{(moment + timedelta(hours=5)).isoformat()}+05",
    "offsets and Z": lambda moment: f"{moment.isoformat()}{'Z' if moment.day == 9 else '+00:00'}",
    "of many lengths": lambda moment: f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02}",
    "afternoons": lambda moment: f"{moment:%m/%d/%Y %I:%M %p}",
    "names of months": lambda moment: f"{moment:%d %b %Y %H:%M}",
    "digits": lambda moment: f"{moment:%Y%m%d%H%M%S}",
    "seconds since 1970": lambda moment: str(int((moment - datetime(1970, 1, 1)).total_seconds())),
    "nanoseconds since 1970": lambda moment: str(int((moment - datetime(1970, 1, 1)).total_seconds()) * 10**9),
    "days of a spreadsheet": lambda moment: repr((moment - datetime(1899, 12, 30)).total_seconds() / 86400),
}


def text(stamps: list[str]) -> str:
    rows = (f"{stamp},{at}.5,{at + 1},{at - 1}.25,{at}.75,{at * 10}" for at, stamp in enumerate(stamps, 100))
    return "\n".join(["Time,Open,High,Low,Close,Volume", *rows]) + "\n"


@pytest.mark.uncounted
@pytest.mark.parametrize("written", WRITTEN)
def test_a_large_file_is_read_as_a_small_one_is(written: str, tmp_path: Path) -> None:
    content = text([WRITTEN[written](moment) for moment in MOMENTS])
    fields = read_large(content.encode(), PLAN, "X")
    assert fields is not None
    parsed = assemble(fields, PLAN, "X")
    assert read_large(f"{content}\n".encode(), PLAN, "X") is None  # a line without cells: the careful way
    (tmp_path / "X.csv").write_text(f"{content}\n")
    columns, findings = read_csv(tmp_path / "X.csv", PLAN, "X")
    same(parsed.columns, columns)
    assert columns.timestamp.tolist() == np.array(MOMENTS, dtype="M8[ns]").astype(np.int64).tolist()
    assert parsed.at("X")[1] == findings
    assert parsed.columns.rows.tolist() == columns.rows.tolist()


@pytest.mark.uncounted
@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, ROWS - 1])
@pytest.mark.parametrize(
    ("wrong", "why"),
    [("2014-02-30T10:00:00", "is no day or time that exists"), ("2014-03-01T1o:00:00", "date"), ("", "date")],
)
def test_a_wrong_stamp_is_reported_with_its_line(place: int, wrong: str, why: str, tmp_path: Path) -> None:
    stamps = [moment.isoformat() for moment in MOMENTS]
    stamps[place] = wrong
    (tmp_path / "X.csv").write_text(text(stamps))
    with pytest.raises(DataError, match=rf"line {place + 2}: '{wrong}'.*{why}"):
        read_csv(tmp_path / "X.csv", PLAN, "X")


def test_counts_beyond_64_bits_are_refused_and_not_cut() -> None:
    beyond = [str(2**64 + 1_393_632_000_000 + 60_000 * number) for number in range(ROWS)]
    content = text(beyond)
    fields = read_large(content.encode(), PLAN, "X")
    assert fields is not None
    with pytest.raises(DataError, match="is too great for that count"):
        assemble(fields, PLAN, "X")


@pytest.mark.parametrize("wrong", ["nan", "inf", "", "1_0"])
def test_numbers_out_of_the_ordinary_are_left_to_the_careful_reader(wrong: str) -> None:
    content = text([moment.isoformat() for moment in MOMENTS])
    place = content.rindex(",")
    assert read_large(content.encode(), PLAN, "X") is not None
    assert read_large(f"{content[: place + 1]}{wrong}\n".encode(), PLAN, "X") is None


def test_a_price_among_stamps_is_left_to_the_careful_reader(tmp_path: Path) -> None:
    seconds = [str(1_400_000_000 + 60 * number) for number in range(ROWS)]
    (tmp_path / "X.csv").write_text(text(seconds))
    plan = DataPlan("X", path="X.csv", columns={"open": "Time"})
    assert read_large((tmp_path / "X.csv").read_bytes(), plan, "X") is None
    assert read_csv(tmp_path / "X.csv", plan, "X")[0].open[0] == 1_400_000_000


def test_rows_that_end_in_two_ways_are_left_to_the_careful_reader(tmp_path: Path) -> None:
    content = text([moment.isoformat() for moment in MOMENTS])
    half = content.index("\n", len(content) // 2)
    mixed = content[:half] + content[half:].replace("\n", "\r")
    assert read_large(mixed.encode(), PLAN, "X") is None
    (tmp_path / "X.csv").write_text(mixed, newline="")
    (tmp_path / "twin.csv").write_text(content)
    same(read_csv(tmp_path / "X.csv", PLAN, "X")[0], read_csv(tmp_path / "twin.csv", PLAN, "X")[0])


def test_half_a_million_stamps_are_not_half_a_million_strings() -> None:
    grid = Grid(np.frombuffer("".join(moment.isoformat() for moment in MOMENTS).encode(), np.uint8).reshape(ROWS, -1))
    tracemalloc.start()
    try:
        read_stamps(Cells(grid, range(2, ROWS + 2), "X"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * ROWS * 2 + 4_000_000  # the labels and their offsets, and what a block takes


def test_a_file_is_read_in_little_more_than_itself_and_its_columns() -> None:
    raw = text([moment.isoformat() for moment in MOMENTS] * 4).encode()
    tracemalloc.start()
    held = pa.total_allocated_bytes()
    try:
        fields = read_large(raw, PLAN, "X")
        assert fields is not None
        parsed = assemble(fields, PLAN, "X")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(parsed.columns) == 4 * ROWS
    assert pa.total_allocated_bytes() == held
    assert peak < 8 * 10 * 4 * ROWS + 6_000_000  # 7 columns, the offsets, and the letters of the stamps


PROBE = """
import json, sys
from pathlib import Path
from orchestrate.data.sources import read_bars
from orchestrate.domain.plan import DataPlan
for name in sys.argv[2:]:
    assert len(read_bars(DataPlan("X", path=name), Path(sys.argv[1]))[0]) == 45_000
print(json.dumps([name for name in ("pyarrow", "pandas") if name in sys.modules]))
"""


def test_arrow_is_used_without_pandas(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "X.csv").write_text(text([moment.isoformat() for moment in MOMENTS]))
    assert (tmp_path / "X.csv").stat().st_size > LARGE
    numbers = np.arange(100.0, ROWS + 100)
    table = {name: pa.array(numbers) for name in ("open", "high", "low", "close")}
    volume = pa.array([None if number % 9 == 0 else number for number in range(ROWS)], pa.int64())
    pq.write_table(
        pa.table({"timestamp": pa.array(MOMENTS, pa.timestamp("us")), **table, "volume": volume}),
        tmp_path / "X.parquet",
    )
    command = [sys.executable, "-c", PROBE, tmp_path, "X.csv", "X.parquet"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == ["pyarrow"]


def test_columns_of_arrow_are_read_from_where_they_begin() -> None:
    whole = pa.array([1.5, None, 2.5, 3.5, None, 4.5, 5.5, 6.5, 7.5, None, 8.5])
    for start in range(len(whole) + 1):
        part = pa.chunked_array([whole[start:], whole[:start], whole[3:3]])
        expected = [*whole[start:].to_pylist(), *whole[:start].to_pylist()]
        assert [None if np.isnan(one) else one for one in floats(part).tolist()] == expected
    counts = pa.array(range(10))
    assert integers(pa.chunked_array([counts[7:], counts[2:4]])).tolist() == [7, 8, 9, 2, 3]
    words = pa.array(["ab", "cd", "ef", "ghi", "é", "j"])
    assert isinstance(texts(words[1:3]), Grid)
    for start in range(6):
        for end in range(start, 7):
            assert list(texts(words[start:end])) == words[start:end].to_pylist()


def test_texts_are_joined_as_a_grid_only_where_they_are_of_one_length() -> None:
    two, three = (texts(pa.array(words)) for words in (["ab", "cd"], ["efg"]))
    assert isinstance(two, Grid)
    assert isinstance(three, Grid)
    assert isinstance(joined([two, two[:1]]), Grid)
    assert list(joined([two, two[:1]])) == ["ab", "cd", "ab"]
    assert joined([two, three]) == ["ab", "cd", "efg"]
    assert joined([["h", "ij"], two]) == ["h", "ij", "ab", "cd"]


def test_a_grid_is_a_sequence_of_texts() -> None:
    grid = Grid(np.frombuffer(b"abcdef", np.uint8).reshape(3, 2))
    assert [len(grid), grid[0], grid[-1], *grid] == [3, "ab", "ef", "ab", "cd", "ef"]
    assert list(grid[1:]) == ["cd", "ef"]
    assert "cd" in grid
    with pytest.raises(IndexError):
        grid[3]
