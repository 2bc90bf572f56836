"""`orchestrate data`: what a stranger sees of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrate.cli.app import run
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.usecases.inspect_data import inspect

DAILY = csv_text(generate("X", SyntheticSpec(bars=60, seed=3)), 2)


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        run(["data", *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_clean_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text(DAILY)
    code, out, err = called(capsys, "x.csv")
    assert (code, err) == (0, "")
    assert (
        out
        == """\
x.csv
  60 bars of 1 day, 2010-01-04 to 2010-03-26, Mon Tue Wed Thu Fri
  252 bars a year, 2 decimals
                open    high     low   close   volume
  2010-01-04  100.20  100.71   98.80   99.83   636673
  2010-01-05   99.32   99.37   97.23   97.82  1383750
  2010-01-06   97.82   98.14   96.61   97.36  1398609
  …
  2010-03-24  102.89  103.09  100.76  101.29   899930
  2010-03-25  101.07  103.88  100.96  103.50   738630
  2010-03-26  103.41  103.72  103.22  103.24  1399604
  no issues found
"""
    )


def test_findings_are_shown_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    rows = DAILY.splitlines()
    silent = [row.rsplit(",", 1)[0] + ",0" for row in rows[10:18]]
    Path("x.csv").write_text("\n".join([*rows[:10], *silent, *rows[18:]]) + "\n")
    code, out, _ = called(capsys, "x.csv")
    assert code == 0
    assert out.endswith(
        "  info: bars have volume 0, first 2010-01-15 (line 11) (8 times)\n"
        "      then 2010-01-18 (line 12), 2010-01-19 (line 13), 2010-01-20 (line 14), 2010-01-21 (line 15), …\n"
    )


def test_several_files_are_shown_and_one_that_is_unusable_gives_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text(DAILY)
    Path("y.csv").write_text(DAILY.replace("2010-01-08,", "2010-01-08,-"))
    code, out, _ = called(capsys, "none.csv", "x.csv", "y.csv")
    assert code == 3
    assert out.startswith("none.csv: there is no such file\n    hint: looked for ")
    assert "  60 bars of 1 day" in out
    assert "  error: prices below zero: 2010-01-08 (line 6); if they are real, set asset_class: future or " in out
    assert called(capsys, "y.csv", "--set", "allow_negative=true")[0] == 0


def test_json_of_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "none.csv", "--format", "json")
    document = json.loads(out)
    assert code == 3
    assert document["schema_version"] == 1
    (entry,) = document["files"]
    assert (entry["file"], entry["usable"], entry["bars"], entry["findings"]) == ("none.csv", False, 0, [])
    assert entry["error"].startswith("none.csv: there is no such file")


def test_json_of_a_file_with_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    header, *rows = DAILY.splitlines()
    Path("x.csv").write_text("\n".join([header, *reversed(rows)]))
    code, out, _ = called(capsys, "x.csv", "--format", "json")
    (entry,) = json.loads(out)["files"]
    assert code == 0
    assert entry["bars"] == 60
    assert entry["first"] == "2010-01-04"
    assert entry["last"] == "2010-03-26"
    assert entry["seconds"] == 86400
    assert entry["weekdays"] == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert entry["periods_per_year"] == 252
    assert entry["precision"] == 2
    assert entry["usable"] is True
    assert entry["error"] is None
    assert entry["head"][0] == ["2010-01-04", *map(float, rows[0].split(",")[1:])]
    assert entry["tail"][-1] == ["2010-03-26", *map(float, rows[-1].split(",")[1:])]
    assert entry["findings"] == [
        {
            "severity": "warning",
            "where": "x.csv",
            "message": "the newest row is first: rows are reversed",
            "count": 1,
            "first": [],
        }
    ]


def test_settings_of_a_data_entry(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("Date;O;H;L;C\n05/06/2014;1;2;1;2\n06/06/2014;1;2;1;2\n09/06/2014;1;2;1;2\n")
    assert called(capsys, "x.csv")[0] == 3
    code, out, _ = called(capsys, "x.csv", "--set", "date_format=day_first")
    assert code == 0
    assert "3 bars of 1 day, 2014-06-05 to 2014-06-09" in out
    assert called(capsys, "x.csv", "--set", "date_format=%d/%m/%Y")[0] == 0


def test_short_and_intraday_series() -> None:
    Path("x.csv").write_text("\n".join(DAILY.splitlines()[:5]))
    assert [len(part) for part in (inspect("x.csv").head, inspect("x.csv").tail)] == [3, 1]
    Path("h.csv").write_text(csv_text(generate("X", SyntheticSpec(bars=60, seed=3, frequency="15min")), 2))
    inspected = inspect("h.csv")
    assert (inspected.frequency, inspected.last) == ("15 minutes", "2010-01-04 14:45")
    weeks = generate("X", SyntheticSpec(bars=300, seed=5)).take(slice(None, None, 5))
    Path("w.csv").write_text(csv_text(weeks, 2))
    assert (inspect("w.csv").frequency, inspect("w.csv").weekdays) == ("7 days", ())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("colour=red", "unknown key 'colour'\n    hint: did you mean 'columns'?"),
        ("stamp", "names no key\n    hint: write --set date_format=day_first"),
        ("stamp=middle", "stamp must be start or end, found the text 'middle'"),
        ("timezone=X/Y", "unknown time zone 'X/Y'\n    hint: such as Europe/Berlin"),
        ("timezone=", None),
        ("decimal=x", "decimal must be '.' or ',', found the text 'x'"),
        ("allow_negative=maybe", "expected true or false, found the text 'maybe'"),
        ("allow_negative=yes", "expected true or false, found the text 'yes'\n    hint: write true"),
        ("on_duplicate=maybe", "on_duplicate must be error, first or last, found the text 'maybe'"),
        ("format=xls", "format must be auto, csv, parquet or catalog, found the text 'xls'"),
        ("frequency=often", "frequency must be like 1min, 15min, 1h, 4h or 1d, not 'often'"),
        ("frequency=999999d", "frequency must be a year (366d) at most, not '999999d'"),
        ("delimiter=;;", "expected one character, found the text ';;'"),
        ("columns={clos: C}", "unknown key 'clos' in columns\n    hint: did you mean 'close'?"),
        ("adjust.splits.2014-02-30=2", "2014-02-30 is not a date of the calendar"),
        ("synthetic={bars: 3}", "the file has path and synthetic, only one can be\n    hint: keep one"),
        ("path=y.csv", "the file is named without --set\n    hint: write it as the argument FILE"),
    ],
)
def test_settings_are_checked_as_those_of_a_file_are(
    setting: str, message: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.csv").write_text(DAILY)
    code, out, err = called(capsys, "x.csv", "--set", setting)
    if message is None:
        assert (code, err) == (0, "")
        return
    assert (code, out) == (2, "")
    assert err.strip() == f"--set {setting.partition('=')[0]}: {message}"


def test_all_wrong_settings_are_reported_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text(DAILY)
    code, _, err = called(capsys, "x.csv", "--set", "timezone=X/Y", "--set", "decimal=x", "--set", "stamp=end")
    assert code == 2
    assert [line.split(":")[0] for line in err.splitlines() if not line.startswith(" ")] == [
        "--set decimal",
        "--set timezone",
    ]


@pytest.mark.parametrize("setting", ["decimal=,", 'decimal=","', "delimiter=;", "date_format=%d.%m.%Y"])
def test_values_that_yaml_would_not_read_stand_for_themselves(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("Date;O;H;L;C\n" + "".join(f"0{day}.06.2014;1,5;2;1;2\n" for day in (5, 6, 9)))
    code, out, _ = called(capsys, "x.csv", "--set", setting)
    assert code == 0
    assert "2014-06-05  1.50  2.00  1.00   2.00       0" in out


def test_a_tab_a_column_and_a_split_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("Date\tO\tH\tL\tmine\n" + "".join(f"2014-06-0{day}\t1\t2\t1\t2\n" for day in (5, 6, 9)))
    settings = ("delimiter=\t", "columns.close=mine", "adjust.splits.2014-06-09=2")
    code, out, _ = called(capsys, "x.csv", *(word for setting in settings for word in ("--set", setting)))
    assert code == 0
    assert "2014-06-05  0.50  1.00  0.50   1.00       0" in out
    code, _, err = called(capsys, "x.csv", "--set", "adjust.factors=none.csv")
    assert code == 3
    assert "--set adjust.factors: the file: no such file: none.csv\n    hint: looked up in the working directory" in err
