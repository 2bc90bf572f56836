"""`orchestrate report`: a stored run is shown from its files alone."""

from __future__ import annotations

import shutil
import time

import pytest


@pytest.fixture
def document(prompt):
    """The document of a run."""
    return prompt.backtest("portfolio.yaml", "--gate", "sharpe >= 50", "--format", "json").document


def test_the_same_document(prompt, document):
    (prompt.folder / "portfolio.yaml").unlink()
    for named in ("latest", document["run_id"], document["run_id"][:-2]):
        done = prompt("report", named, "--format", "json")
        assert (done.code, done.err) == (0, "")
        assert done.document == document


def test_the_same_summary(prompt):
    first = prompt("backtest", "portfolio.yaml")
    assert prompt("report", "latest").out == first.out


def test_it_is_in_the_journal_under_the_name_of_the_run(prompt, document):
    began = time.monotonic()
    prompt("report", "latest")
    whole = time.monotonic() - began
    line = prompt.journal[-1]
    assert list(line) == ["ts", "event", "level", "run_id", "user", "duration_seconds"]
    assert (line["event"], line["run_id"]) == ("report_generated", document["run_id"])
    assert 0.0 < line["duration_seconds"] < whole


def test_the_journal_of_the_run_is_where_its_document_says(prompt):
    prompt("backtest", "single.yaml", "--set", "logging.path=other/j.jsonl", "--set", "logging.user=ann")
    prompt("report", "latest")
    assert '"event":"report_generated"' in (prompt.folder / "other" / "j.jsonl").read_text()
    assert '"user":"ann"' in (prompt.folder / "other" / "j.jsonl").read_text().splitlines()[-1]
    assert prompt.journal == []


def test_runs_kept_elsewhere(prompt, document):
    shutil.move(prompt.folder / "reports", prompt.folder / "archive")
    done = prompt("report", "latest", "--reports", "archive", "--format", "json")
    assert done.document == document | {"paths": document["paths"] | {"run": f"archive/{document['run_id']}"}}


def test_no_such_run(prompt, document):
    before = prompt.journal
    done = prompt("report", "19990101T000000Z-000000")
    assert (done.code, done.out) == (5, "")
    assert f"the latest is {document['run_id']}" in done.err
    assert prompt.journal == before


def test_no_runs_at_all(prompt):
    done = prompt("report", "latest")
    assert (done.code, done.err.splitlines()) == (
        5,
        [
            "there is no run in reports, which doesn't exist",
            "    hint: orchestrate backtest FILE stores one; --reports DIR names another folder",
        ],
    )


FILES = [
    *("config.yaml", "plan.json", "metrics.json", "compatibility.json"),
    *("equity.parquet", "trades.parquet", "decisions.parquet", "exposure.parquet"),
    *("fills.parquet", "positions.parquet", "flows.parquet"),
]


@pytest.mark.parametrize("name", [*FILES, "run.json"])
def test_a_run_with_a_damaged_or_missing_file_is_refused(prompt, document, name):
    before = prompt.journal
    path = prompt.runs[0] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    damaged = prompt("report", "latest", "--format", "json")
    path.unlink()
    missing = prompt("report", "latest")
    for done in (damaged, missing):
        assert (done.code, done.out) == (4, "")
        assert ["hint: " in line for line in done.err.splitlines()] == [False, True]
        assert done.err.startswith(f"reports/{document['run_id']}/{name}: ")
    assert prompt.journal == before


def test_what_is_verified_is_all_that_is_stored(prompt, document):
    assert sorted(path.name for path in prompt.runs[0].iterdir()) == sorted([*FILES, "run.json"])


def test_quiet_prints_where_the_run_is(prompt, document):
    assert prompt("report", "-q").out == f"reports/{document['run_id']}\n"
    assert prompt("runs", "-q").out == f"{document['run_id']}\n"
