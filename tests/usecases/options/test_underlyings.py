"""A chain needs the bars of what its options are on; without them it is refused at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.usecases.backtest import Request, backtest
from tests.usecases.options.runs import STRATEGY, resolved

ENTRY = "{chain: xo.csv, format: csv, underlying: ABC, columns: {timestamp: date}}"


@pytest.mark.parametrize(
    ("others", "chain", "column", "hint"),
    [
        ("", ENTRY, 50, "add data: {ABC: {path: …}}"),
        ("  ABD: {path: x.csv}\n", ENTRY, 50, "did you mean 'ABD'?"),
        ("", "{synthetic: {underlying: ABC}}", 34, "add data: {ABC: {path: …}}"),
    ],
)
def test_a_chain_without_its_underlying_is_refused(
    tmp_path: Path, others: str, chain: str, column: int, hint: str
) -> None:
    """Though the file has the price of the underlying: it has no bars to trade, to settle and to margin by."""
    days = ("2018-02-26", "2018-02-27", "2018-02-28")
    rows = [f"{day},2018-02-28,100,call,1.0,1.2,100.5" for day in days]
    (tmp_path / "xo.csv").write_text("\n".join(["date,expiry,strike,right,bid,ask,spot", *rows]) + "\n")
    (tmp_path / "planned.py").write_text(STRATEGY)
    path = tmp_path / "run.yaml"
    path.write_text(
        f"data:\n  ABCO: {chain}\n{others}"
        "strategies:\n  s: {name: planned.py:Planned, framework: nautilus, allocation: 100, symbols: [ABCO]}\n"
    )
    [problem] = resolved(path).problems
    assert (problem.line, problem.column, problem.hint) == (2, column, hint)
    assert "the symbol 'ABC' is not in data" in problem.message
    outcome = backtest(Request(str(path), reports=tmp_path / "reports", cache=False))
    assert (outcome.exit_code, outcome.folder) == (2, None)
