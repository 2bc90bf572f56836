"""`orchestrate explain` refuses what is not there, what is no label, and a damaged run."""

from __future__ import annotations

import json
import re

import pyarrow.parquet as pq
import pytest

from orchestrate.domain.orders.order import Reason
from orchestrate.reporting.explanation import REASONS, reason_text
from orchestrate.runs.manifest import seal, unseal
from orchestrate.runs.store import digest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "gredy"), "there is no strategy 'gredy' in run RUN\n    hint: did you mean 'greedy'?\n"),
        (("--symbol", "a"), "there is no symbol 'a' in run RUN\n    hint: did you mean 'A'?\n"),
        (("--order", "whole-3"), "there is no order 'whole-3' in run RUN\n    hint: did you mean 'whole-2'?\n"),
        (("--order", ""), "there is no order '' in run RUN\n"),
        (("--strategy", "\x1b[31m::error::x"), "there is no strategy '\\x1b[31m::error::x' in run RUN\n"),
        (("--symbol", "x" * 10_000), f"there is no symbol '{'x' * 10_000}' in run RUN\n"),
        (
            ("--at", "2024-01-11"),
            "run RUN has no bar at 2024-01-11\n    hint: the nearest: 2024-01-10\n",
        ),
        (
            ("--at", "2024-01-02T09:30:00Z"),
            "run RUN has no bar at 2024-01-02T09:30:00Z\n    hint: the nearest: 2024-01-02, 2024-01-03\n",
        ),
    ],
)
def test_what_is_not_there(golden, words, message):
    prompt = golden()
    done = prompt("explain", "latest", *words)
    assert (done.code, done.out) == (5, "")
    assert done.err == message.replace("RUN", prompt.runs[0].name)


@pytest.mark.parametrize(
    "label", ["", "yesterday", "2024-13", "2024-02-30", "20240", "::error::", "2024-01-02T25:00:00Z"]
)
def test_what_is_no_label(golden, label):
    done = golden()("explain", "latest", "--at", label)
    assert (done.code, done.out) == (2, "")
    assert "no label of a bar" in done.err


def test_runs_are_named_as_report_names_them(golden):
    prompt = golden()
    output = prompt("explain", "latest").out
    run_id = prompt.runs[0].name
    for named in (run_id, run_id[:-2], f"reports/{run_id}"):
        assert prompt("explain", named).out == output
    assert prompt("explain", "19990101T000000Z-000000").code == 5
    (prompt.folder / "reports").rename(prompt.folder / "archive")
    assert prompt("explain", "latest", "--reports", "archive").out == output
    assert prompt("explain", "latest").err.startswith("there is no run in reports, which doesn't exist\n    hint: ")


def test_the_store_is_enough(golden):
    prompt = golden()
    output = prompt("explain", "latest", "--format", "json").out
    before = len(prompt.journal)
    (prompt.folder / "logs" / "backtest" / "orchestrate.jsonl").unlink()
    for name in ("golden.yaml", "planned.py", "a.csv"):
        (prompt.folder / name).unlink()
    assert prompt("explain", "latest", "--format", "json").out == output
    assert before
    assert prompt.journal == []


@pytest.mark.parametrize("name", ["config.yaml", "metrics.json", "equity.parquet", "decisions.parquet", "run.json"])
def test_a_damaged_run_is_refused(golden, name):
    prompt = golden()
    path = prompt.runs[0] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = prompt("explain", "latest")
    assert (done.code, done.out) == (4, "")
    assert re.match(rf"reports/{prompt.runs[0].name}/{re.escape(name)}: (changed|damaged)", done.err)
    assert ["hint: " in line for line in done.err.splitlines()] == [False, True]


def stored_anew(folder, name, content):
    """Put other content into a run, with the checksums that belong to it."""
    (folder / name).write_bytes(content)
    facts = json.loads(unseal((folder / "run.json").read_bytes()))
    facts["files"][name] = digest(content)
    (folder / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))


def test_a_table_that_is_none_or_lacks_columns_is_refused(golden):
    prompt = golden()
    folder = prompt.runs[0]
    whole = pq.read_table(folder / "decisions.parquet")
    stages = whole.column_names.index("stages")
    for damage in ("no table", "no column", '[{"stage": 1}]', "{", "7"):
        if damage == "no table":
            stored_anew(folder, "decisions.parquet", b"PAR1")
        else:
            kept = whole.drop(["stages"])
            table = kept if damage == "no column" else kept.add_column(stages, "stages", [[damage] * len(whole)])
            pq.write_table(table, folder / "other.parquet")
            stored_anew(folder, "decisions.parquet", (folder / "other.parquet").read_bytes())
        done = prompt("explain", "latest")
        assert (done.code, done.out) == (4, ""), damage
        assert done.err.startswith(f"reports/{folder.name}/decisions.parquet: damaged: ")
        assert len(done.err.splitlines()) == 1
    without = json.loads(unseal((folder / "run.json").read_bytes()))
    del without["files"]["decisions.parquet"]
    (folder / "run.json").write_bytes(seal(json.dumps(without, indent=2).encode() + b"\n"))
    assert "its files lack decisions.parquet" in prompt("explain", "latest").err


def test_a_reason_has_words_or_its_name():
    assert set(REASONS) == {str(reason) for reason in Reason if reason}
    assert reason_text("drawdown_stop") == "drawdown stop"


def test_text_shows_some_and_json_all(prompt):
    prompt.write(
        "dips.yaml", "strategy: RSI\nconfig: {period: 2}\ncapital: 9000\ndata: {AAA: {synthetic: {bars: 900}}}\n"
    )
    prompt("backtest", "dips.yaml", "-q")
    orders = prompt("explain", "latest", "--strategy", "RSI", "--format", "json").document["orders"]
    assert len(orders) > 20
    text = prompt("explain", "latest", "--strategy", "RSI").out
    assert f"… and {len(orders) - 20} more (--format json shows all)" in text
    assert text.count("\nRSI wanted to") == 19
