"""What a run's files say: columns of Parquet and run.json."""

from __future__ import annotations

import io
import math
import platform
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.analytics.exposure import FIGURES
from orchestrate.analytics.summary import summarise
from orchestrate.domain.orders.order import Fill, Reason, StageOutcome
from orchestrate.domain.results import FillRecord, Transfers
from orchestrate.runs.manifest import manifest, versions
from orchestrate.runs.parquet import first_unlike_row, parquet_files, read_columns
from orchestrate.runs.store import digest
from orchestrate.runs.tables import exposure
from orchestrate.runs.tables.arrow import parquet_bytes
from tests.analytics.exposures import result_of_run
from tests.orchestration.harness import Flags, Part, fixed, run_harness
from tests.orchestration.one_symbol import RISING, one
from tests.reporting.documents import document_of

DAY = 86_400 * 10**9
FIRST = 18_262 * DAY  # 2020-01-01


@pytest.fixture
def tables(two_strategies):
    return {name: pq.read_table(io.BytesIO(content)) for name, content in parquet_files(two_strategies).items()}


def test_equity_holds_every_mark(tables, two_strategies):
    table = tables["equity.parquet"]
    assert table.column_names == [
        "t",
        "label",
        "portfolio",
        "equity.wave",
        "exposed.wave",
        "has_bar.wave",
        "equity.climb",
        "exposed.climb",
        "has_bar.climb",
    ]
    assert table["label"].cast("int64").to_pylist() == two_strategies.labels.tolist()
    assert table["portfolio"].to_pylist() == two_strategies.portfolio_equity.tolist()
    assert table["equity.climb"].to_pylist() == [300.0, 303.0, 306.0, 312.0, 315.0]
    assert table["exposed.wave"].to_pylist() == [True] * 4 + [False]
    assert str(table.schema.field("label").type) == "timestamp[ns, tz=UTC]"


def test_a_benchmark_has_a_close_from_its_first_bar_on(two_strategies):
    closes = np.array([np.nan, np.nan, 10.0, 11.0, 12.0])
    content = parquet_files(replace(two_strategies, benchmark=closes))["equity.parquet"]
    stored = pq.read_table(io.BytesIO(content))["benchmark"]
    assert stored.to_pylist() == [None, None, 10.0, 11.0, 12.0]


def test_ranges_of_trades_are_missing_where_their_bars_are(tables):
    assert tables["trades.parquet"]["mae"].null_count == tables["trades.parquet"]["mfe"].null_count == 5


def test_a_column_that_is_newer_than_the_stored_run_is_no_difference():
    one, two = pa.table({"t": [1, 2], "price": [1.0, 2.0]}), pa.table({"price": [1.0, 3.0], "new": [0, 0], "t": [1, 2]})
    same = two.set_column(0, "price", pa.array([1.0, 2.0]))
    stored, unlike, alike, fewer = map(parquet_bytes, (one, two, same, one.select(["t"])))
    assert [first_unlike_row(stored, other) for other in (unlike, alike, fewer)] == [1, None, 0]


def test_equity_of_a_run_with_transfers_has_flows_and_the_reserve(two_strategies):
    """`climb` gave 100 to the reserve at the third step: returns are (e[t] - flow[t]) / e[t-1] - 1."""
    climb = two_strategies.strategies["climb"]
    flows = np.array([0.0, 0.0, -100.0, 0.0, 0.0])
    transfers = Transfers(flows, climb.equity)
    moved = replace(climb, equity=climb.equity + transfers.so_far, transfers=transfers)
    result = replace(two_strategies, strategies={**two_strategies.strategies, "climb": moved})
    table = pq.read_table(io.BytesIO(parquet_files(result)["equity.parquet"])).to_pandas()
    assert list(table)[:4] == ["t", "label", "portfolio", "reserve"]
    assert table["flow.climb"].tolist() == flows.tolist()
    assert not table["flow.wave"].any()
    assert table["reserve"].tolist() == [100.0, 100.0, 200.0, 200.0, 200.0]
    assert table["portfolio"].tolist() == two_strategies.portfolio_equity.tolist()
    parts = table["reserve"] + table["equity.wave"] + table["equity.climb"]
    assert parts.tolist() == pytest.approx(table["portfolio"].tolist(), abs=1e-9)
    equity = table["equity.climb"]
    returns = ((equity - table["flow.climb"]) / equity.shift() - 1)[1:]
    figures = summarise(result)
    climbed = figures["strategies"]["climb"]
    assert climbed["metrics"]["total_return"] == pytest.approx((1 + returns).prod() - 1)
    assert (climbed["transferred"], climbed["final_equity"]) == (-100.0, 215.0)
    assert figures["portfolio"] == {**summarise(two_strategies)["portfolio"], "reserve": 200.0}


