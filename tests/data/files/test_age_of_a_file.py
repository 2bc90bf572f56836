"""A file not newer than its last bar is reported by commands that inspect data, never by a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.results import Finding
from orchestrate.usecases.inspect_data import inspect
from orchestrate.usecases.validate import validate
from tests.data.reading import Load, Read

DAILY_TEXT = csv_text(generate("X", SyntheticSpec(bars=60, seed=3)), 2)
HOURLY_TEXT = csv_text(generate("X", SyntheticSpec(bars=24 * 45, seed=4, frequency="1h")), 2)
UNCLOSED = "the file was written before its last bar was over: 2010-03-05 23:00; its close is not final"


def written_after(path: Path, text: str, last: int, hours: float) -> None:
    path.write_text(text)
    moment = last + int(hours * 3600e9)
    os.utime(path, ns=(moment, moment))


@pytest.mark.parametrize(
    ("text", "hours", "messages"),
    [
        (HOURLY_TEXT, 0.5, [("warning", UNCLOSED)]),
        (HOURLY_TEXT, 1.5, []),
        (DAILY_TEXT, 15, [("info", "the file is not newer than its last bar: {}; is its close final?")]),
        (DAILY_TEXT, 25, []),
    ],
)
def test_commands_that_inspect_data_report_it(
    text: str, hours: float, messages: list[tuple[str, str]], tmp_path: Path, read: Read
) -> None:
    columns, _ = read(text)
    path = tmp_path / "X.csv"
    written_after(path, text, int(columns.timestamp[-1]), hours)
    expected = [(severity, message.format(columns.stamp(-1))) for severity, message in messages]
    assert [(finding.severity, finding.message) for finding in inspect(str(path)).findings] == expected
    assert inspect(str(path), ["stamp=end"]).findings == ()

    config = tmp_path / "c.yaml"
    config.write_text("capital: 1000\nstrategy: BUY_AND_HOLD\ndata: {X: X.csv}\n")
    findings = [finding for finding in validate(str(config), deep=True).findings if finding.where == "X (X.csv)"]
    assert [(finding.severity, finding.message) for finding in findings] == expected


def test_an_odd_last_stamp_says_it_once(tmp_path: Path, read: Read) -> None:
    text = HOURLY_TEXT.replace("2010-03-05T23:00:00Z", "2010-03-05T22:31:07Z")
    columns, _ = read(text)
    written_after(tmp_path / "X.csv", text, int(columns.timestamp[-1]), 0.1)
    findings = [finding.message for finding in inspect(str(tmp_path / "X.csv")).findings]
    assert [message for message in findings if "not finished" in message or "was written" in message] == [
        "the last bar was not finished when the data was taken: 2010-03-05 22:31:07 (line 1081); its close is not final"
    ]


def test_a_run_ignores_the_age_of_its_files(tmp_path: Path, read: Read, load: Load) -> None:
    columns, _ = read(HOURLY_TEXT)

    def findings_after(hours: float) -> tuple[Finding, ...]:
        written_after(tmp_path / "X.csv", HOURLY_TEXT, int(columns.timestamp[-1]), hours)
        return load({"X": {"path": "X.csv"}})[1]

    assert findings_after(0.5) == findings_after(1.5) == ()


def test_one_bar_between_start_and_end_has_no_neighbour(tmp_path: Path, read: Read) -> None:
    columns, _ = read(HOURLY_TEXT)
    written_after(tmp_path / "X.csv", HOURLY_TEXT, int(columns.timestamp[-1]), 0.5)
    (tmp_path / "c.yaml").write_text(
        "capital: 1000\nstrategy: BUY_AND_HOLD\ndata: {X: X.csv}\nstart: '2010-03-05 23:00'\n"
    )
    findings = [finding.message for finding in validate(str(tmp_path / "c.yaml"), deep=True).findings]
    assert UNCLOSED in findings
