"""`orchestrate backtest`: what it prints, stores, journals, and the code it leaves with."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.runs.store import digest

FAILING = """\
capital: 1000
data: {AAA: {synthetic: {bars: 60, seed: 7, frequency: 1d}}}
strategies:
  quitter: {name: "broken.py:Quitter", allocation: 50}
  other: {name: %s, allocation: 50}
"""


def test_a_run_from_file_to_folder(prompt):
    done = prompt("backtest", "portfolio.yaml", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = done.document
    (folder,) = prompt.runs
    assert document["paths"] == {"run": f"reports/{folder.name}", "journal": "logs/backtest/orchestrate.jsonl"}
    assert document["run_id"] == folder.name
    assert (document["status"], document["exit_code"], document["mode"], document["bars"]) == (
        "completed",
        0,
        "multi",
        250,
    )
    assert list(document["strategies"]) == ["trend", "dips", "both"]
    assert document["gates"] == [
        {"gate": "trades >= 1.0", "value": document["portfolio"]["metrics"]["trades"], "passed": True}
    ]
    portfolio = document["portfolio"]
    books = sum(strategy["final_equity"] for strategy in document["strategies"].values())
    assert portfolio["final_equity"] == pytest.approx(books + portfolio["reserve"], abs=1e-6)
    assert portfolio["reserve"] == 30000.0
    by_framework = document["frameworks"]["nautilus"]["final_equity"]
    assert by_framework == pytest.approx(
        document["strategies"]["dips"]["final_equity"] + document["strategies"]["both"]["final_equity"]
    )


def test_the_stored_run_equals_the_document(prompt):
    document = prompt("backtest", "portfolio.yaml", "--format", "json").document
    (folder,) = prompt.runs
    assert sorted(entry.name for entry in folder.iterdir()) == [
        "compatibility.json",
        "config.yaml",
        "decisions.parquet",
        "equity.parquet",
        "exposure.parquet",
        "fills.parquet",
        "flows.parquet",
        "metrics.json",
        "plan.json",
        "positions.parquet",
        "run.json",
        "trades.parquet",
    ]
    manifest = json.loads((folder / "run.json").read_text())
    for name, known in manifest["files"].items():
        assert digest((folder / name).read_bytes()) == known
    assert set(manifest["files"]) == {entry.name for entry in folder.iterdir()} - {"run.json"}
    assert (folder / "config.yaml").read_text() == (prompt.folder / "portfolio.yaml").read_text()
    assert set(manifest["versions"]) == {"python", "orchestrate", "numpy", "backtrader", "nautilus"}
    assert set(manifest["timings"]) == {"backtrader", "nautilus"}
    equity = pq.read_table(folder / "equity.parquet")
    assert equity["portfolio"][-1].as_py() == document["portfolio"]["final_equity"]
    returns = equity["portfolio"].to_numpy()
    sharpe = np.diff(returns) / returns[:-1]
    assert document["portfolio"]["metrics"]["sharpe"] == pytest.approx(sharpe.mean() / sharpe.std(ddof=1) * 252**0.5)
    trades = pq.read_table(folder / "trades.parquet")
    assert len(trades) == document["portfolio"]["metrics"]["trades"]
    fees = sum(row["fee"] for row in pq.read_table(folder / "fills.parquet").to_pylist())
    assert document["portfolio"]["metrics"]["fees"] == pytest.approx(fees)


def test_the_summary_is_what_people_see(prompt):
    done = prompt("backtest", "portfolio.yaml")
    assert done.code == 0
    for part in ("Portfolio", "Strategies", "Gates", "trend", "dips", "contrib.", "journal  logs/backtest"):
        assert part in done.out
    assert "\x1b" not in done.out
    assert done.err == ""


def test_quiet_says_only_where(prompt):
    done = prompt("backtest", "single.yaml", "-q")
    assert done.out == f"reports/{prompt.runs[0].name}\n"
    assert (done.code, done.err) == (0, "")


def test_reports_go_to_the_requested_folder(prompt):
    document = prompt("backtest", "single.yaml", "--reports", "kept/here", "--format", "json").document
    assert document["paths"]["run"] == f"kept/here/{document['run_id']}"
    assert (prompt.folder / document["paths"]["run"] / "run.json").is_file()
    assert prompt.runs == []


def test_layers_are_kept_as_they_were_given(prompt, monkeypatch):
    prompt.write("top.yaml", "extends: middle.yaml\ncapital: 5000\n")
    prompt.write("middle.yaml", "extends: single.yaml\n")
    monkeypatch.setenv("ORCHESTRATE__CAPITAL", "7000")
    done = prompt("backtest", "top.yaml", "--set", "config.slow=9", "--gate", "trades>=0.5", "--format", "json")
    assert done.code == 0
    assert done.document["portfolio"]["initial_capital"] == 7000.0
    (folder,) = prompt.runs
    for name, given in (("config", "top"), ("extends-1", "middle"), ("extends-2", "single")):
        assert (folder / f"{name}.yaml").read_bytes() == (prompt.folder / f"{given}.yaml").read_bytes()
    assert json.loads((folder / "run.json").read_text())["overrides"] == {
        "set": ["config.slow=9"],
        "gates": ["trades>=0.5"],
        "environment": {"ORCHESTRATE__CAPITAL": "7000"},
    }


@pytest.mark.parametrize(
    ("gate", "code", "value"),
    [("trades >= 1", 0, None), ("sharpe >= 99", 1, "value: -?[0-9.]+"), ("max_drawdown >= -0.00001", 1, "value: -")],
)
def test_gates_of_the_command_line(prompt, gate, code, value):
    done = prompt("backtest", "single.yaml", "--gate", gate, "--format", "json")
    assert (done.code, done.document["exit_code"]) == (code, code)
    assert done.document["status"] == "completed"
    if value:
        assert re.search(rf"^gate failed: .*\({value}", done.err)
    assert prompt.journal[-1]["event"] == "backtest_completed"


def test_a_null_fails_its_gate(prompt):
    flat = "strategy: MOMENTUM\nconfig: {fast: 200, slow: 240}\ncapital: 1000\n"
    prompt.write("flat.yaml", flat + "data: {AAA: {synthetic: {bars: 60, seed: 7, frequency: 1d}}}\n")
    done = prompt("backtest", "flat.yaml", "--gate", "win_rate >= 0.1", "--format", "json")
    assert done.code == 1
    assert done.document["gates"] == [{"gate": "win_rate >= 0.1", "value": None, "passed": False}]


def test_wrong_gates_are_refused_before_anything_runs(prompt):
    done = prompt("backtest", "single.yaml", "--gate", "sharp >= 1", "--gate", "nonsense", "--gate", "trades >= 0")
    assert done.code == 2
    assert "did you mean 'sharpe'?" in done.err
    assert "'nonsense' is not a gate" in done.err
    assert "can't fail" in done.err
    assert (prompt.runs, prompt.journal, done.out) == ([], [], "")


def test_a_wrong_file_and_a_wrong_gate_are_reported_together(prompt):
    prompt.write("wrong.yaml", "strategy: MOMENTUM\ncapitel: 5\n")
    done = prompt("backtest", "wrong.yaml", "--gate", "nonsense", "--format", "json")
    assert done.code == 2
    assert done.document["valid"] is False
    messages = [error["message"] for error in done.document["errors"]]
    assert any("capitel" in message for message in messages)
    assert any("nonsense" in message for message in messages)
    assert "wrong.yaml:2:1" in done.err
    assert not (prompt.folder / "reports").exists()
    assert not (prompt.folder / "logs").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy: MOMENTUM\ncapital: 1000\n", "has no 'data'"),
        ("strategy: MOMENTUM\ncapital: 1000\ndata: {AAA: gone.csv}\n", "gone.csv"),
        ("strategy: MOMENTUM\ncapital: 1000\ndata: {AAA: bad.csv}\n", "AAA|bad.csv"),
    ],
)
def test_no_data_is_code_3_and_in_the_journal(prompt, text, message):
    prompt.write("bad.csv", "this,is\nno,price\n")
    prompt.write("config.yaml", text)
    done = prompt("backtest", "config.yaml", "--format", "json")
    assert done.code == 3
    assert done.document["valid"] is False
    assert list(done.document) == ["schema_version", "valid", "mode", "errors", "findings", "plan"]
    reported = json.dumps([done.document["errors"], done.document["findings"]])
    assert re.search(message, reported)
    assert re.search(message, done.err)
    assert [line["event"] for line in prompt.journal] == ["backtest_started", "backtest_failed"]
    assert (prompt.journal[1]["exit_code"], prompt.journal[1]["error_type"]) == (3, "DataError")
    assert prompt.runs == []
    assert list((prompt.folder / "reports").iterdir()) == []


def test_some_failed_is_degraded(prompt):
    prompt.write("config.yaml", FAILING % "BUY_AND_HOLD")
    done = prompt("backtest", "config.yaml", "--format", "json")
    document = done.document
    assert (done.code, document["status"], document["exit_code"]) == (1, "degraded", 1)
    assert document["strategies"]["quitter"]["status"] == "failed"
    error = document["strategies"]["quitter"]["error"]
    assert (error["type"], error["message"]) == ("RuntimeError", "enough is enough")
    lines = (prompt.folder / "broken.py").read_text().splitlines()
    assert (error["file"], lines[error["line"] - 1].strip()) == ("broken.py", 'raise RuntimeError("enough is enough")')
    at = f"broken.py:{error['line']}: RuntimeError: enough is enough"
    assert f"quitter failed: {at}" in done.err
    stored = json.loads((prompt.runs[0] / "run.json").read_text())["errors"]["quitter"]
    assert "enough is enough" in stored["traceback"]
    assert "should_e" in stored["traceback"]
    assert prompt.journal[-1]["event"] == "orchestrator.backtest_completed"
    assert prompt.journal[-1]["error_count"] == 1
    text = prompt("report", "latest").out
    assert f"  quitter  {at} (" in text
    command = f"orchestrate report {document['run_id']} --traceback"
    assert text.endswith(f"\nnext     {command}\n")
    traced = prompt(*command.split()[1:]).out
    assert traced.startswith(text.partition("\nnext ")[0])
    assert traced.endswith(f"\n\nTraceback of quitter\n{stored['traceback']}")


def test_a_traceback_on_the_day_itself(prompt):
    prompt.write("config.yaml", FAILING % "BUY_AND_HOLD")
    done = prompt("backtest", "config.yaml", "--traceback")
    assert "Traceback of quitter\nTraceback (most recent call last):\n" in done.out
    assert "Traceback" not in prompt("backtest", "config.yaml").out


def test_verbose_shows_each_finding(prompt):
    some, every = prompt("backtest", "portfolio.yaml").out, prompt("report", "latest", "-v").out
    assert "; likewise strategies." in some
    assert "likewise" not in every
    assert every.count("no look-ahead found") > some.count("no look-ahead found")


def test_all_failed_is_failed(prompt):
    prompt.write("config.yaml", FAILING % '"broken.py:Quitter"')
    done = prompt("backtest", "config.yaml", "--format", "json")
    assert (done.code, done.document["status"]) == (1, "failed")
    last, before = prompt.journal[-1], prompt.journal[-2]
    assert (before["event"], before["exit_code"]) == ("backtest_failed", 1)
    assert last["event"] == "orchestrator.backtest_failed"
    assert last["bar_date"] == done.document["strategies"]["quitter"]["error"]["bar_date"]
    assert len(prompt.runs) == 1


def test_a_prophet_is_caught(prompt):
    prompt.write(
        "config.yaml", 'strategy: "broken.py:Prophet"\ncapital: 1000\ndata: {AAA: {synthetic: {bars: 60, seed: 7}}}\n'
    )
    done = prompt("backtest", "config.yaml", "--format", "json")
    assert (done.code, done.document["status"]) == (1, "completed")
    assert "looks ahead on AAA" in done.err
    trusted = prompt("backtest", "config.yaml", "--no-lookahead-check", "--format", "json")
    assert trusted.code == 0
    assert any("--no-lookahead-check" in finding["message"] for finding in trusted.document["findings"])


def test_no_time_left(prompt):
    done = prompt("backtest", "portfolio.yaml", "--time-limit", "0", "--format", "json")
    assert (done.code, done.document["status"], done.document["exit_code"]) == (124, "interrupted", 124)
    assert done.document["bars"] == 0
    assert len(prompt.runs) == 1
    assert prompt.journal[-1]["event"] == "orchestrator.backtest_completed"
    assert prompt("report", "latest", "--format", "json").document == done.document
