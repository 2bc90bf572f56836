"""An unfinished sweep on disk: its journal, its lock, and the tables that it becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.domain.errors import NotFoundError, StoreError
from orchestrate.domain.sweeps import Measured, TrialStatus
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.partial import begin, resume, unfinished
from orchestrate.runs.sweeps.tables import trials_table, write_returns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = 86_400_000_000_000


def measured(first: int, returns: list[float], **metrics: float | None) -> Measured:
    days = (np.arange(len(returns)) + first) * DAY
    return Measured(TrialStatus.DONE, "", metrics, 5.0, days, np.array(returns))


@pytest.fixture
def journal(tmp_path: Path):
    """A journal with trials of different days and values of every kind; the second one is not done."""
    with TrialJournal(tmp_path) as opened:
        opened.add(2, "c", {"a": True, "b": 1, "c": "x", "d": 0.5}, measured(1, [0.3], sharpe=None, **{"t.trades": 3}))
        opened.add(0, "a", {"a": False, "b": [1], "c": "y", "d": 2}, measured(0, [0.1, 0.2], sharpe=1.5, trades=4))
        opened.add(1, "", {"a": True, "b": None, "c": "z", "d": 1}, Measured(TrialStatus.INFEASIBLE, "no"))
        yield opened


def test_a_journal_is_read_as_it_was_written(journal, tmp_path):
    with TrialJournal(tmp_path) as again:
        assert [row.number for row in again.rows] == [0, 1, 2]
        for number, row in journal.rows.by_number.items():
            trial, before = (one.trial(one.rows.by_number[number]) for one in (again, journal))
            assert (trial.id, trial.point, trial.number) == (before.id, before.point, row.number)
            assert dict(trial.measured.metrics) == dict(before.measured.metrics)
            assert np.array_equal(trial.measured.returns, before.measured.returns) or trial.measured.returns is None
        assert again.trial(again.rows.by_number[0]).measured.metrics["trades"] == 4
        assert again.trial(again.rows.by_number[0]).measured.metrics["portfolio.sharpe"] == 1.5
        assert again.trial(again.rows.by_number[2], "t").measured.metrics["trades"] == 3
        assert again.trial(again.rows.by_number[2]).measured.metrics["strategies.t.trades"] == 3
        assert again.trial(again.rows.by_number[0]).measured.metrics["final_equity"] == 5.0
        assert "cagr" not in again.trial(again.rows.by_number[0]).measured.metrics


@pytest.mark.parametrize("end", ['{"trial": 7', "nonsense\n", '{"trial":3,"returns":90,"days":0}\n'])
def test_what_is_not_whole_is_cut_off(journal, tmp_path, end):
    path = tmp_path / "trials.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + end.encode())
    with TrialJournal(tmp_path) as again:
        assert len(again.rows) == 3
    assert path.read_bytes() == whole


def test_columns_have_the_kind_of_their_values(journal):
    table = trials_table(journal.rows, ["a", "b", "c", "d"], {0})
    assert table.select(["trial", "status", "eligible"]).to_pylist()[1] == {
        "trial": 1,
        "status": "infeasible",
        "eligible": False,
    }
    assert [str(table.schema.field(name).type) for name in "abcd"] == ["bool", "string", "string", "double"]
    assert table.column("b").to_pylist() == ["[1]", "null", "1"]
    assert table.column("trades").to_pylist() == [4, None, None]
    assert table.column("t.trades").to_pylist() == [None, None, 3]
    assert table.column("sharpe").to_pylist() == [1.5, None, None]


def test_returns_of_other_days_are_missing(journal, tmp_path):
    rows = [row for row in journal.rows if row.days >= 0]
    write_returns(tmp_path / "returns.parquet", rows, journal)
    table = pq.read_table(tmp_path / "returns.parquet")
    assert table.column_names == ["label", "0", "2"]
    assert table.column("0").to_pylist() == [0.1, 0.2]
    assert table.column("2").to_pylist() == [None, 0.3]


def test_a_sweep_under_way_is_no_other_processes(tmp_path):
    with begin(tmp_path, NOW) as one:
        assert unfinished(tmp_path) == [one.run_id]
        with pytest.raises(StoreError, match="is under way in another process"):
            resume(tmp_path, "latest")
    with resume(tmp_path, one.run_id[:10]) as again:
        assert again.run_id == one.run_id
        with pytest.raises(StoreError, match="can't be resumed"):
            again.facts()
        (again.done / "a.txt").write_text("a")
        folder = again.finish()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert (folder / "a.txt").read_text() == "a"
    with pytest.raises(NotFoundError, match=f"sweep {one.run_id} is finished"):
        resume(tmp_path, one.run_id)


def test_a_folder_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="sweeps can't be stored here"):
        begin(tmp_path / "file", NOW)
    assert unfinished(tmp_path / "file") == []
