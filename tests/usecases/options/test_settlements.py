"""Settlement prices of a file: where they come from, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.domain.errors import DataError
from orchestrate.domain.events import OptionExercisedEvent, OptionSettledEvent
from tests.usecases.options.runs import done, resolved, write

DAYS = {"2018-02-26": 100.0, "2018-02-27": 101.0, "2018-02-28": 107.0}
QUOTES = [f"{day},2018-02-28,100,call,4.9,5.1" for day in DAYS]
LEGS = [["2018-02-28", "call", 100, 1]]
AM = {"settlement": "am", "delivery": "cash", "style": "european"}


@pytest.mark.parametrize(
    ("chain", "price"),
    [({"settlement_prices": {"2018-02-28": 104.5}}, 104.5), ({"settlement_series": "SET"}, 103.25)],
)
def test_contracts_settle_in_the_morning_at_what_is_given(
    tmp_path: Path, chain: dict[str, object], price: float
) -> None:
    (tmp_path / "set.csv").write_text(
        "date,open,high,low,close,volume\n2018-02-27,1,1,1,1,0\n2018-02-28,1,999,1,103.25,0\n"
    )
    data = {"SET": {"path": "set.csv"}} if "settlement_series" in chain else {}
    run = done(write(tmp_path, DAYS, QUOTES, LEGS, chain=chain, terms=AM, data=data))
    assert [one.price for one in run.of(OptionSettledEvent)] == [price]
    assert [one.cash for one in run.of(OptionExercisedEvent)] == [100 * (price - 100)]
    assert run.equity == 100_000 - 510 + 100 * (price - 100)


def test_a_morning_without_a_price_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="settles at an opening price") as error:
        done(write(tmp_path, DAYS, QUOTES, LEGS, terms=AM))
    assert "settlement_prices" in error.value.hint


@pytest.mark.parametrize(
    ("chain", "line", "message"),
    [
        ("settlement_prices: {2018-02-30: 1}", 3, "2018-02-30 is not a date"),
        ("settlement_prices: {2018-02-28: -1}", 3, "2018-02-28 must be"),
        ("settlement_prices: {2018-02-28: high}", 3, "expected a number"),
        ("settlement_series: SETT", 3, "the symbol 'SETT' is not in data"),
        ("settlement_series: XO", 3, "is a chain of options"),
        ("settlement_prices: {2018-02-28: 1}, settlement_series: X", 3, "both say"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, chain: str, line: int, message: str) -> None:
    path = write(tmp_path, DAYS, QUOTES, LEGS)
    text = path.read_text()
    entry = f"data:\n  X: {{path: x.csv}}\n  XO: {{chain: xo.csv, format: csv, underlying: X, {chain}}}\n"
    path.write_text(entry + text[: text.index("data:")] + text[text.index("instruments:") :])
    [problem] = resolved(path).problems
    assert (problem.line, message in problem.message) == (line, True), problem
    assert problem.column > 50


def test_bars_settle_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, DAYS, QUOTES, LEGS, data={"Y": {"path": "x.csv", "settlement_series": "X"}})
    [problem] = resolved(path).problems
    assert problem.message == "data.Y.settlement_series: 'settlement_series' is for chains of options, Y is none"
    assert problem.line == 1 + path.read_text().splitlines().index("    settlement_series: X")
