"""docs/reference/results.md has every column of every stored table, and no other."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.domain.plan import InstrumentPlan
from orchestrate.domain.results import Transfers
from orchestrate.runs.parquet import parquet_files

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
TABLES = ("equity", "trades", "decisions", "fills", "positions", "flows", "exposure")


def documented(table: str) -> list[str]:
    """Return the names that stand in code spans before the second bar of each row; of exposure, those in the text."""
    section = PAGE.partition(f"### {table}.parquet\n")[2].partition("\n#")[0]
    if table == "exposure":
        return re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", section)))
    rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_documented_in_its_place(two_strategies, table) -> None:
    """The run has transfers, options, a currency, a benchmark, an order that rests: it has the columns of all."""
    steps = len(two_strategies.stamps)
    wave = two_strategies.strategies["wave"]
    moved = replace(wave, transfers=Transfers(np.zeros(steps), wave.equity), liquidation=wave.equity)
    plan = replace(two_strategies.plan, instruments={"IBM": InstrumentPlan("IBM", fx="EURUSD")})
    first = two_strategies.decisions[0]
    rests = replace(first, decision=replace(first.decision, demand=replace(first.decision.demand, limit=9.0)))
    result = replace(
        two_strategies, plan=plan, strategies={"wave": moved}, benchmark=np.ones(steps), decisions=(rests,)
    )
    stored = pq.read_schema(io.BytesIO(parquet_files(result)[f"{table}.parquet"])).names
    named = documented(table)
    assert {name.replace(".wave", ".ID") for name in stored} == set(named)
    if table not in ("equity", "exposure"):
        assert stored == named
