"""Corners of the reader that a file seldom reaches, and the documentation's own example."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrate.data.columns import show
from orchestrate.data.findings import span
from orchestrate.domain.errors import DataError
from orchestrate.usecases.validate import validate
from tests.data.reading import Load, Read, kinds
from tests.data.text.wild_files import CLEAN, LEAN, MT5, hourly, stamped

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "data.md"


@pytest.mark.parametrize(
    ("text", "settings", "complaint"),
    [
        (stamped("41795", "41796", "soon", "41803"), {}, "line 4: 'soon' is no number, as the stamps above it are"),
        (stamped("1401926400", "1402012800", "1e9", "1402617600"), {}, "line 4: '1e9' is no number"),
        (
            stamped("1401926400000", "1402012800000", "1402272000000", "1402617600000"),
            {"date_format": "epoch_s"},
            "too great",
        ),
        (stamped("20140605", "20140606", "20140609", "20140613"), {"date_format": "excel"}, "too great for a day of"),
        (stamped("13/06/2014", "16/06/2014", "2014-06-17", "18/06/2014"), {}, "line 4: '2014-06-17' is no date like"),
        (
            stamped("2014-06-05 25:00", "2014-06-06 10:00", "2014-06-09 10:00", "2014-06-13 10:00"),
            {},
            "no day or time that exists",
        ),
        (
            stamped("5 Juin 2014", "6 Juin 2014", "9 Juin 2014", "13 Juil 2014"),
            {},
            "line 2: '5 Juin 2014' is no day or time",
        ),
        (
            stamped("1614-06-05", "1614-06-06", "1614-06-09", "1614-06-13"),
            {},
            "line 2: '1614-06-05' lies outside the years 1678 to 2261",
        ),
        (stamped("٢٠١٤-٠٦-٠٥", "2014-06-06", "2014-06-09", "2014-06-13"), {}, "is not a date or time that can be read"),
        (CLEAN, {"date_format": "%Y-%m-%Q"}, "does not place year, month and day"),
        (CLEAN, {"date_format": "%"}, "does not place year, month and day"),
        (CLEAN.replace("649.37", "1e400"), {}, "line 2: high '1e400' is no number"),
        (CLEAN.replace("649.37", "6,49.37"), {"delimiter": ";"}, "it is unknown which|no column for|has 1 cells"),
        (CLEAN.replace("649.37", "649. 37"), {}, "line 2: high '649. 37' is no number"),
        (CLEAN + '2014-06-16,"' + "1" * 200_000 + '",1,1,1,1\n', {}, "the file cannot be cut into cells"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, settings: dict[str, str], complaint: str, read: Read) -> None:
    with pytest.raises(DataError, match=complaint):
        read(text, **settings)


def test_offsets_around_midnight_in_summer_and_winter(read: Read) -> None:
    columns, _ = read(
        hourly(
            "2014-03-07T23:30:00+0100",
            "2014-03-08T00:30:00+0100",
            "2014-07-01T00:30:00+0200",
            "2014-07-01T01:30:00+0200",
        )
    )
    assert [columns.stamp(place) for place in range(4)] == [
        "2014-03-07 22:30",
        "2014-03-07 23:30",
        "2014-06-30 22:30",
        "2014-06-30 23:30",
    ]


def test_real_volume_goes_before_tick_volume(read: Read) -> None:
    columns, findings = read(MT5.replace("\t0\t2\r\n", "\t7\t2\r\n"))
    assert columns.volume.tolist() == [7, 7, 7, 7]
    assert findings == []
    columns, findings = read(MT5.replace("\t100\t0", "\tmany\t0"))
    assert columns.volume.tolist() == [0, 0, 0, 0]


def test_whole_prices_without_leans_stamp_stay_whole(read: Read) -> None:
    columns, findings = read(LEAN.replace(" 00:00", ""))
    assert columns.open[0] == 6462000
    assert [severity for severity, _ in kinds(findings)] == ["info"]


def test_a_parquet_file_that_is_not_there(load: Load) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        load({"X": {"path": "none.parquet", "format": "parquet"}})
    with pytest.raises(DataError, match="there is no such file"):
        load({"X": {"path": "none", "format": "catalog"}})


def test_a_catalog_without_bars_is_refused(tmp_path: Path, load: Load) -> None:
    (tmp_path / "store" / "data" / "bar").mkdir(parents=True)
    with pytest.raises(DataError, match="0 bar types: which bars\\? The catalog has none"):
        load({"X": {"path": "store"}})


def test_lengths_and_moments_in_words() -> None:
    assert [span(nanoseconds) for nanoseconds in (86400 * 10**9, 90 * 60 * 10**9, 2 * 10**9, 5)] == [
        "1 day",
        "1.5 hours",
        "2 seconds",
        "5 ns",
    ]
    assert [show(moment) for moment in (0, 10**9, 3600 * 10**9, 1_500_000, -1)] == [
        "1970-01-01",
        "1970-01-01 00:00:01",
        "1970-01-01 01:00",
        "1970-01-01 00:00:00.0015",
        "1969-12-31 23:59:59.999999999",
    ]


def test_the_memory_behind_a_column_cannot_be_written_either(load: Load) -> None:
    for column in load({"X": CLEAN})[0].series["X"].columns:
        assert isinstance(column.base, bytes)
        with pytest.raises(ValueError, match="WRITEABLE"):
            column.flags.writeable = True


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    example = DOCUMENTATION.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "data").mkdir()
    for name in ("data/IBM.csv", "sap.csv", "es.csv.gz", "aapl.csv"):
        (tmp_path / name).write_text(CLEAN)
    file = tmp_path / "example.yaml"
    file.write_text(f"capital: 1000\nstrategy: {{name: BUY_AND_HOLD, symbols: [DEMO]}}\n{example}", encoding="utf-8")
    validation = validate(os.fspath(file))
    assert validation.resolution.problems == ()
    assert validation.exit_code == 0
    assert validation.resolution.plan is not None
    assert list(validation.resolution.plan.data) == ["IBM", "SAP", "ES", "AAPL", "HOURS", "DEMO"]
