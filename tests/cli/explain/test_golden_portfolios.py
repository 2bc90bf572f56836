"""`explain` answers for every order and refusal of portfolios under each policy, limit and rule.

The journal and the answers stand in golden/, one file a run. To write them anew: ORCHESTRATE_WRITE_GOLDEN=1, and read
the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Prompt
from tests.cli.explain.portfolios import CASES, write_files

GOLDEN = Path(__file__).parent / "golden"


def act(prompt: Prompt, case: str) -> None:
    """Run a portfolio; some end with a finding, none with an error."""
    write_files(case, prompt.write)
    prompt.write("golden.yaml", CASES[case])
    done = prompt("backtest", "golden.yaml", "-q")
    assert (done.code, done.err) == (0, "")


#: What every line of the journal has, and lines that say what tables and answers say, too.
OF_EVERY_LINE = ("ts", "level", "run_id", "user")
SAID_ELSEWHERE = ("backtest_started", "strategy_signal", "backtest_completed")


def journal(prompt: Prompt) -> str:
    lines = [{key: value for key, value in line.items() if key not in OF_EVERY_LINE} for line in prompt.journal]
    kept = [line for line in lines if line["event"].removeprefix("orchestrator.") not in SAID_ELSEWHERE]
    return "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in kept)


def answers(prompt: Prompt, strategies: list[str]) -> str:
    """All answers in sentences, by strategy."""
    texts = [prompt("explain", "latest", "--strategy", name).out for name in strategies]
    return "".join(f"{line.rstrip()}\n" for text in texts for line in text.splitlines() if line.strip())


def require_all(prompt: Prompt, orders: list[dict[str, Any]]) -> None:
    """Each row of the decisions and each fill is in one answer, which ends as the row does and has what was filled."""
    rows = pq.read_table(prompt.runs[0] / "decisions.parquet").to_pylist()
    fills = {row["order_id"]: row for row in pq.read_table(prompt.runs[0] / "fills.parquet").to_pylist()}
    named = {row["order_id"]: row for row in rows if row["order_id"]}
    refused = [row for row in rows if not row["order_id"]]
    assert {one["order_id"]: one["reason"] for one in orders if one["order_id"]} == {
        name: row["reason"] for name, row in named.items()
    }
    assert sorted(
        (one["strategy_id"], one["symbol"], one["reason"]) for one in orders if not one["order_id"]
    ) == sorted((row["strategy_id"], row["symbol"], row["reason"]) for row in refused)
    assert {one["order_id"]: one["fill"]["quantity"] for one in orders if one["fill"]} == {
        name: row["quantity"] for name, row in fills.items()
    }
    for one in orders:
        assert (one["granted"] == 0) == (one["outcome"] == "rejected")
        assert one["outcome"] == "approved" or one["reason"] in [stage["reason"] for stage in one["stages"]]


@pytest.mark.parametrize("case", CASES)
def test_every_answer_of_a_portfolio(prompt: Prompt, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    act(prompt, case)
    orders = prompt("explain", "latest", "--format", "json").document["orders"]
    require_all(prompt, orders)
    text = journal(prompt) + answers(prompt, sorted({one["strategy_id"] for one in orders}))
    path = GOLDEN / f"{case}.txt"
    if os.environ.get("ORCHESTRATE_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
