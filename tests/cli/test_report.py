"""`orchestrate report`: a stored run, told again from what was stored alone."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def told(prompt):
    """The document of a run."""
    return prompt("backtest", "portfolio.yaml", "--gate", "sharpe >= 50", "--format", "json").document


def test_the_same_document(prompt, told):
    (prompt.folder / "portfolio.yaml").unlink()
    for named in ("latest", told["run_id"], told["run_id"][:-2]):
        done = prompt("report", named, "--format", "json")
        assert (done.code, done.err) == (0, "")
        assert done.document == told


def test_the_same_summary(prompt):
    first = prompt("backtest", "portfolio.yaml")
    assert prompt("report", "latest").out == first.out


def test_it_is_in_the_journal_under_the_name_of_the_run(prompt, told):
    prompt("report", "latest")
    line = prompt.journal[-1]
    assert list(line) == ["ts", "event", "level", "run_id", "user", "duration_seconds"]
    assert (line["event"], line["run_id"]) == ("report_generated", told["run_id"])
    assert 0.0 < line["duration_seconds"] < 30.0


def test_the_journal_of_the_run_is_where_the_run_said(prompt):
    prompt("backtest", "single.yaml", "--set", "logging.path=other/j.jsonl", "--set", "logging.user=ann")
    prompt("report", "latest")
    assert '"event":"report_generated"' in (prompt.folder / "other" / "j.jsonl").read_text()
    assert '"user":"ann"' in (prompt.folder / "other" / "j.jsonl").read_text().splitlines()[-1]
    assert prompt.journal == []


def test_runs_kept_elsewhere(prompt, told):
    shutil.move(prompt.folder / "reports", prompt.folder / "archive")
    done = prompt("report", "latest", "--reports", "archive", "--format", "json")
    assert done.document == told | {"paths": told["paths"] | {"run": f"archive/{told['run_id']}"}}


def test_no_such_run(prompt, told):
    before = prompt.journal
    done = prompt("report", "19990101T000000Z-000000")
    assert (done.code, done.out) == (5, "")
    assert f"the latest is {told['run_id']}" in done.err
    assert prompt.journal == before


def test_no_runs_at_all(prompt):
    done = prompt("report", "latest")
    assert (done.code, done.err) == (5, "there is no run in reports\n")


def test_a_changed_run_is_refused(prompt, told):
    metrics = prompt.runs[0] / "metrics.json"
    metrics.write_text(metrics.read_text().replace('"trades"', '"trade"'))
    done = prompt("report", "latest")
    assert done.code == 4
    assert "changed since the run" in done.err


def test_a_run_without_its_plan_is_refused(prompt, told):
    (prompt.runs[0] / "plan.json").write_text("{}")
    done = prompt("report", "latest")
    assert done.code == 4
    assert "plan.json: damaged" in done.err
