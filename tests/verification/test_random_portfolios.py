"""Runs of random portfolios verify, and a changed number in what they stored is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrate.verification.facts import Run
from orchestrate.verification.tables import check_places
from orchestrate.verification.verify import CHECKS, FACTS, FIGURES, OUTCOMES, verify

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

DAY = 86_400 * 10**9
EVERY = (*FACTS, *CHECKS, *FIGURES, *OUTCOMES)
#: What only the strategy, or what was open at the time, decides; orders that never filled, cuts within a bar.
FREE = {("decisions", name) for name in ("wanted", "granted", "price", "available", "reserve", "sized", "closing")}
#: What an order waits for is its strategy's to say.
FREE |= {("decisions", name) for name in ("limit", "stop", "trail", "until")}
#: Shares of a common account are not stored.
FREE_WHERE_POOLED = {("exposure", "available")}
#: Seeds of an isolated portfolio with transfers and a handover, and of a pooled one.
SEEDS = (0, 8, 17)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_portfolio_verifies(facts_of_portfolio: Callable[[int], Run], seed: int) -> None:
    run = facts_of_portfolio(seed)
    verdict = verify(run)
    assert verdict.difference is None
    assert verdict.checks == EVERY
    assert len(run.tables["fills"]["t"]) > 10


def test_no_figure_depends_on_how_a_python_adds(facts_of_portfolio: Callable[[int], Run], sums: list[str]) -> None:
    """`sum` rounds floats otherwise since Python 3.12; `fsum` is exact everywhere."""
    for seed in range(6):
        facts_of_portfolio(seed)
    assert sums == []


def changed(value: Any) -> Any:
    """Another value, by more than floats round."""
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, np.integer)):
        return int(value) + DAY
    return float(value) + max(0.02, abs(float(value)) * 0.01)


def with_change(run: Run, table: str, name: str, row: int) -> Run:
    columns = dict(run.tables[table])
    column = columns[name] = list(columns[name])
    column[row] = changed(column[row])
    return replace(run, tables={**run.tables, table: columns})


def cells(run: Run, dice: random.Random) -> Iterator[tuple[str, str, int]]:
    """A row with a number of every column of numbers, moments and flags."""
    free = FREE | (FREE_WHERE_POOLED if run.pooled else set())
    for table, columns in run.tables.items():
        for name, column in columns.items():
            rows = [row for row, value in enumerate(column) if value is not None and not isinstance(value, str)]
            if rows and (table, name) not in free:
                yield table, name, dice.choice(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_number_in_a_table_is_found(facts_of_portfolio: Callable[[int], Run], seed: int) -> None:
    run = facts_of_portfolio(seed)
    assert verify(run).difference is None
    missed = [place for place in cells(run, random.Random(seed)) if verify(with_change(run, *place)).difference is None]
    assert missed == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("more", [-1.0, -0.3, 0.3, 1.0])
def test_a_flow_at_another_place_among_the_fills_is_found(
    facts_of_portfolio: Callable[[int], Run], seed: int, more: float
) -> None:
    run = facts_of_portfolio(seed)
    for row, flow in enumerate(run.rows("flows")):
        if run.strategies[flow["strategy_id"]].is_native and more % 1 == 0:
            continue
        fills = [*run.tables["flows"]["fills"]]
        fills[row] += more
        tables = {**run.tables, "flows": {**run.tables["flows"], "fills": fills}}
        assert list(check_places(replace(run, tables=tables))), row


@pytest.mark.parametrize("name", ["price", "granted"])
def test_a_changed_decision_on_a_market_order_is_found(facts_of_portfolio: Callable[[int], Run], name: str) -> None:
    run = facts_of_portfolio(17)
    table = run.tables["decisions"]
    kinds = list(zip(table["order_type"], table["status"], table["strategy_id"], table["outcome"], strict=True))
    rows = [row for row, kind in enumerate(kinds) if kind[::3] == ("market", "approved") and kind[1] == "filled"]
    assert len(rows) > 5
    for row in rows:
        if table["strategy_id"][row] != "own":
            assert verify(with_change(run, "decisions", name, row)).difference is not None, row


@pytest.mark.parametrize("table", ["fills", "trades", "positions", "flows", "equity"])
def test_a_row_that_is_missing_is_found(facts_of_portfolio: Callable[[int], Run], table: str) -> None:
    run = facts_of_portfolio(8)
    columns = {name: list(column)[:-1] for name, column in run.tables[table].items()}
    assert verify(replace(run, tables={**run.tables, table: columns})).difference is not None