def test_trades_in_the_order_of_their_exits(tables, two_strategies):
    rows = tables["trades.parquet"].to_pylist()
    assert len(rows) == 5
    assert [row["exited"] for row in rows] == sorted(row["exited"] for row in rows)
    assert sum(row["profit"] for row in rows) == pytest.approx(65.4)
    assert {(row["strategy_id"], row["framework"]) for row in rows} == {("wave", "backtrader"), ("climb", "nautilus")}


def test_decisions_and_the_fills_that_came_of_them(tables):
    rows = tables["decisions.parquet"].to_pylist()
    refused = [row for row in rows if row["outcome"] == "rejected"]
    assert [(row["strategy_id"], row["reason"], row["detail"], row["status"]) for row in refused] == [
        ("wave", "capital", "no money", "rejected"),
        ("climb", "capital", "no money", "rejected"),
    ]
    done = [row for row in rows if row["outcome"] == "approved"]
    assert {row["status"] for row in done} == {"filled"}
    assert {(row["side"], row["wanted"], row["granted"]) for row in done} == {("buy", 1.0, 1.0), ("sell", -1.0, -1.0)}
    fills = {row["order_id"]: row for row in tables["fills.parquet"].to_pylist()}
    assert len(done) == len(fills) == 10
    assert all(fills[row["order_id"]]["price"] == row["price"] for row in done)
    assert all(fills[row["order_id"]]["label"] == row["label"] for row in done)


def test_a_trail_is_stored_as_json_with_figures_that_are_numbers(two_strategies):
    outcomes = (
        StageOutcome("size", 9.0, 5.0, Reason.LIMIT, "\u2028"),
        StageOutcome("capital", 5.0, 0.0, Reason.CAPITAL, "no money", {"cost": 500.0, "available": math.inf}),
    )
    last = two_strategies.decisions[-1]
    decision = replace(last.decision, trail=outcomes, available=12.5, reserve=0.0)
    result = replace(two_strategies, decisions=(*two_strategies.decisions[:-1], replace(last, decision=decision)))
    rows = pq.read_table(io.BytesIO(parquet_files(result)["decisions.parquet"])).to_pylist()
    assert [(row["stages"], row["available"], row["reserve"]) for row in rows[:-1]] == [("", None, 0.0)] * 11
    assert {row["order_type"] for row in rows} == {"market"}
    assert (rows[-1]["available"], rows[-1]["reserve"]) == (12.5, 0.0)
    assert rows[-1]["stages"] == (
        '[{"stage":"size","before":9.0,"after":5.0,"reason":"limit","detail":"\\u2028","figures":{}},'
        '{"stage":"capital","before":5.0,"after":0.0,"reason":"capital","detail":"no money","figures":{"cost":500.0}}]'
    )


