"""Each golden portfolio on one engine alone: the journal and the fills that it has on both.

Two cases name frameworks: one engine has all of the exposure that `max_framework_pct` limits, and its unmanaged book
needs no name of a framework. The first has an expected file of its own.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from orchestrate import DomainEvent, FillRecord, wiring
from orchestrate.domain.events import StrategySignalledEvent
from orchestrate.runs.journal_format import LINES
from orchestrate.usecases.running.run import run
from tests.cli.explain.portfolios import CASES, write_files

GOLDEN = Path(__file__).parent / "golden"
OF_ONE_ENGINE = GOLDEN / "max_framework_pct-one-engine.jsonl"


def outcome(folder: Path, configuration: str) -> tuple[str, list[FillRecord]]:
    """Return the journal, without signals, and the fills."""
    file, events = folder / "golden.yaml", list[DomainEvent]()
    file.write_text(configuration, encoding="utf-8")
    plan = wiring.read_plan(str(file)).plan
    assert plan is not None
    result = run(plan, emit=events.append, lookahead=False)
    assert result.error is None
    lines = [
        LINES[type(event)](event)
        for event in events
        if type(event) in LINES and not isinstance(event, StrategySignalledEvent)
    ]
    facts = [{"event": line.event, **line.facts} for line in lines if line is not None]
    return "".join(f"{json.dumps(one, separators=(',', ':'), default=float)}\n" for one in facts), list(result.fills)


def traded(fills: list[FillRecord]) -> list[tuple[int, str, str, float, float, float]]:
    each = [record.fill for record in fills]
    return sorted((one.t, one.strategy_id, one.symbol, one.quantity, one.price, one.fee) for one in each)


def expected(case: str) -> str:
    if case == "max_framework_pct":
        return OF_ONE_ENGINE.read_text(encoding="utf-8")
    lines = (GOLDEN / f"{case}.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("{"))


@pytest.mark.parametrize("case", CASES)
def test_a_portfolio_on_one_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(case, lambda name, text: (tmp_path / name).write_text(text, encoding="utf-8"))
    both = {
        engine: outcome(tmp_path, re.sub(r"framework: \w+", f"framework: {engine}", CASES[case]))
        for engine in ("backtrader", "nautilus")
    }
    (journal, fills), (other_journal, other_fills) = both["backtrader"], both["nautilus"]
    if os.environ.get("ORCHESTRATE_WRITE_GOLDEN") and case == "max_framework_pct":
        OF_ONE_ENGINE.write_text(journal, encoding="utf-8")
    assert journal == other_journal
    assert journal == re.sub(r"UNMANAGED_\w+", "UNMANAGED", expected(case))
    assert traded(fills) == traded(other_fills)
    assert fills
