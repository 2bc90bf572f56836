"""What options are worth: what closing would leave, where marks come from, and marks beyond what can be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from orchestrate.usecases.backtest import Request, backtest
from tests.usecases.options.runs import done, write

DAYS = {"2018-02-26": 100.0, "2018-02-27": 101.0, "2018-02-28": 102.0, "2018-03-01": 103.0, "2018-03-02": 103.0}
#: Calls of 100 and 105. On the second day their middles are 6 apart; on the third one has no buyer, one no seller;
#: after it neither is quoted.
QUOTES = [
    "2018-02-26,2018-03-02,100,call,3.00,3.20",
    "2018-02-26,2018-03-02,105,call,1.00,1.10",
    "2018-02-27,2018-03-02,100,call,7.00,7.40",
    "2018-02-27,2018-03-02,105,call,1.00,1.40",
    "2018-02-28,2018-03-02,100,call,0,4.00",
    "2018-02-28,2018-03-02,105,call,1.00,",
    "2018-03-01,2018-03-02,110,call,0.10,0.20",
    "2018-03-02,2018-03-02,110,call,0.10,0.20",
]
LEGS = [["2018-03-02", "call", 100, 1], ["2018-03-02", "call", 105, -1]]


def test_liquidation_is_equity_at_the_other_sides_of_quotes(tmp_path: Path) -> None:
    run = done(write(tmp_path, DAYS, QUOTES, LEGS))
    own = run.result.strategies["s"]
    cash = 100_000 - 220.0
    assert np.round(own.equity, 2).tolist() == [cash + 205, cash + 600, cash + 200, cash + 300, cash + 300]
    assert own.liquidation is not None
    # bid and ask; bid and ask; no buyer, no seller: 0 and intrinsic 0; nothing: marks; settled
    assert np.round(own.liquidation, 2).tolist() == [cash + 190, cash + 560, cash + 0, cash + 300, cash + 300]


def test_marks_are_counted_by_their_source(tmp_path: Path) -> None:
    """Two legs over four closes before they are settled; the second day's are worth more than five points."""
    run = done(write(tmp_path, DAYS, QUOTES, LEGS))
    assert run.result.strategies["s"].marks == {"fresh": 4, "last": 0, "intrinsic": 4, "bounded": 1}


def test_an_older_quote_is_a_last_one(tmp_path: Path) -> None:
    rules = {"options": {"max_age": "3d"}}
    run = done(write(tmp_path, DAYS, QUOTES, LEGS, execution=rules))
    assert run.result.strategies["s"].marks == {"fresh": 4, "last": 4, "intrinsic": 0, "bounded": 3}


def test_both_are_stored_and_verified(tmp_path: Path) -> None:
    path = write(tmp_path, DAYS, QUOTES, LEGS)
    outcome = backtest(Request(str(path), reports=tmp_path / "reports", cache=False))
    [folder] = [one for one in (tmp_path / "reports").iterdir() if (one / "equity.parquet").exists()]
    assert json.loads((folder / "metrics.json").read_text())["marks"]["bounded"] == 1
    columns = pq.read_table(folder / "equity.parquet").column_names
    assert columns[columns.index("equity.s") + 1] == "liquidation.s"
    assert outcome.exit_code == 0
