"""Stored sweeps in the commands that take runs: `report`, `runs`, `compare`, and those that need a run."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from http import HTTPStatus
from io import StringIO

import jsonschema
import pytest

from orchestrate.reporting.schemas.outputs import output_schema
from orchestrate.usecases.pages.dashboard import Pages
from tests.analytics.sweeps.builders import sweep_of
from tests.analytics.sweeps.stored import RUN_ID, store_sweep
from tests.cli.outputs.test_published_schemas import closed


@pytest.fixture(scope="module")
def swept():
    plan, part = sweep_of(days=64)
    return plan, [part]


@pytest.fixture
def folder(prompt, swept):
    return store_sweep(prompt.folder / "reports", *swept)


def test_report_shows_a_sweep_and_journals_it(prompt, folder):
    done = prompt("report", "latest")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Sweep {RUN_ID}  completed  exit code 0\n")
    assert f"next     orchestrate sweep show {RUN_ID} --trial 28" in done.out
    journal = prompt.folder / "logs" / "backtest" / "orchestrate.jsonl"
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert events == ["report_generated"]


def test_its_json_is_what_the_schema_says(prompt, folder):
    document = prompt("report", "--format", "json").document
    schema = output_schema("report")
    jsonschema.validate(document, schema)
    jsonschema.validate(document, closed(schema))
    stored = json.loads((folder / "sweep.json").read_text())
    assert {name: document[name] for name in stored} == stored


def test_its_csv_has_a_row_a_trial(prompt, folder, swept):
    rows = list(csv.DictReader(StringIO(prompt("report", "--format", "csv").out)))
    trials = swept[1][0].trials
    assert [row["status"] for row in rows] == [trial.measured.status for trial in trials]
    assert rows[8]["sharpe"] == repr(trials[8].measured.metrics["sharpe"])
    assert rows[12]["reason"] == "fast < slow / 2 must hold, but fast is 15, slow is 30"
    assert (rows[8]["eligible"], rows[12]["eligible"], rows[12]["sharpe"]) == ("true", "false", "")


def test_its_markdown(prompt, folder):
    text = prompt("report", "--format", "md").out
    assert f"# Sweep {RUN_ID}: completed" in text
    assert "## Best trials\n\n| trial | trend.fast | trend.slow | Sharpe |" in text
    assert "- trial 28: strategies.py:12: ZeroDivisionError: division by 0" in text


def test_a_text_can_be_written_to_a_file(prompt, folder):
    assert prompt("report", "--output", "sweep.txt").code == 0
    assert (prompt.folder / "sweep.txt").read_text().startswith("Sweep ")


def test_its_page_is_written_beside_it_and_listed(prompt, folder):
    done = prompt("report", "--format", "html")
    assert done.out == f"reports/{RUN_ID}/report.html\n"
    assert "<h2" in (folder / "report.html").read_text()
    index = (folder.parent / "index.html").read_text()
    assert f'href="{RUN_ID}/report.html"' in index
    assert "trend (sweep over trend.fast, trend.slow)" in index


def test_the_dashboard_serves_its_page(prompt, folder):
    status, text = Pages(folder.parent).answer(f"/{RUN_ID}/report.html")
    assert (status, "Peak and plateau" in text) == (HTTPStatus.OK, True)


def test_runs_lists_it_with_the_figures_of_its_pick(prompt, folder, swept):
    done = prompt("runs")
    assert done.out.splitlines()[1].endswith("trend (sweep over trend.fast, trend.slow)")
    [row] = prompt("runs", "--where", "sharpe > -9", "--strategy", "trend", "--format", "json").document["runs"]
    part = swept[1][0]
    assert row["sharpe"] == part.trials[part.pick].measured.metrics["sharpe"]
    assert (row["kind"], row["parameters"], row["sortino"]) == ("sweep", ["trend.fast", "trend.slow"], None)
    jsonschema.validate(prompt("runs", "--format", "json").document, closed(output_schema("runs")))


def test_compare_puts_its_pick_beside_others(prompt, folder, swept, stored, two_strategies):
    plan, [part] = swept
    other = store_sweep(folder.parent, replace(plan, seed=9), [replace(part, pick=7)], run_id=f"{RUN_ID[:-1]}e")
    run = stored(two_strategies, "2025-01-01")
    document = prompt("compare", RUN_ID, other.name, run, "--format", "json").document
    jsonschema.validate(document, closed(output_schema("compare")))
    sharpe = next(row for row in document["figures"] if row["figure"] == "sharpe")
    assert sharpe["values"][:2] == [part.trials[place].measured.metrics["sharpe"] for place in (part.pick, 7)]
    changed = {row["key"] for row in document["configuration"]}
    assert "sweep" in changed
    two = prompt("compare", RUN_ID, other.name, "--format", "json").document
    assert {row["key"] for row in two["configuration"]} >= {"sweep.seed", "sweep.best.trend.fast"}
    assert two["equity"]["rows"][-1]["values"][0] == pytest.approx(part.trials[part.pick].measured.final_equity)
    text = prompt("compare", RUN_ID, other.name)
    assert (text.code, text.err) == (0, "")


def test_compare_knows_sweeps_without_a_pick(prompt, folder, swept):
    plan, [part] = swept
    nothing = replace(part, pick=None, eligible=frozenset())
    other = store_sweep(folder.parent, plan, [nothing], run_id=f"{RUN_ID[:-1]}e")
    document = prompt("compare", RUN_ID, other.name, "--format", "json").document
    assert document["equity"]["rows"][-1]["values"][1] is None
    assert document["figures"][0]["values"][1] is None


@pytest.mark.parametrize("command", [("verify",), ("reproduce",), ("explain",), ("export",), ("baseline",)])
def test_other_commands_say_that_it_is_no_run(prompt, folder, command):
    words = [*command, RUN_ID, *(["trades"] if command == ("export",) else [])]
    done = prompt(*words)
    assert done.code == 5
    assert f"{RUN_ID} is a sweep, no run" in done.err
    assert f"orchestrate report {RUN_ID}" in done.err