def test_columns_are_read_back_as_plain_values_without_pandas(two_strategies, tmp_path):
    content = parquet_files(two_strategies)["decisions.parquet"]
    labels, ids, reserves, known = read_columns(content, ("label", "strategy_id", "reserve", "available"), [11, 0])
    assert labels == [FIRST, int(two_strategies.decisions[0].t)]
    assert (ids, reserves, known) == (["climb", "wave"], [0.0, 0.0], [None, None])
    assert len(read_columns(content, ("label",))[0]) == 12
    for damaged, names in ((content, ("nothing",)), (content[:-9], ("label",)), (b"", ("label",))):
        with pytest.raises(ValueError, match=r"."):
            read_columns(damaged, names)
    (tmp_path / "table").write_bytes(content)
    code = (
        "import sys; from orchestrate.runs.parquet import read_columns;"
        "read_columns(open('table', 'rb').read(), ('label', 'price', 'reason', 'closing'), [1, 2]);"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_fill_that_no_decision_stands_for_is_a_decision_too(two_strategies):
    flattening = FillRecord(
        5 * DAY, Fill("made", "wave", "IBM", -2.0, 9.0, 0.1, 5 * DAY), "backtrader", True, Reason.FLATTENED
    )
    files = parquet_files(replace(two_strategies, fills=(*two_strategies.fills, flattening)))
    decision = pq.read_table(io.BytesIO(files["decisions.parquet"])).to_pylist()[-1]
    fill = pq.read_table(io.BytesIO(files["fills.parquet"])).to_pylist()[-1]
    assert (decision["order_id"], decision["reason"], decision["granted"]) == ("made", "flattened", -2.0)
    assert (decision["status"], decision["closing"]) == ("filled", True)
    assert (fill["order_id"], fill["reason"], fill["quantity"], fill["fee"]) == ("made", "flattened", -2.0, 0.1)


def test_the_same_facts_give_the_same_bytes_free_of_other_tools(two_strategies):
    assert parquet_files(two_strategies) == parquet_files(replace(two_strategies))
    for content in parquet_files(two_strategies).values():
        assert b"pandas" not in content


def test_no_rows_still_have_their_columns(result_of, hand_made):
    empty = replace(result_of({"a": hand_made([])}), decisions=())
    for name, content in parquet_files(empty).items():
        table = pq.read_table(io.BytesIO(content))
        assert table.num_rows == 0
        assert "null" not in {str(field.type) for field in table.schema}, name


EXPOSURE = ["t", "label", "scope", "id", *FIGURES]


@pytest.mark.parametrize("rows_at_once", [1, 100_000])
def test_exposure_has_a_row_for_each_change_of_a_group(rows_at_once, monkeypatch):
    """5 bought at 11, sold at 14, of 1,000: nothing changes after bar 4."""
    monkeypatch.setattr(exposure, "_ROWS_AT_ONCE", rows_at_once)
    market = one(RISING)
    result = result_of_run(market, run_harness(market, {"s": Part(Flags([0], [3]), sizing=fixed(5))}, capital=1_000))
    table = pq.read_table(io.BytesIO(parquet_files(result)["exposure.parquet"]))
    assert table.column_names == EXPOSURE
    assert [str(field.type) for field in table.schema] == ["timestamp[ns, tz=UTC]"] * 2 + ["string"] * 2 + [
        "double"
    ] * 7
    rows = table.to_pylist()
    groups = [("portfolio", "portfolio"), ("strategy", "s"), ("framework", "in_memory"), ("symbol", "A")]
    assert [(row["scope"], row["id"]) for row in rows] == [group for group in groups for _ in range(5)]
    assert table["label"].cast("int64").to_pylist() == market.timeline.labels[:5].tolist() * 4
    assert table["t"].cast("int64").to_pylist() == market.timeline.stamps[:5].tolist() * 4
    assert list(rows[2].values())[4:] == [60.0, 60.0, 55.0, 0.0, 945.0, 60.0, 0.0]


def test_of_a_run_without_a_step_exposure_has_its_columns(result_of, hand_made):
    table = pq.read_table(io.BytesIO(parquet_files(result_of({"a": hand_made([])}))["exposure.parquet"]))
    assert (table.column_names, table.num_rows) == (EXPOSURE, 0)


def test_the_manifest_holds_what_the_figures_may_not(one_failed):
    files = {"metrics.json": b"{}", "config.yaml": b"strategy: X"}
    recorded = manifest(
        one_failed,
        run_id="RUN",
        version="1.2.3",
        exit_code=1,
        started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        duration_seconds=1.5,
        journal="logs/j.jsonl",
        overrides={"set": ["capital=1"]},
        files=files,
        distributions={"nautilus": "nautilus_trader"},
    )
    assert recorded["files"] == {name: digest(content) for name, content in files.items()}
    assert list(recorded["files"]) == ["config.yaml", "metrics.json"]
    assert recorded["plan_hash"] == one_failed.plan.hash
    assert (recorded["status"], recorded["exit_code"], recorded["mode"]) == ("degraded", 1, "multi")
    assert recorded["started"] == "2026-01-02T03:04:05Z"
    assert recorded["overrides"] == {"set": ["capital=1"]}
    assert recorded["timings"]["nautilus"] == {"seconds": 0.5, "p50": 1e-5, "p99": 1e-4, "messages": 7}
    assert recorded["errors"] == {
        "climb": {
            "type": "ValueError",
            "message": "no such bar",
            "file": "climber.py",
            "line": 7,
            "bar_date": "2020-01-04",
            "traceback": "Traceback …\nValueError: no such bar\n",
        }
    }
    assert recorded["versions"]["orchestrate"] == "1.2.3"
    assert set(recorded["versions"]) == {"python", "orchestrate", "numpy", "backtrader", "nautilus"}


def test_versions_name_only_what_took_part():
    named = versions({"backtrader": "backtrader", "engine_of_nobody": "engine_of_nobody"})
    assert named["python"] == platform.python_version()
    assert named["numpy"] == np.__version__
    assert named["engine_of_nobody"] == "unknown"
    assert "nautilus" not in named


def test_the_document_is_that_of_the_reference_and_in_its_order(two_strategies, tmp_path):
    whole = document_of(two_strategies, folder=tmp_path / "RUN")
    expected = "schema_version run_id status exit_code mode plan_hash data_hash duration_seconds bars start end"
    assert list(whole) == [
        *expected.split(),
        *["portfolio", "strategies", "frameworks", "correlation", "gates", "findings", "attribution", "correlated"],
        *["peaks", "demands", "conflicts", "open_positions", "equity_sketch", "paths"],
    ]
    assert whole["paths"] == {"run": (tmp_path / "RUN").as_posix(), "journal": "logs/backtest/orchestrate.jsonl"}
