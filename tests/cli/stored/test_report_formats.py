"""`orchestrate report` in each of its formats, on stdout and in a file."""

from __future__ import annotations

import csv
from io import StringIO
from typing import get_args

import pytest

from orchestrate.cli.commands.stored.report import RunFormat
from orchestrate.reporting.formats import FORMATS

MARKDOWN = """\
# Run 20260101T000000Z-000000: completed

Exit code 1; 5 bars, 2020-01-01 … 2020-01-05.

## Portfolio

| figure | value |
|---|--:|
| initial capital | 1,000.00 |
| final equity | 1,003.06 |
| reserve | 100.00 |
| return | +0.31% |
"""
GATES = """\
## Gates

| gate | value | result |
|---|--:|--:|
| trades \\>= 5.0 | 5 | passed |
| sharpe \\>= 3.0 | {sharpe:.6g} | **failed** |

## Findings

- warning: IBM: 2 rows were out of order and have been sorted
"""


CUT = """\
## Cut and refused

0 of 12 demands were cut, 2 refused.

| reason | times | money |
|---|--:|--:|
| capital | 2 | 1,000.00 |
"""


@pytest.fixture
def run(stored, two_strategies):
    return stored(two_strategies, exit_code=1)


def test_the_command_offers_every_format():
    assert list(get_args(get_args(RunFormat)[0])) == [*FORMATS, "html"]


def test_the_latest_when_none_is_named(prompt, run, stored, two_strategies):
    later = stored(two_strategies, "2026-02-02")
    assert prompt("report", "--format", "json").document["run_id"] == later


def test_markdown(prompt, run):
    text = prompt("report", "--format", "md").out
    assert text.startswith(MARKDOWN)
    sharpe = prompt("report", "--format", "json").document["portfolio"]["metrics"]["sharpe"]
    assert GATES.format(sharpe=sharpe) in text
    assert CUT in text
    (wave,) = (line for line in text.splitlines() if line.startswith("| wave |"))
    assert wave.startswith("| wave | backtrader | completed | -1.99% |")
    assert wave.endswith("| 3 | -1.19% |")
    assert text.endswith("\n") and "\n## Further figures\n\n| figure | value |\n|---|--:|\n| best day | " in text


def test_markdown_of_positions_that_are_open(prompt):
    held = "strategy: BUY_AND_HOLD\ncapital: 1000\ndata: {A_B: {synthetic: {bars: 30, seed: 7, frequency: 1d}}}\n"
    document = prompt("backtest", prompt.write("held.yaml", held), "--format", "json").document
    (position,) = document["open_positions"]
    row = f"| BUY\\_AND\\_HOLD | A\\_B | {position['quantity']:g} | {position['worth']:,.2f} |\n"
    heads = "## Open at the end\n\n| strategy | symbol | quantity | worth |\n|---|---|--:|--:|\n"
    assert heads + row in prompt("report", "--format", "md").out


def test_markdown_of_a_failure(prompt, stored, one_failed):
    stored(one_failed)
    (line,) = (line for line in prompt("report", "--format", "md").out.splitlines() if line.startswith("- climb: "))
    assert line.endswith("ValueError: no such bar \\(2020-01-04\\)")


def test_csv_has_every_figure_with_all_digits(prompt, run):
    document = prompt("report", "--format", "json").document
    rows = list(csv.DictReader(StringIO(prompt("report", "--format", "csv").out)))
    figures = {(row["scope"], row["id"], row["figure"]): row["value"] for row in rows}
    for scope, owner, facts in (
        ("portfolio", "", document["portfolio"]),
        *(("strategies", name, facts) for name, facts in document["strategies"].items()),
        *(("frameworks", name, facts) for name, facts in document["frameworks"].items()),
    ):
        assert figures[scope, owner, "final_equity"] == repr(facts["final_equity"])
        for name, value in facts["metrics"].items():
            assert figures[scope, owner, name] == ("" if value is None else repr(value))
    assert len(figures) == len(rows)
    assert figures["portfolio", "", "trades"] == "5"


@pytest.mark.parametrize("name", FORMATS)
def test_each_is_in_the_journal(prompt, run, name):
    prompt("report", "--format", name)
    (line,) = prompt.journal
    assert (line["event"], line["run_id"], line["duration_seconds"] > 0) == ("report_generated", run, True)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_has_what_stdout_has(prompt, run, name):
    shown = prompt("report", "--format", name).out
    done = prompt("report", "--format", name, "--output", "out.txt")
    assert (done.code, done.out, done.err) == (0, "", "written: out.txt\n")
    assert (prompt.folder / "out.txt").read_text() == shown


def test_a_file_that_cannot_be_written_is_code_2(prompt, run):
    done = prompt("report", "--format", "md", "--output", "nowhere/out.md")
    assert (done.code, done.err) == (2, "nowhere/out.md can't be written: No such file or directory\n")


@pytest.mark.parametrize("name", ["md", "csv"])
def test_hostile_texts_are_harmless(prompt, stored, result_of, hand_made, name):
    from orchestrate.domain.results import Finding

    message = "a|b <script>x</script>\n::error::no\x1b[31m @you #1"
    stored(result_of({"one": hand_made([1.0, 2.0])}, findings=(Finding("warning", "a\nb", message),)))
    text = prompt("report", "--format", name).out
    assert "\x1b" not in text
    assert not any(line.startswith("::") for line in text.splitlines())
    assert "<script>" not in text
