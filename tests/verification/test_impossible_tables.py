"""Tables that no run can have stored, whatever their checksums say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrate.verification.facts import Run
from orchestrate.verification.verify import verify

#: Of a portfolio with market orders and others, a handover, borrow and transfers.
SEED = 2
CELLS = [
    ("fills", "fill_id", 1, "a fill twice", None),
    ("fills", "strategy_id", "nobody", "one fill of a strategy", "fills"),
    ("fills", "symbol", "NONE", "a symbol of the data", "fills"),
    ("fills", "t", 0, "a step, no earlier", "fills"),
    ("decisions", "strategy_id", "nobody", "a strategy, a symbol of the data", "decisions"),
    ("decisions", "symbol", "NONE", "a strategy, a symbol of the data", "decisions"),
    ("decisions", "t", 0, "a step after the first bar", "decisions"),
    ("decisions", "side", "neither", "", "decisions"),
    ("flows", "strategy_id", "nobody", "a flow of a strategy", "flows"),
    ("flows", "kind", "gift", "a flow of a strategy", "flows"),
    ("flows", "t", 0, "a flow of a strategy", "flows"),
    ("flows", "fills", 1e6, "a flow of a strategy", "flows"),
    ("trades", "symbol", "S2", "", "trades"),
    ("positions", "framework", "other", "", "positions"),
]


def changed(run: Run, table: str, name: str, row: int, value: object) -> Run:
    columns = dict(run.tables[table])
    columns[name] = [*columns[name][:row], value, *columns[name][row + 1 :]]
    return replace(run, tables={**run.tables, table: columns})


@pytest.fixture(scope="module")
def run(facts_of_portfolio: Callable[[int], Run]) -> Run:
    facts = facts_of_portfolio(SEED)
    assert all(len(facts.tables[table]["t"]) > 3 for table in ("fills", "flows", "trades"))
    return facts


@pytest.mark.parametrize(("table", "name", "value", "reason", "check"), CELLS)
def test_a_cell_that_cannot_be(run: Run, table: str, name: str, value: object, reason: str, check: str | None) -> None:
    if name == "fill_id":
        value = run.tables["fills"]["fill_id"][0]
    row = min(2, len(run.tables[table][name]) - 1)
    difference = verify(changed(run, table, name, row, value)).difference
    assert difference is not None
    assert difference.check in (check or table, "flows")
    assert reason in str(difference.computed) or not reason or check is None


@pytest.mark.parametrize(
    ("old", "new"), [("filled", "pending"), ("filled", "rejected"), ("cancelled", "filled"), ("rejected", "filled")]
)
def test_a_status_that_the_fills_contradict(run: Run, old: str, new: str) -> None:
    statuses = run.tables["decisions"]["status"]
    difference = verify(changed(run, "decisions", "status", statuses.index(old), new)).difference
    assert difference is not None
    assert difference.where.endswith("status")


def test_a_short_that_was_not_charged(run: Run) -> None:
    """Also where equity is as if it had not been."""
    flows = run.tables["flows"]
    rows = [row for row, kind in enumerate(flows["kind"]) if kind == "borrow"]
    fills = set(zip(run.tables["fills"]["strategy_id"], run.tables["fills"]["t"], strict=True))
    free = next(row for row in rows[1:] if (flows["strategy_id"][row], flows["t"][row]) not in fills)
    less = {name: [*column[:free], *column[free + 1 :]] for name, column in flows.items()}
    difference = verify(replace(run, tables={**run.tables, "flows": less})).difference
    assert difference is not None
    assert (difference.check, difference.computed) == ("flows", "a charge")


def test_a_group_without_exposure(run: Run) -> None:
    table = run.tables["exposure"]
    kept = table["id"] != "one"
    without = {name: column[kept] for name, column in table.items()}
    difference = verify(replace(run, tables={**run.tables, "exposure": without})).difference
    assert difference is not None
    assert difference.check == "exposure"
