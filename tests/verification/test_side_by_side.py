"""Two sides that did the same have no difference; what differs is named by its place, and who has more is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.verification.portfolios import STRATEGIES, portfolio
from tests.verification.side_by_side import TABLES, compare, differences, one_sided, run_all


def test_a_portfolio_that_is_run_twice_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stores = [tmp_path / "one", tmp_path / "other"]
    for store in stores:
        store.mkdir()
        run_all({3: portfolio(3)}, STRATEGIES, store)
    assert compare(stores, [3]) == 0
    facts = json.loads((stores[0] / "3.json").read_text(encoding="utf-8"))
    assert set(TABLES) < facts.keys()
    assert len(facts["fills"]) > 10
    facts["fills"][4]["price"] += 0.01
    del facts["trades"][0]["profit"]
    (stores[1] / "3.json").write_text(json.dumps(facts), encoding="utf-8")
    capsys.readouterr()
    assert compare(stores, [3]) == 1
    first, alone, total = capsys.readouterr().out.splitlines()
    assert first.startswith("portfolio 3: fills[4].price: ")
    assert alone == "on one side only: trades.profit, 1 times"
    assert total == "1 portfolios, 0 refused, 1 differ, fills of 1"


def test_what_a_side_refuses_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (portfolio(3), portfolio(3).replace("allocation: 30", "allocation: 300")):
        store = tmp_path / str(len(text))
        store.mkdir()
        run_all({3: text}, STRATEGIES, store)
    capsys.readouterr()
    assert compare(sorted(tmp_path.iterdir()), [3]) == 0
    assert capsys.readouterr().out == "1 portfolios, 1 refused, 0 differ\n"


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, []),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a[1].b: 2 against 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: 1 rows against 2"]),
        (
            {"document": {"sharpe": 0.1 + 0.2}, "a": 0.1 + 0.2},
            {"document": {"sharpe": 0.3}, "a": 0.3},
            [f"a: {0.1 + 0.2} against 0.3"],
        ),
        ({"run_id": "x", "a": None}, {"run_id": "y", "a": 0.0}, ["a: None against 0.0"]),
    ],
)
def test_a_difference_has_a_place(one: Any, other: Any, named: list[str]) -> None:
    assert list(differences(one, other)) == named


def test_what_one_side_alone_has_is_counted() -> None:
    one, other = {"a": [{"b": 1}, {"b": 1}]}, {"a": [{"c": 1}, {"c": 1}]}
    assert list(differences(one, other)) == []
    assert list(one_sided(one, other)) == ["a.b", "a.c"] * 2
